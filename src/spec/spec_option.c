// SPDX-License-Identifier: Apache-2.0
/*
 * spec_option.c - options and properties of sockets, and sysctls
 */
#include "spec_option.h"

#include "spec_flow.h"
#include "spec_socket.h"
#include "world.h"

static enum spec_rule check_set(struct spec *spec, const struct spec_socket *s,
	const struct op *op)
{
	uint32_t owner = spec_socket_is_mptcp(s) ? s->told_uid : s->uid;
	bool on = op->set.value, root = !spec->euid;
	uint32_t low = op->set.value, high = op->set.high;

	RETURN_IF(spec, s->dead && op->set.option != OPT_LINGER,
		ended_socket_is_invalid);
	switch (op->set.option) {
	case OPT_V6ONLY:
		RETURN_IF(spec, !spec_socket_is_v6(s), set_v6only_ipv4);
		RETURN_IF(spec, s->dead, dead_socket_refuses);
		RETURN_IF(spec, s->port, set_v6only_bound);
		break;
	case OPT_TRANSPARENT:
		RETURN_IF(spec, on && !root, set_transparent_not_permitted);
		break;
	case OPT_REPAIR:
		RETURN_IF(spec,
			spec_socket_is_udp(s) || spec_socket_is_mptcp(s),
			set_repair_not_tcp);
		RETURN_IF(spec, !root || s->state == LISTEN,
			set_repair_not_permitted);
		break;
	case OPT_DEV:
		RETURN_IF(spec, on && !world_has_device(op->set.value),
			set_device_unknown);
		RETURN_IF(spec, s->device && !root, set_device_not_permitted);
		break;
	case OPT_BIND_NO_PORT:
		RETURN_IF(spec, spec_socket_is_mptcp(s),
			mptcp_has_no_bind_no_port);
		break;
	case OPT_PORT_RANGE:
		RETURN_IF(spec, spec_socket_is_mptcp(s),
			mptcp_has_no_port_range);
		RETURN_IF(spec, low && high && low > high, set_range_reversed);
		break;
	case OPT_UID:
		RETURN_IF(spec,
			!root && (owner != spec->euid ||
					 op->set.value != spec->euid),
			set_owner_not_permitted);
		break;
	}
	return RULE_option_set;
}

static void apply_set(struct spec *spec, struct spec_socket *s,
	const struct op *op)
{
	bool on = op->set.value;

	switch (op->set.option) {
	case OPT_REUSEADDR: s->reuse = on ? CAN_REUSE : NO_REUSE; break;
	case OPT_REUSEPORT: s->reuseport = on; break;
	case OPT_V6ONLY: s->v6only = s->told_v6only = on; break;
	case OPT_FREEBIND: s->freebind = on; break;
	case OPT_TRANSPARENT: s->transparent = on; break;
	case OPT_BIND_NO_PORT: s->no_port = on; break;
	case OPT_REPAIR:
		if (!APPLIES(spec, repair_forces_reuse))
			break;
		s->repair = on;
		s->reuse = on ? FORCE_REUSE : NO_REUSE;
		/* tcp_send_window_probe(), even if there was no repair */
		if (!on)
			spec_flow_probe(spec, s);
		break;
	case OPT_DEV: s->device = s->told_device = op->set.value; break;
	case OPT_PORT_RANGE:
		s->low = op->set.value;
		s->high = op->set.high;
		break;
	case OPT_UID:
		/* The TCP socket below MPTCP keeps its owner. */
		s->told_uid = op->set.value;
		if (!s->made)
			s->uid = op->set.value;
		break;
	case OPT_LINGER: s->linger0 = true; break;
	}
}

/* Does MPTCP ask the TCP socket below whether it takes an option? */
static bool asks_subflow(const struct spec_socket *s, uint8_t option)
{
	switch (option) {
	case OPT_UID:
	case OPT_LINGER:
	case OPT_REPAIR:
	case OPT_PORT_RANGE: return false;
	case OPT_TRANSPARENT: return spec_socket_is_v6(s);
	}
	return true;
}

enum spec_rule spec_option_set(struct spec *spec, struct spec_socket *s,
	const struct op *op)
{
	enum spec_rule rule;

	if (asks_subflow(s, op->set.option))
		spec_socket_make_subflow(spec, s);
	rule = check_set(spec, s, op);
	if (rule != RULE_option_set)
		return rule;
	if (op->set.option != OPT_UID && op->set.option != OPT_LINGER)
		spec_socket_make_subflow(spec, s);
	apply_set(spec, s, op);
	return rule;
}

static void get_name(struct spec *spec, const struct spec_socket *s,
	struct outcome *out)
{
	const struct outcome *leader = spec->leader;
	struct in16 name = spec_socket_is_mptcp(s) ? s->told :
						     spec_socket_name(s);

	if (s->dead && !in16_any(s->last_name))
		name = s->last_name;
	if (spec_socket_is_v6(s) && in16_is(name, 0) &&
		APPLIES(spec, mapped_wildcard_is_plain))
		name = IN16_ANY;
	out->value = VALUE_PLACE;
	out->addr = in16_addr(name, spec_socket_is_v6(s));
	out->a = s->name_port;
	if (s->name_unknown && leader && leader->value == VALUE_PLACE)
		out->a = leader->a;
}

enum spec_rule spec_option_get(struct spec *spec, const struct spec_socket *s,
	const struct op *op, struct outcome *out)
{
	RETURN_IF(spec, s->dead && op->get.property == GET_NAME,
		ended_socket_is_gone);
	RETURN_IF(spec,
		op->get.property == GET_V6ONLY && !spec_socket_is_v6(s) &&
			s->type != MPTCP4,
		get_v6only_ipv4);
	switch (op->get.property) {
	case GET_NAME: get_name(spec, s, out); break;
	case GET_DEV:
		out->value = VALUE_DEVICE;
		out->a = spec_socket_is_mptcp(s) ? s->told_device : s->device;
		if (out->a && !world_has_device(out->a))
			out->a = WORLD_MISSING;
		break;
	case GET_V6ONLY:
		*out = outcome_number(spec_socket_is_mptcp(s) ? s->told_v6only :
								s->v6only);
		break;
	}
	return RULE_property_told;
}

static enum spec_rule check_sysctl(struct spec *spec, const struct op *op)
{
	uint32_t low = op->sysctl.value, high = op->sysctl.high;

	RETURN_IF(spec, spec->euid, sysctl_not_permitted);
	switch (op->sysctl.key) {
	case SYSCTL_PORT_RANGE:
		RETURN_IF(spec, !low, sysctl_range_from_zero);
		RETURN_IF(spec, low > high, sysctl_range_reversed);
		RETURN_IF(spec, low < spec->unprivileged,
			sysctl_range_below_unprivileged);
		break;
	case SYSCTL_RESERVED_PORTS:
		RETURN_IF(spec, low > high, sysctl_range_reversed);
		break;
	case SYSCTL_AUTOBIND_REUSE:
		RETURN_IF(spec, low > 1, sysctl_too_big);
		break;
	case SYSCTL_UNPRIVILEGED_START:
		RETURN_IF(spec, low > spec->low,
			sysctl_unprivileged_above_range);
		break;
	default: RETURN_IF(spec, low > UINT8_MAX, sysctl_too_big);
	}
	return RULE_sysctl_written;
}

enum spec_rule spec_option_sysctl(struct spec *spec, const struct op *op)
{
	enum spec_rule rule = check_sysctl(spec, op);
	uint32_t value = op->sysctl.value, high = op->sysctl.high;

	if (rule != RULE_sysctl_written)
		return rule;
	switch (op->sysctl.key) {
	case SYSCTL_PORT_RANGE:
		spec->low = value;
		spec->high = high;
		break;
	case SYSCTL_RESERVED_PORTS:
		spec->reserved_low = value;
		spec->reserved_high = high;
		break;
	case SYSCTL_AUTOBIND_REUSE: spec->autobind_reuse = value; break;
	case SYSCTL_UNPRIVILEGED_START: spec->unprivileged = value; break;
	case SYSCTL_NONLOCAL4: spec->nonlocal4 = value; break;
	case SYSCTL_NONLOCAL6: spec->nonlocal6 = value; break;
	/* A socket has one bit for it, which is the lowest of the value. */
	case SYSCTL_BINDV6ONLY: spec->bindv6only = value & 1; break;
	}
	return rule;
}
