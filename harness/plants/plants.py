# SPDX-License-Identifier: Apache-2.0
"""Bugs to plant, outside of the port manager; and all of them."""
from collections import namedtuple

from plants_ports import PORTS

Plant = namedtuple("Plant", "name sort target path before after")

# conn: each call beside the raw one
CONN = (
    ("data-beats-a-past-deadline", "order", "conn", "conn_wait.c",
     "return deadline && wait_now() >= deadline ? -ETIME : 0;",
     "return deadline > 1 && wait_now() >= deadline ? -ETIME : 0;"),
    ("deadline-beats-token", "order", "conn", "wait.c",
     "\tif (wait->cancel_fd > 0) {\n\t\trc = is_readable",
     "\tif (wait->deadline && wait_now() >= wait->deadline)\n"
     "\t\treturn -ETIME;\n\tif (wait->cancel_fd > 0) {\n\t\trc = is_readable"),
    ("write-deadline-ends-reads", "state", "conn", "conn_wait.c",
     "\tint64_t deadline = atomic_load(&conn->deadlines[direction]);",
     "\tint64_t deadline = atomic_load(&conn->deadlines[direction | CONN_OUT]);"),
    ("close-wakes-nobody", "state", "conn", "conn_wait.c",
     "rc = write(waker->fd, &one, sizeof(one)) < 0 ? -errno : 0;",
     "rc = one ? 0 : -EIO;"),
    ("refused-connect-asked-once", "state", "conn", "conn_connect.c",
     "addr->sa_family == AF_INET || addr->sa_family == AF_INET6",
     "addr->sa_family == AF_INET6"),
)

# gVisor's endpoints, beside the specification
GVISOR = (
    ("youngest-child-is-accepted", "order", "sockets", "endpoint_connect.c",
     "\twhile (*link)\n\t\tlink = &(*link)->next;\n\t*link = child;\n",
     "\tchild->next = *link;\n\t*link = child;\n"),
    ("only-first-child-is-reset", "state", "sockets", "endpoint_tcp.c",
     "\t\tep->queue = child->next;\n\t\tif (is_connected(child) &&",
     "\t\tep->queue = NULL;\n\t\tif (is_connected(child) &&"),
    ("accepted-child-still-waits", "state", "sockets", "endpoint_tcp.c",
     "\tep->queue = (*child)->next;\n\tep->waiting--;\n",
     "\tep->queue = (*child)->next;\n"),
    ("released-with-new-flags", "state", "sockets", "endpoint.c",
     "\tres.transport = ep->transport;\n\tres.port = ep->id.local_port;\n",
     "\tres.transport = ep->transport;\n\tres.flags = ep->flags;\n"
     "\tres.port = ep->id.local_port;\n"),
    ("released-on-new-device", "state", "sockets", "endpoint.c",
     "\tres.transport = ep->transport;\n\tres.port = ep->id.local_port;\n",
     "\tres.transport = ep->transport;\n\tres.device = ep->device;\n"
     "\tres.port = ep->id.local_port;\n"),
    ("v6only-takes-ipv4-too", "decision", "sockets", "endpoint_tcp.c",
     "if (networks[0] == 6 && !ep->v6only && !to.addr.len &&",
     "if (networks[0] == 6 && !to.addr.len &&"),
    ("pair-shares-in-demux", "decision", "sockets", "demux.c",
     "\t\tif (group->refs[flags] > 0)\n", "\t\tif (group->refs[flags] > 1)\n"),
    ("one-backlog-less", "range", "sockets", "subject_portman.c",
     "MIN(op->listen.backlog, BACKLOG_MAX) + 1;",
     "MIN(op->listen.backlog, BACKLOG_MAX);"),
)

# The specification, where gVisor answers as Linux does
SPEC = (
    ("any-device-of-the-owner", "decision", "sockets", "spec_overlap.c",
     "return !a->device || !device || a->device == device ||",
     "return !a->device || a->device == device ||"),
    ("reuseaddr-stays-on", "state", "sockets", "spec_option.c",
     "s->reuse = on ? CAN_REUSE : NO_REUSE; break;",
     "s->reuse |= on ? CAN_REUSE : NO_REUSE; break;"),
    ("udp-reuse-of-one-is-enough", "decision", "sockets", "spec_udp.c",
     "{\n\tif (a->reuse && spec_socket_owner_reuse(spec, b) &&\n",
     "{\n\tif (spec_socket_owner_reuse(spec, b) &&\n"),
    ("udp-leaves-one-list", "memory", "sockets", "spec_udp.c",
     "\tdrop(spec->udp2, spec->udp_count, s - spec->sockets);\n"
     "\tspec->udp_count--;\n", "\tspec->udp_count--;\n"),
    ("last-of-range-not-chosen", "range", "sockets", "spec_choose.c",
     "p <= range.high; p += 2)", "p < range.high; p += 2)"),
)

# Only a kernel says that these are wrong
KERNEL = (
    ("cache-of-any-user", "kernel", "spec", "spec_bucket.c",
     "(port->uid != spec_socket_owner(spec, s) &&", "(false &&"),
    ("cache-is-not-wiped", "kernel", "spec", "spec_bucket.c",
     "\t\t\tport->fast.reuseport = FAST_NONE;\n", "\t\t\t;\n"),
    ("cache-keeps-first-address", "kernel", "spec", "spec_bucket.c",
     "\tport->rcv = s->rcv;\n", "\tif (first)\n\t\tport->rcv = s->rcv;\n"),
    ("cache-forgets-v6only", "kernel", "spec", "spec_bucket.c",
     "\tport->v6only = s->v6only;\n", ""),
    ("udp-reuseport-comes-first", "kernel", "spec", "spec_udp.c",
     "unsigned int at = tail ? spec->udp_count : 0;",
     "unsigned int at = tail ? 0 : 0;"),
    ("failed-bind-keeps-v6only", "kernel", "spec", "spec_bind.c",
     "\t\t\ts->v6only = v6only;\n", "\t\t\t;\n"),
    ("port-is-never-locked", "kernel", "spec", "spec_bind.c",
     "\t\ts->locks |= PORT_LOCK;\n", "\t\t;\n"),
    ("socket-range-ends-early", "kernel", "spec", "spec_range.c",
     "\t\trange.high = s->high;\n",
     "\t\trange.high = MAX(range.low, s->high - 1);\n"),
    ("last-reserved-is-chosen", "kernel", "spec", "spec_range.c",
     "port <= spec->reserved_high &&", "port < spec->reserved_high &&"),
    ("scope-is-no-device", "kernel", "spec", "spec_bind.c",
     "\t\t\ts->device = name->scope;\n", "\t\t\t;\n"),
    ("backlog-is-of-first-listen", "kernel", "spec", "spec_bind.c",
     "\tif (rule == RULE_listen_again)\n\t\ts->backlog = op->listen.backlog;\n",
     ""),
    ("oldest-child-waits", "kernel", "spec", "spec_flow.c",
     "child->turn < first->turn", "child->turn > first->turn"),
    ("accepted-one-still-waits", "kernel", "spec", "spec_flow.c",
     "\ts->waiting--;\n", ""),
    ("any-user-shares", "kernel", "spec", "spec_tcp.c",
     "waits || uid == spec_socket_owner(spec, b) ||", "waits || uid || true ||"),
    ("wildcard-does-not-cover", "kernel", "spec", "spec_tcp.c",
     "\tif (in16_any(b->rcv))\n\t\treturn APPLIES(spec, ipv6_wildcard_covers);",
     "\tif (in16_any(b->rcv))\n\t\treturn false;"),
    ("repair-ends-with-reuse", "kernel", "spec", "spec_option.c",
     "s->reuse = on ? FORCE_REUSE : NO_REUSE;",
     "s->reuse = on ? FORCE_REUSE : s->reuse ? CAN_REUSE : NO_REUSE;"),
    ("who-follows-leads", "kernel", "spec", "diff.c",
     "pair->leader = a->type->follows && !b->type->follows;",
     "pair->leader = false;"),
    ("socket-range-is-turned", "kernel", "spec", "kernel_socket.c",
     "op->set.high << 16 | op->set.value;", "op->set.value << 16 | op->set.high;"),
    ("option-is-always-set", "kernel", "spec", "kernel_socket.c",
     "value = op->set.value;", "value = op->set.value || true;"),
    ("scope-is-not-passed", "kernel", "spec", "kernel_socket.c",
     "\tout->v6.sin6_scope_id = place->scope;\n", ""),
)

# Programs as bytes and as text; what agents say; the flat list; the comparison
OTHERS = (
    ("literal-ops-overlap", "memory", "text", "bytes.c",
     "return literal ? MIN(records(c.used), size) : RECORD_SIZE;",
     "return MIN(RECORD_SIZE, size);"),
    ("scope-of-16-bits", "range", "text", "text_parse.c",
     "words_number32(w, \"a scope\", scope, UINT32_MAX,",
     "words_number32(w, \"a scope\", scope, UINT16_MAX,"),
    ("long-name-is-cut", "range", "text", "bytes.c",
     "for (int i = 0; i < PROGRAM_NAME_MAX; i++)",
     "for (int i = 0; i < PROGRAM_NAME_MAX - 1; i++)"),
    ("thirty-third-word", "memory+", "text", "words.c",
     "if (count == WORDS_MAX)", "if (count > WORDS_MAX)"),
    ("repeat-of-eight-bits", "range++", "text", "codec.c",
     "SET_OPEN(c, op->repeat.times, 2, repeats);",
     "SET_OPEN(c, op->repeat.times, c->packing ? 1 : 2, repeats);"),
    ("answers-behind-none", "state", "agent", "pipe.c",
     "lost |= i >= ops ||", "lost = i >= ops ||"),
    ("high-bytes-are-shown", "decision", "agent", "pipe.c",
     "\t\tif ((unsigned char)*c < ' ' || (unsigned char)*c > '~')\n"
     "\t\t\t*c = '?';\n\treturn text;",
     "\t\tif ((unsigned char)*c < ' ')\n\t\t\t*c = '?';\n\treturn text;"),
    ("outcomes-without-end", "memory+", "agent", "pipe.c",
     "if (batch->outcomes == PROGRAM_OPS_MAX)", "if (!*line)"),
    ("list-forgets-devices", "decision", "ports", "portlist.c",
     "if (res->device && h->key.device &&\n\t\t\th->key.device != res->device)",
     "if (h->key.device != res->device)"),
    ("list-drops-too-early", "state", "ports", "portlist.c",
     "if (total(h) <= 0)\n", "if (total(h) <= 0 || !h->refs[res->flags])\n"),
    ("tester-is-asked-once-more", "order", "ports", "reserve.c",
     "\t\tout->b = question.run.calls;\n",
     "\t\tout->b = question.run.calls + (question.run.calls > 3);\n"),
    ("one-class-at-a-time", "decision", "sockets", "class.c",
     "size < CLASS_SET_MAX && !rc; size++", "size < 1 && !rc; size++"),
    ("last-change-only", "state", "sockets", "class_load.c",
     "\t\tclass->change_count += count > 0 ? count : 0;\n",
     "\t\tclass->change_count = count > 0 ? count : 0;\n"),
    ("idle-where-it-stops", "cache", "sockets", "class.c",
     "return before->failed == now->failed &&\n"
     "\t       !memcmp(before->cited, now->cited, sizeof(now->cited)) &&\n"
     "\t       !is_cited(class, now);",
     "return before->failed == now->failed && !(class == NULL);"),
    ("before-asks-for-itself", "order", "sockets", "class.c",
     "\t\t\t\t\t    change->other :\n", "\t\t\t\t\t    change->rule :\n"),
)

# What has no bug: whoever finds one here is wrong
TARGETS = ("ports", "load", "text", "agent", "rows", "sockets", "conn", "spec")
CLEAN = tuple((f"clean-{target}", "clean", target, None, None, None)
              for target in TARGETS)

PLANTS = [Plant(*row) for row in
          (*PORTS, *CONN, *GVISOR, *SPEC, *OTHERS, *KERNEL, *CLEAN)]
