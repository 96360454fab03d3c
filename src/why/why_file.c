// SPDX-License-Identifier: Apache-2.0
/*
 * why_file.c - a situation as a file
 */
#include "why_file.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "util.h"
#include "why_private.h"

#define FIRST "portclash-situation 1"

/* Of a line: its words, and the longest */
enum { WORDS_MAX = 24, WORD_MAX = 64, LINE_MAX_LEN = 1024 };

/* A text of any bytes as one word; "-" if it is empty */
static void put_name(FILE *file, const char *text)
{
	if (!*text)
		fputs("-", file);
	for (; *text; text++) {
		unsigned char c = *text;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || strchr("._-", c))
			fputc(c, file);
		else
			fprintf(file, "%%%02x", c);
	}
}

static void put_ports(FILE *file, const struct why_ports *ports)
{
	for (uint32_t first = 0; first < WHY_PORTS; first++) {
		uint32_t last = first;

		if (!why_ports_has(ports, first))
			continue;
		while (last + 1 < WHY_PORTS && why_ports_has(ports, last + 1))
			last++;
		fprintf(file, "reserved %u %u\n", first, last);
		first = last;
	}
}

static void put_network(FILE *file, const struct why_situation *s)
{
	char text[ADDR_TEXT_MAX];

	for (unsigned int i = 0; i < s->device_count; i++) {
		const struct why_device *d = &s->devices[i];

		fprintf(file, "device %u %u %u %u ", d->ifindex, d->vrf,
			d->table, d->udp_port);
		put_name(file, d->kind);
		fputc(' ', file);
		put_name(file, d->name);
		fputc('\n', file);
	}
	for (unsigned int i = 0; i < s->route_count; i++) {
		const struct why_route *r = &s->routes[i];

		fprintf(file, "route %u %s %u %u\n", r->table,
			addr_print(&r->to, text), r->prefix, r->local);
	}
	for (unsigned int i = 0; i < s->address_count; i++) {
		const struct why_address *a = &s->addresses[i];

		fprintf(file, "address %s %u %u %u\n",
			addr_print(&a->addr, text), a->ifindex, a->usable,
			a->everywhere);
	}
}

static void put_holder(FILE *file, const struct why_holder *h)
{
	const struct sockdiag_row *r = &h->row;
	char own[ADDR_TEXT_MAX], peer[ADDR_TEXT_MAX];

	fprintf(file,
		"holder %u %u %u %s %u %s %u %u %u %u %u %u %u "
		"%u %u %u %u %u %u\n",
		r->protocol, r->state, r->mini, addr_print(&r->addr, own),
		r->port, addr_print(&r->peer, peer), r->peer_port, r->ifindex,
		r->uid, r->inode, r->left_ms, h->vrf, h->known, h->reuseaddr,
		h->reuseport, h->v6only_known, r->v6only, h->mptcp, h->owners);
}

void why_file_write(FILE *file, const struct why_situation *s)
{
	fprintf(file, FIRST "\nkernel %u %u %u\n", s->version >> 16,
		s->version >> 8 & 255, s->version & 255);
	fprintf(file, "range %u %u\nunprivileged %u\n", s->low, s->high,
		s->unprivileged);
	fprintf(file, "sysctls %u %u %u %u %u\n", s->autobind_reuse,
		s->nonlocal4, s->nonlocal6, s->bindv6only, s->vrf_shared);
	fprintf(file, "seen %u %u\n", s->seen, s->limits);
	for (unsigned int i = 0; i < WHY_SLOTS; i++)
		if (s->udp_near[i])
			fprintf(file, "near %u %u\n", i, s->udp_near[i]);
	fprintf(file, "asker %u %u\n", s->uid, s->capable);
	put_ports(file, &s->reserved);
	put_network(file, s);
	for (unsigned int i = 0; i < s->holder_count; i++)
		put_holder(file, &s->holders[i]);
	for (unsigned int i = 0; i < s->owner_count; i++) {
		const struct why_owner *o = &s->owners[i];

		fprintf(file, "owner %u %d %d ", o->holder, o->pid, o->fd);
		put_name(file, o->command);
		fputc('\n', file);
	}
}

/**
 * struct words - A line that is read
 * @bad:	A word was not what it should be
 */
struct words {
	char text[WORDS_MAX][WORD_MAX];
	unsigned int count, next;
	bool bad;
};

static const char *word(struct words *w)
{
	if (w->next < w->count)
		return w->text[w->next++];
	w->bad = true;
	return "";
}

static uint32_t number(struct words *w, uint32_t max)
{
	const char *text = word(w);
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	w->bad |= *text < '0' || *text > '9' || *end || errno || value > max;
	return w->bad ? 0 : value;
}

static bool flag(struct words *w)
{
	return number(w, 1);
}

static struct addr addr(struct words *w)
{
	struct addr out = { .len = 4 };

	w->bad |= addr_parse(word(w), &out);
	return out;
}

static void name(struct words *w, char *to, size_t size)
{
	const char *text = word(w);
	size_t n = 0;

	if (!strcmp(text, "-"))
		text = "";
	while (*text && n + 1 < size) {
		unsigned int c = (unsigned char)*text++;

		if (c == '%') {
			w->bad |= sscanf(text, "%2x", &c) != 1 || !text[1];
			if (w->bad)
				break;
			text += 2;
		}
		to[n++] = c;
	}
	to[n] = '\0';
}

static void get_ports(struct words *w, struct why_ports *ports)
{
	uint32_t low = number(w, UINT16_MAX), high = number(w, UINT16_MAX);

	for (; low <= high && !w->bad; low++)
		why_ports_add(ports, low);
}

/* Room at the end of a list; NULL without memory */
#define ADD(s, list, count)                                                    \
	({                                                                     \
		void *grown = why_grow((s)->list, (s)->count,                  \
			sizeof(*(s)->list));                                   \
		if (grown)                                                     \
			(s)->list = grown;                                     \
		grown ? &(s)->list[(s)->count++] : NULL;                       \
	})

static int get_device(struct words *w, struct why_situation *s)
{
	struct why_device *d = ADD(s, devices, device_count);

	if (!d)
		return -ENOMEM;
	*d = (struct why_device){ .ifindex = number(w, UINT32_MAX) };
	d->vrf = number(w, UINT32_MAX);
	d->table = number(w, UINT32_MAX);
	d->udp_port = number(w, UINT16_MAX);
	name(w, d->kind, sizeof(d->kind));
	name(w, d->name, sizeof(d->name));
	return 0;
}

static int get_route(struct words *w, struct why_situation *s)
{
	struct why_route *r = ADD(s, routes, route_count);

	if (!r)
		return -ENOMEM;
	*r = (struct why_route){ .table = number(w, UINT32_MAX) };
	r->to = addr(w);
	r->prefix = number(w, 32);
	r->local = flag(w);
	w->bad |= r->to.len != 4;
	return 0;
}

static int get_address(struct words *w, struct why_situation *s)
{
	struct why_address *a = ADD(s, addresses, address_count);

	if (!a)
		return -ENOMEM;
	*a = (struct why_address){ .addr = addr(w) };
	a->ifindex = number(w, UINT32_MAX);
	a->usable = flag(w);
	a->everywhere = flag(w);
	w->bad |= a->addr.len != 16;
	return 0;
}

static void get_row(struct words *w, struct sockdiag_row *r)
{
	r->protocol = number(w, IPPROTO_UDP);
	/* A newer kernel may have more of them. */
	r->state = number(w, UINT8_MAX);
	r->mini = flag(w);
	r->addr = addr(w);
	r->family = r->addr.len == 4 ? AF_INET : AF_INET6;
	r->port = number(w, UINT16_MAX);
	r->peer = addr(w);
	r->peer_port = number(w, UINT16_MAX);
	r->ifindex = number(w, UINT32_MAX);
	r->uid = number(w, UINT32_MAX);
	r->inode = number(w, UINT32_MAX);
	r->left_ms = number(w, UINT32_MAX);
	w->bad |= (r->protocol != IPPROTO_TCP && r->protocol != IPPROTO_UDP) ||
		  r->peer.len != r->addr.len || !r->port;
}

static int get_holder(struct words *w, struct why_situation *s)
{
	struct why_holder *h = ADD(s, holders, holder_count);

	if (!h)
		return -ENOMEM;
	memset(h, 0, sizeof(*h));
	get_row(w, &h->row);
	h->vrf = number(w, UINT32_MAX);
	h->known = flag(w);
	h->reuseaddr = flag(w);
	h->reuseport = flag(w);
	h->v6only_known = flag(w);
	h->row.v6only = flag(w);
	h->mptcp = flag(w);
	/* Its owners are counted when they come. */
	number(w, UINT32_MAX);
	return 0;
}

/* Owners are in the order of their holders. */
static int get_owner(struct words *w, struct why_situation *s)
{
	struct why_owner *o = ADD(s, owners, owner_count);
	struct why_holder *h;

	if (!o)
		return -ENOMEM;
	*o = (struct why_owner){ .holder = number(w, UINT32_MAX) };
	o->pid = number(w, INT32_MAX);
	o->fd = number(w, INT32_MAX);
	name(w, o->command, sizeof(o->command));
	w->bad |= o->holder >= s->holder_count ||
		  (s->owner_count > 1 && o[-1].holder > o->holder);
	if (w->bad)
		return 0;
	h = &s->holders[o->holder];
	if (!h->owners++)
		h->owner = s->owner_count - 1;
	return 0;
}

static void get_sysctls(struct words *w, struct why_situation *s)
{
	s->autobind_reuse = flag(w);
	s->nonlocal4 = flag(w);
	s->nonlocal6 = flag(w);
	s->bindv6only = flag(w);
	s->vrf_shared = flag(w);
}

static void get_range(struct words *w, struct why_situation *s)
{
	s->low = number(w, UINT16_MAX);
	s->high = number(w, UINT16_MAX);
	w->bad |= !s->low || s->low > s->high;
}

static void get_kernel(struct words *w, struct why_situation *s)
{
	uint32_t major = number(w, 255), minor = number(w, 255);

	s->version = major << 16 | minor << 8 | number(w, 255);
}

static void get_seen(struct words *w, struct why_situation *s)
{
	s->seen = number(w, WHY_SEEN_FAILED);
	s->limits = number(w, (1u << WHY_LIMITS) - 1);
}

static void get_near(struct words *w, struct why_situation *s)
{
	uint32_t slot = number(w, WHY_SLOTS - 1);

	s->udp_near[slot] = number(w, UINT32_MAX);
}

static void get_asker(struct words *w, struct why_situation *s)
{
	s->uid = number(w, UINT32_MAX);
	s->capable = flag(w);
}

static int get_line(struct words *w, struct why_situation *s)
{
	const char *what = word(w);
	int rc = 0;

	if (!strcmp(what, "kernel"))
		get_kernel(w, s);
	else if (!strcmp(what, "range"))
		get_range(w, s);
	else if (!strcmp(what, "unprivileged"))
		s->unprivileged = number(w, UINT16_MAX);
	else if (!strcmp(what, "sysctls"))
		get_sysctls(w, s);
	else if (!strcmp(what, "seen"))
		get_seen(w, s);
	else if (!strcmp(what, "near"))
		get_near(w, s);
	else if (!strcmp(what, "asker"))
		get_asker(w, s);
	else if (!strcmp(what, "reserved"))
		get_ports(w, &s->reserved);
	else if (!strcmp(what, "device"))
		rc = get_device(w, s);
	else if (!strcmp(what, "route"))
		rc = get_route(w, s);
	else if (!strcmp(what, "address"))
		rc = get_address(w, s);
	else if (!strcmp(what, "holder"))
		rc = get_holder(w, s);
	else if (!strcmp(what, "owner"))
		rc = get_owner(w, s);
	else
		w->bad = true;
	return rc ? rc : w->bad || w->next != w->count ? -EINVAL : 0;
}

static void split(char *line, struct words *w)
{
	char *save, *at = strtok_r(line, " \n", &save);

	memset(w, 0, sizeof(*w));
	for (; at; at = strtok_r(NULL, " \n", &save)) {
		if (w->count == WORDS_MAX || strlen(at) >= WORD_MAX) {
			w->bad = true;
			return;
		}
		strcpy(w->text[w->count++], at);
	}
}

int why_file_read(FILE *file, struct why_situation *situation,
	unsigned int *line)
{
	char text[LINE_MAX_LEN];
	struct words w;
	int rc = 0;

	memset(situation, 0, sizeof(*situation));
	situation->saved = true;
	for (*line = 1; !rc && fgets(text, sizeof(text), file); ++*line) {
		if (*line == 1) {
			rc = strcmp(text, FIRST "\n") ? -EINVAL : 0;
			continue;
		}
		split(text, &w);
		rc = w.count || w.bad ? get_line(&w, situation) : 0;
	}
	if (rc)
		--*line;
	else if (*line == 1 || !situation->version || !situation->low)
		rc = -EINVAL;
	return rc;
}
