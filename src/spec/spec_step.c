// SPDX-License-Identifier: Apache-2.0
/*
 * spec_step.c - answer one op: the rule, and the outcome that it makes
 */
#include "spec.h"

#include <string.h>

#include "spec_bind.h"
#include "spec_connect.h"
#include "spec_flow.h"
#include "spec_option.h"
#include "spec_socket.h"

static enum spec_rule make_socket(struct spec *spec, const struct op *op)
{
	struct spec_socket *s;

	RETURN_IF(spec,
		op->socket.uid != UID_NONE && spec->euid &&
			op->socket.uid != spec->euid,
		socket_owner_not_permitted);
	s = spec_socket_new(spec, op->socket.type);
	s->uid = op->socket.uid == UID_NONE ? spec->euid : op->socket.uid;
	s->told_uid = s->uid;
	s->v6only = s->told_v6only = spec_socket_is_v6(s) && spec->bindv6only;
	s->told = s->rcv;
	spec->index[op->sock] = s - spec->sockets;
	return RULE_socket_made;
}

/* bind() or connect() */
static enum spec_rule call(struct spec *spec, struct spec_socket *s,
	const struct op *op, struct outcome *out)
{
	uint32_t device = s->device;
	enum spec_rule rule = (op->kind == OP_BIND ?
				       spec_bind :
				       spec_connect)(spec, s, op, out);

	/* Not of Linux: a scope is no device if the call was refused. */
	if (rule && spec_rule_errno(rule) &&
		APPLIES(spec, refused_call_restores_device))
		s->device = device;
	return rule;
}

static enum spec_rule answer(struct spec *spec, const struct op *op,
	struct outcome *out)
{
	struct spec_socket *s = &spec->sockets[spec->index[op->sock]];

	switch (op->kind) {
	case OP_SOCKET: return make_socket(spec, op);
	case OP_SET: return spec_option_set(spec, s, op);
	case OP_GET: return spec_option_get(spec, s, op, out);
	case OP_BIND:
	case OP_CONNECT: return call(spec, s, op, out);
	case OP_LISTEN: return spec_bind_listen(spec, s, op, out);
	case OP_DISCONNECT: return spec_flow_disconnect(spec, s);
	case OP_ACCEPT:
		return spec_flow_accept(spec, s, &spec->index[op->accept.sock]);
	case OP_SHUTDOWN: return spec_flow_shutdown(spec, s, op);
	case OP_CLOSE: return spec_flow_close(spec, s);
	case OP_EUID: spec->euid = op->euid.uid; return RULE_caller_changed;
	case OP_SYSCTL: return spec_option_sysctl(spec, op);
	}
	ASSERT(!"an op on sockets");
	return SPEC_NO_RULE;
}

void spec_step(struct spec *spec, const struct op *op,
	const struct outcome *leader, struct outcome *out)
{
	enum spec_rule rule;

	spec->leader = leader;
	spec->effects[0] = spec->effects[1] = 0;
	*out = outcome_ok();
	rule = answer(spec, op, out);
	/* Not every function asks if the rule that it returns is in force. */
	if (!spec_state_holds(spec, rule))
		rule = SPEC_NO_RULE;
	if (rule == RULE_not_modelled)
		*out = outcome_na();
	else if (!rule)
		*out = outcome_error(SPEC_NO_ANSWER);
	else if (spec_rule_errno(rule))
		*out = outcome_error(spec_rule_errno(rule));
	out->model = MODEL_SPEC;
	out->rule = rule;
	memcpy(out->effects, spec->effects, sizeof(out->effects));
}
