// SPDX-License-Identifier: Apache-2.0
/*
 * spec_bucket.c - the port and address buckets of TCP, and what they remember
 *
 * DOC: Theory of Operation
 *
 * A TCP port that sockets have is a *port bucket*, and in it is an *address
 * bucket* for each address that they receive at. IPv4 addresses are kept in
 * their mapped form, so 127.0.0.1 and ::ffff:127.0.0.1 have one address bucket,
 * and so have 0.0.0.0 and ::ffff:0.0.0.0; that of :: is another. The owners are
 * sockets, accepted ones, orphans and TIME_WAIT. A bucket exists as long as it
 * has an owner. There are no lists of owners here: an owner is in the buckets
 * of its port and address, and so its address may change only between
 * spec_bucket_move_from() and spec_bucket_move_to().
 *
 * To compare a new socket with thousands of owners would be slow, so the kernel
 * remembers in the port bucket what they have in common (struct fast):
 *
 *	reuse > 0	all set SO_REUSEADDR when they came, and did not listen
 *	FAST_ANY	all set SO_REUSEPORT when they came, and had one user
 *	FAST_STRICT	the last to come with SO_REUSEPORT stands for the
 *			sockets of its user that its address covers
 *	-1 in both	only connects have begun it, and connects may share it
 *
 * A socket that the cache lets in is compared with nobody. Bind and listen
 * teach the cache when they take a port. Nothing else does: it is not corrected
 * when an owner closes, or changes its options or its user. So the cache is a
 * part of the state that later answers depend on, and the specification keeps
 * it as the kernel does. At one address, bind a (SO_REUSEADDR), then b (both
 * options), then c (SO_REUSEPORT): c gets in, because b is remembered and a is
 * not asked. In the order b, a, c the cache is wiped by a, and c is refused.
 *
 * Since Linux 6.9 the kernel links the new owner's address bucket before it
 * asks whether the port bucket is empty. It never is, so reuse > 0 and FAST_ANY
 * do not come about any more: the rule first_owner_fills_cache is off.
 *
 * An owner that leaves takes its address bucket with it if it was the last.
 * Since 6.18, if it leaves only connects behind, the address bucket goes back
 * to -1, and so does the port bucket if all of its address buckets are there.
 * A connect that gives a bound socket its address moves it from one address
 * bucket to another; the port bucket is not looked at then.
 */
#include "spec_bucket.h"

#include "spec_overlap.h"
#include "spec_socket.h"

struct spec_port_bucket *spec_bucket_find(struct spec *spec, uint16_t port)
{
	for (unsigned int i = 0; i < spec->port_count; i++)
		if (spec->ports[i].port == port)
			return &spec->ports[i];
	return NULL;
}

static struct spec_addr_bucket *find_addr(struct spec *spec,
	const struct spec_socket *s, uint16_t port)
{
	for (unsigned int i = 0; i < spec->addr_count; i++)
		if (spec->addrs[i].port == port &&
			in16_equal(spec->addrs[i].rcv, s->rcv))
			return &spec->addrs[i];
	return NULL;
}

bool spec_bucket_is_v6(struct spec *spec, const struct spec_socket *s)
{
	const struct spec_addr_bucket *addr = find_addr(spec, s, s->port);

	return addr ? addr->v6 : spec_socket_is_v6(s);
}

bool spec_bucket_is_owner(const struct spec_socket *s, uint16_t port)
{
	return s->port == port && s->held && s->type != NO_TYPE &&
	       !spec_socket_is_udp(s);
}

/* Have only connects begun the bucket? */
static bool is_client_only(struct fast fast)
{
	return fast.reuse < 0 && fast.reuseport < 0;
}

/* Did a connect take the port? */
static bool is_client(const struct spec_socket *s)
{
	return s->locks & CONNECT_BOUND;
}

static const struct fast client_only = { -1, -1 };

static struct spec_port_bucket *need_port(struct spec *spec, uint16_t port)
{
	struct spec_port_bucket *bucket = spec_bucket_find(spec, port);

	if (bucket)
		return bucket;
	ASSERT(spec->port_count < SPEC_SOCKETS_MAX);
	bucket = &spec->ports[spec->port_count++];
	*bucket = (struct spec_port_bucket){ .port = port };
	return bucket;
}

static struct spec_addr_bucket *need_addr(struct spec *spec,
	const struct spec_socket *s, uint16_t port)
{
	struct spec_addr_bucket *addr = find_addr(spec, s, port);

	if (addr)
		return addr;
	ASSERT(spec->addr_count < SPEC_SOCKETS_MAX);
	addr = &spec->addrs[spec->addr_count++];
	*addr = (struct spec_addr_bucket){
		.port = port, .rcv = s->rcv, .v6 = spec_socket_is_v6(s)
	};
	if (is_client(s))
		addr->fast = client_only;
	return addr;
}

/* sk_reuseport_match() */
bool spec_bucket_admits(struct spec *spec, const struct spec_port_bucket *port,
	const struct spec_socket *s)
{
	if (port->fast.reuseport <= FAST_NONE || !s->reuseport ||
		(port->uid != spec_socket_owner(spec, s) &&
			APPLIES(spec, cache_has_a_uid)))
		return false;
	return (port->fast.reuseport == FAST_ANY &&
		       APPLIES(spec, cache_is_for_any_address)) ||
	       spec_overlap_cache(spec, port, s);
}

/* Teach the cache of a port about a new owner: inet_csk_update_fastreuse() */
static void remember(struct spec *spec, struct spec_port_bucket *port,
	const struct spec_socket *s, bool was_empty, bool listening)
{
	bool reuse = s->reuse && !listening;
	bool first = was_empty && APPLIES(spec, first_owner_fills_cache);

	if (first)
		port->fast.reuse = reuse;
	else if (!reuse && port->fast.reuse > 0 &&
		 APPLIES(spec, no_reuse_ends_fast_reuse))
		port->fast.reuse = 0;
	if (!s->reuseport) {
		if (port->fast.reuseport &&
			APPLIES(spec, no_reuseport_wipes_cache))
			port->fast.reuseport = FAST_NONE;
		return;
	}
	if (!first && spec_bucket_admits(spec, port, s))
		return;
	if (!APPLIES(spec, reuseport_fills_cache))
		return;
	port->fast.reuseport = first ? FAST_ANY : FAST_STRICT;
	port->uid = spec_socket_owner(spec, s);
	port->rcv = s->rcv;
	port->rcv4 = s->rcv4;
	port->v6 = spec_socket_is_v6(s);
	port->v6only = s->v6only;
}

static bool is_empty(struct spec *spec, uint16_t port)
{
	for (unsigned int i = 0; i < spec->count; i++)
		if (spec_bucket_is_owner(&spec->sockets[i], port))
			return false;
	return true;
}

void spec_bucket_take(struct spec *spec, struct spec_socket *s, uint16_t port,
	bool listening)
{
	bool was_empty = is_empty(spec, port);
	struct spec_port_bucket *bucket = need_port(spec, port);
	struct spec_addr_bucket *addr = need_addr(spec, s, port);

	remember(spec, bucket, s, was_empty, listening);
	addr->fast = bucket->fast;
	if (!s->held)
		spec_socket_note_taken(s);
	s->port = port;
	s->held = true;
}

void spec_bucket_join(struct spec *spec, struct spec_socket *s, uint16_t port)
{
	bool fresh = !spec_bucket_find(spec, port);
	struct spec_port_bucket *bucket = need_port(spec, port);

	if (fresh)
		bucket->fast = client_only;
	need_addr(spec, s, port);
	if (!s->orphan)
		spec_socket_note_taken(s);
	s->port = port;
	s->held = true;
}

/* An owner has left an address bucket. */
static void settle_addr(struct spec *spec, struct spec_addr_bucket *addr)
{
	bool used = false;

	for (unsigned int i = 0; i < spec->count; i++) {
		const struct spec_socket *s = &spec->sockets[i];

		if (!spec_bucket_is_owner(s, addr->port) ||
			!in16_equal(s->rcv, addr->rcv))
			continue;
		used = true;
		if (!is_client(s))
			return;
	}
	if (!used)
		*addr = spec->addrs[--spec->addr_count];
	else if (APPLIES(spec, clients_free_the_port))
		addr->fast = client_only;
}

/* An address bucket of a port has changed or is gone. */
static void settle_port(struct spec *spec, struct spec_port_bucket *port)
{
	bool used = false;

	for (unsigned int i = 0; i < spec->addr_count; i++) {
		if (spec->addrs[i].port != port->port)
			continue;
		used = true;
		if (!is_client_only(spec->addrs[i].fast))
			return;
	}
	if (!used)
		*port = spec->ports[--spec->port_count];
	else if (APPLIES(spec, clients_free_the_port))
		port->fast = client_only;
}

void spec_bucket_leave(struct spec *spec, struct spec_socket *s)
{
	struct spec_addr_bucket *addr;

	if (!s->held)
		return;
	addr = find_addr(spec, s, s->port);
	s->held = false;
	s->locks &= ~CONNECT_BOUND;
	settle_addr(spec, addr);
	settle_port(spec, spec_bucket_find(spec, s->port));
	s->port = 0;
}

void spec_bucket_move_from(struct spec *spec, struct spec_socket *s)
{
	struct spec_addr_bucket *addr;

	if (!s->held)
		return;
	addr = find_addr(spec, s, s->port);
	s->held = false;
	settle_addr(spec, addr);
}

void spec_bucket_move_to(struct spec *spec, struct spec_socket *s)
{
	if (!s->port)
		return;
	need_addr(spec, s, s->port);
	s->held = true;
}

void spec_bucket_reset_addr(struct spec *spec, struct spec_socket *s)
{
	if (s->locks & ADDR_LOCK)
		return;
	spec_bucket_move_from(spec, s);
	spec_socket_clear_addr(s);
	spec_bucket_move_to(spec, s);
}
