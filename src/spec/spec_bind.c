// SPDX-License-Identifier: Apache-2.0
/*
 * spec_bind.c - bind and listen: the questions before the port, and the effect
 */
#include "spec_bind.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "spec_bucket.h"
#include "spec_choose.h"
#include "spec_leak.h"
#include "spec_overlap.h"
#include "spec_socket.h"
#include "spec_tcp.h"
#include "spec_udp.h"
#include "world.h"

/* Bytes of sockaddr_in, of sockaddr_in6 without a scope, and with one; of the
 * largest sockaddr_un, and the least of sockaddr_ll */
enum {
	LEN_4 = 16,
	LEN_6_OLD = 24,
	LEN_6 = 28,
	LEN_UNIX = 110,
	LEN_PACKET = 20
};

/**
 * struct name - The argument of bind as the kernel reads it
 * @v4:		Address, if it is read as a sockaddr_in
 * @addr:	Address, if it is read as a sockaddr_in6
 * @len:	Bytes of it
 * @family:	The family that it claims
 */
struct name {
	struct in16 addr;
	uint32_t v4, scope;
	uint16_t family, port;
	unsigned int len;
};

/*
 * The two structures have different fields at the same bytes: the address of a
 * sockaddr_in is the flow label of a sockaddr_in6. The harness fills in the one
 * that fits the address, whatever the type of the socket.
 */
static struct name name_of(const struct op *op)
{
	const struct place *place = &op->bind.place;
	bool four = place->addr.len == 4;
	struct name name = {
		.addr = in16_from(&place->addr),
		.scope = place->scope,
		.family = op->bind.family == FAMILY_NATURAL ?
				  (four ? AF_INET : AF_INET6) :
				  op->bind.family,
		.port = place->port,
		.len = op->bind.len == LEN_NATURAL ? (four ? LEN_4 : LEN_6) :
						     op->bind.len,
	};

	name.v4 = four ? name.addr.low : 0;
	/* Behind a sockaddr_in all bytes are zero. */
	if (four)
		name.addr = (struct in16){ 0, 0 };
	return name;
}

/* May a socket be bound to an address that is not local? */
static bool may_be_foreign(struct spec *spec, const struct spec_socket *s,
	bool sysctl)
{
	return (s->freebind && APPLIES(spec, freebind_frees)) ||
	       (s->transparent && APPLIES(spec, transparent_frees)) ||
	       (sysctl && APPLIES(spec, nonlocal_frees));
}

/* What is local in the world is known. Of another network we are told. */
static bool is_local4(const struct spec *spec, uint32_t v4)
{
	return spec->real ? spec->local : in16_device4(v4);
}

static bool is_local6(const struct spec *spec, struct in16 addr,
	uint32_t device)
{
	return spec->real ? spec->local : in16_is_usable6(addr, device);
}

static bool has_device(const struct spec *spec, uint32_t device)
{
	return spec->real ? !spec->no_device : world_has_device(device);
}

/* inet_addr_valid_or_nonlocal(): the device of the socket does not matter. */
static bool is_usable4(struct spec *spec, const struct spec_socket *s,
	uint32_t v4)
{
	return !v4 || is_local4(spec, v4) ||
	       (!spec->real && in16_is_group4(v4) &&
		       !(v4 >> 28 == 14 && !spec_socket_is_udp(s) &&
			       APPLIES(spec, tcp_binds_no_group)) &&
		       APPLIES(spec, groups_can_be_bound)) ||
	       may_be_foreign(spec, s, spec->nonlocal4);
}

static bool is_privileged(struct spec *spec, uint16_t port)
{
	return port && port < spec->unprivileged && spec->euid;
}

/* Not of Linux: is the length wrong, for the socket or for its own family? */
static bool is_of_other_length(const struct spec_socket *s,
	const struct name *name)
{
	unsigned int least = spec_socket_is_v6(s) ? LEN_6 : LEN_4;

	return name->len < least ||
	       (name->family == AF_INET6 && name->len < LEN_6) ||
	       (name->family == AF_PACKET && name->len < LEN_PACKET);
}

static bool is_long_for_unix(const struct name *name)
{
	return name->family == AF_UNIX && name->len > LEN_UNIX;
}

/* Not of Linux: what others ask before all else */
static enum spec_rule check_form(struct spec *spec, const struct spec_socket *s,
	const struct name *name)
{
	uint16_t family = spec_socket_is_v6(s) ? AF_INET6 : AF_INET;

	RETURN_IF(spec, name->family != family, name_of_other_family);
	RETURN_IF(spec, name->len != LEN_4 && name->len != LEN_6,
		bind_length_of_no_family);
	RETURN_IF(spec, is_of_other_length(s, name), bind_length_by_family);
	RETURN_IF(spec, is_long_for_unix(name), bind_unix_length);
	RETURN_IF(spec, s->dead, ended_socket_is_invalid);
	return SPEC_NO_RULE;
}

/* Has it a port, or a connection, so that it cannot be bound? */
static bool is_bound(struct spec *spec, const struct spec_socket *s)
{
	bool moves = spec_socket_is_udp(s) || s->state == CLOSED;

	return (s->state != CLOSED || s->port) &&
	       !(moves && APPLIES(spec, bind_again_moves));
}

static enum spec_rule check4(struct spec *spec, struct spec_socket *s,
	const struct name *name)
{
	bool unspec = name->family == AF_UNSPEC && !name->v4 &&
		      APPLIES(spec, unspec_means_ipv4);

	RETURN_IF(spec, name->len < LEN_4, bind4_short);
	RETURN_IF(spec, name->family != AF_INET && !unspec, bind4_family);
	RETURN_IF(spec, s->dead, dead_socket_refuses);
	RETURN_IF(spec, !is_usable4(spec, s, name->v4), bind4_not_local);
	RETURN_IF(spec, is_privileged(spec, name->port), bind4_privileged);
	RETURN_IF(spec, is_bound(spec, s), bind4_bound);
	return SPEC_NO_RULE;
}

static enum spec_rule check6_mapped(struct spec *spec, struct spec_socket *s,
	const struct name *name)
{
	RETURN_IF(spec, s->v6only, bind6_mapped_v6only);
	RETURN_IF(spec, s->device && !has_device(spec, s->device),
		bind6_mapped_no_device);
	RETURN_IF(spec, !is_usable4(spec, s, name->addr.low),
		bind6_mapped_not_local);
	return SPEC_NO_RULE;
}

/* The scope becomes the device of the socket even if the bind fails later. */
static enum spec_rule check6_native(struct spec *spec, struct spec_socket *s,
	const struct name *name)
{
	bool group = in16_multicast(name->addr);
	uint32_t device;

	if (in16_scoped(name->addr)) {
		if (name->len >= LEN_6 && name->scope &&
			APPLIES(spec, scope_sets_device))
			s->device = name->scope;
		RETURN_IF(spec, !s->device, bind6_no_scope);
	}
	RETURN_IF(spec, s->device && !has_device(spec, s->device),
		bind6_no_device);
	device = s->device && !in16_scoped(name->addr) &&
				 APPLIES(spec, bind6_at_any_device) ?
			 0 :
			 s->device;
	RETURN_IF(spec,
		!group && !is_local6(spec, name->addr, device) &&
			!may_be_foreign(spec, s, spec->nonlocal6),
		bind6_not_local);
	return SPEC_NO_RULE;
}

static enum spec_rule check6(struct spec *spec, struct spec_socket *s,
	const struct name *name)
{
	RETURN_IF(spec, name->len < LEN_6_OLD, bind6_short);
	RETURN_IF(spec, name->family != AF_INET6, bind6_family);
	RETURN_IF(spec, s->dead, dead_socket_refuses);
	RETURN_IF(spec, in16_multicast(name->addr) && !spec_socket_is_udp(s),
		bind6_multicast_stream);
	RETURN_IF(spec, is_privileged(spec, name->port), bind6_privileged);
	RETURN_IF(spec, is_bound(spec, s), bind6_bound);
	if (in16_mapped(name->addr))
		return check6_mapped(spec, s, name);
	return in16_any(name->addr) ? SPEC_NO_RULE :
				      check6_native(spec, s, name);
}

/* Set the address, before the port is asked for. */
static void set_address(struct spec *spec, struct spec_socket *s,
	const struct name *name)
{
	if (!spec_socket_is_v6(s)) {
		spec_socket_set_ipv4(s, name->v4);
		s->source4 = in16_is_group4(name->v4) ? 0 : name->v4;
		return;
	}
	s->rcv = name->addr;
	s->rcv4 = in16_mapped(name->addr) ? (uint32_t)name->addr.low :
		  in16_any(name->addr)	  ? 0 :
					    DUMMY4;
	s->source4 = s->rcv4;
	if (!in16_multicast(name->addr))
		s->source = name->addr;
	if (!s->v6only && !in16_any(name->addr) && !in16_mapped(name->addr) &&
		APPLIES(spec, address_sets_v6only))
		s->v6only = true;
}

static void restore_address(struct spec_socket *s,
	const struct spec_socket *before)
{
	s->rcv = before->rcv;
	s->rcv4 = before->rcv4;
	s->source = before->source;
	s->source4 = before->source4;
}

/* The port was refused: which address has the socket now? */
static void settle_address(struct spec *spec, struct spec_socket *s,
	const struct spec_socket *before)
{
	if (spec_socket_is_stream(s) && !spec_socket_is_wildcard(s) &&
		APPLIES(spec, refused_bind_keeps_address)) {
		spec_socket_keep(s);
	} else if (s->kept) {
		spec_socket_set_kept(s);
	} else if (APPLIES(spec, refused_bind_clears_address)) {
		spec_socket_clear_addr(s);
	} else {
		restore_address(s, before);
	}
}

/* May it have the port? For port 0 one is chosen. */
static enum spec_rule ask_port(struct spec *spec, const struct spec_socket *s,
	bool listening, uint16_t *port)
{
	if (spec_socket_is_udp(s))
		return *port ? spec_udp_ask(spec, s, *port) :
			       spec_udp_choose(spec, s, s, port);
	return *port ? spec_tcp_ask(spec, s, *port, listening) :
		       spec_choose_for_bind(spec, s, port);
}

static void take_port(struct spec *spec, struct spec_socket *s, uint16_t port,
	bool listening)
{
	if (spec_socket_is_udp(s))
		spec_udp_take(spec, s, port);
	else
		spec_bucket_take(spec, s, port, listening);
	spec_leak_to_kept(spec, s);
	s->told = spec_socket_name(s);
	s->name_port = port;
	s->name_unknown = false;
}

/*
 * A socket with a port gets as far as this only where it can be bound again, as
 * in no Linux. It gives the port back before its address changes, since the
 * address tells which bucket it is in.
 */
static void release_port(struct spec *spec, struct spec_socket *s)
{
	if (spec_socket_is_udp(s))
		spec_udp_leave(spec, s);
	else
		spec_bucket_leave(spec, s);
}

/* Not of Linux: TCP that is bound again looks at all who have the port. */
static enum spec_rule ask_itself(struct spec *spec,
	const struct spec_socket *before, const struct spec_socket *s,
	uint16_t port)
{
	RETURN_IF(spec,
		port && port == before->port && !spec_socket_is_udp(s) &&
			!s->reuse && spec_overlap_in_family(s, before),
		bind_again_meets_itself);
	return SPEC_NO_RULE;
}

/* Note what was asked for: it stays when a connection ends. */
static void lock(struct spec *spec, struct spec_socket *s, uint16_t port)
{
	bool addr = spec_socket_is_v6(s) ? !in16_any(s->rcv) : s->rcv4;

	if (addr && APPLIES(spec, bind_locks_address))
		s->locks |= ADDR_LOCK;
	if (port && APPLIES(spec, bind_locks_port))
		s->locks |= PORT_LOCK;
}

enum spec_rule spec_bind(struct spec *spec, struct spec_socket *s,
	const struct op *op, struct outcome *out)
{
	struct name name = name_of(op);
	uint16_t port = name.port;
	struct spec_socket before;
	enum spec_rule rule;
	bool v6only;

	spec_socket_make_subflow(spec, s);
	rule = check_form(spec, s, &name);
	if (!rule)
		rule = (spec_socket_is_v6(s) ? check6 : check4)(spec, s, &name);
	if (rule)
		return rule;
	before = *s;
	release_port(spec, s);
	v6only = s->v6only;
	set_address(spec, s, &name);
	s->kept &= spec_socket_is_wildcard(s);
	if (!port && s->no_port && HOLDS(spec, bind_no_port)) {
		lock(spec, s, 0);
		s->told = spec_socket_name(s);
		s->name_port = 0;
		s->name_unknown = false;
		return RULE_bind_no_port;
	}
	rule = ask_itself(spec, &before, s, port);
	if (!rule)
		rule = ask_port(spec, s, false, &port);
	if (!rule || spec_rule_errno(rule)) {
		if (s->v6only != v6only &&
			APPLIES(spec, failed_bind_restores_v6only))
			s->v6only = v6only;
		settle_address(spec, s, &before);
		return rule;
	}
	lock(spec, s, name.port);
	take_port(spec, s, port, false);
	if (!name.port)
		*out = outcome_number(port);
	return rule;
}

static enum spec_rule check_listen(struct spec *spec, struct spec_socket *s)
{
	RETURN_IF(spec, spec_socket_is_udp(s), listen_udp);
	RETURN_IF(spec, s->dead, ended_socket_is_gone);
	RETURN_IF(spec, s->call == CONNECTING, connecting_is_busy);
	RETURN_IF(spec, s->call != UNCONNECTED, listen_connected);
	RETURN_IF(spec, s->state != CLOSED && s->state != LISTEN,
		listen_connected);
	if (s->state == LISTEN && HOLDS(spec, shut_listener_stays))
		s->ends = 0;
	RETURN_IF(spec, s->state == LISTEN, listen_again);
	return SPEC_NO_RULE;
}

/* May it listen at its port? If it has none, one is chosen. */
static enum spec_rule ask_listen(struct spec *spec, const struct spec_socket *s,
	uint16_t *port)
{
	RETURN_IF(spec, *port, listen_keeps_port);
	RETURN_IF(spec, !*port, listen_without_port);
	if (*port && APPLIES(spec, listen_meets_listeners))
		return spec_tcp_ask_listeners(spec, s);
	return ask_port(spec, s, true, port);
}

enum spec_rule spec_bind_listen(struct spec *spec, struct spec_socket *s,
	const struct op *op, struct outcome *out)
{
	enum spec_rule rule;
	uint16_t port;
	bool widens;

	RETURN_IF(spec, s->dead, dead_socket_refuses);
	spec_socket_make_subflow(spec, s);
	rule = check_listen(spec, s);
	port = s->port;
	if (rule == RULE_listen_again)
		s->backlog = op->listen.backlog;
	if (rule)
		return rule;
	/* It binds to the wildcard, whatever it has kept. */
	widens = s->kept && !port;
	if (widens)
		spec_socket_clear_addr(s);
	rule = ask_listen(spec, s, &port);
	if (widens && (!rule || spec_rule_errno(rule)))
		spec_socket_set_kept(s);
	RETURN_IF(spec, rule == RULE_tcp_no_port_left, listener_found_no_port);
	if (!rule || spec_rule_errno(rule)) {
		if (s->port && APPLIES(spec, refused_listener_is_dead)) {
			release_port(spec, s);
			s->dead = DEAD_LISTENER;
		}
		return rule;
	}
	*out = s->port && s->locks & PORT_LOCK ? outcome_ok() :
						 outcome_number(port);
	if (port)
		take_port(spec, s, port, true);
	s->state = LISTEN;
	s->backlog = op->listen.backlog;
	return rule;
}
