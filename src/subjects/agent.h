/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent.h - programs in, traces out: the protocol of agents, and its server
 *
 * DOC: The agent protocol
 *
 * An agent is any command that reads programs from its stdin and answers each
 * with a trace on its stdout: another kernel in a VM, another host over ssh,
 * your own network stack. All is lines of text that end in "\n"; a "\r" before
 * it is ignored. Stderr is for people.
 *
 * Once, at the start, the agent says who it is and what it can be asked:
 *
 *	portclash-agent 1 linux-6.12
 *	can socket set bind close set:reuseaddr type:tcp4 devices
 *
 * 1 is the version of the protocol. The word behind it is the agent's name, of
 * letters, digits, ".", "-", "_" and "@", and what follows that is for people.
 * In reports and kept cases the agent has this name, unless its user gives it
 * another (-s NAME=pipe:COMMAND). It also says what the agent counts as: cases
 * and classes are looked for by it, and "linux-6.12" has to answer as
 * spec@6.12 does, "portman" and "gvisor" as portman. So a stack of your own has
 * a name of its own. An agent whose word is no name, as "spec~tcp_apart" is
 * none, is called "pipe". "portclash serve" greets as the linux-X.Y that it
 * runs on, or by the name of the subject that it was given.
 *
 * After "can" come, in any order, all on one line of less than 4096 bytes:
 *
 *	bind, reserve, ...		an op, by its word in the text syntax
 *	type:tcp4, ...			a type of socket
 *	set:reuseaddr, ...		an option of set
 *	sysctl:ip_autobind_reuse, ...	a key of sysctl
 *	devices				the world has veth0 and veth1
 *	uids				uid= and euid work
 *	window:2048			send no more than so many bytes ahead of
 *					answers, if a program is not longer
 *
 * A word that the client does not know is of a later day, and is ignored.
 *
 * Then, as often as the client likes, a program and its answer ("> " and "< "
 * only show who says it, and are not sent):
 *
 *	> socket a tcp4			an op a line, without outcomes
 *	> bind   a 0.0.0.0:7000
 *	> .				a line with a dot ends the program
 *	< ok				an outcome for each op
 *	< EADDRINUSE
 *	< .				a line with a dot ends the trace
 *
 * Ops and outcomes are in the text syntax (corpus/README.md), the ops just as
 * text_print() writes them: at most PROGRAM_OPS_MAX, and only such as the agent
 * said that it can. Each program starts from a clean state. An op that the
 * agent lacks after all is "n/a", and so are all after it. Where the agent
 * chose the port, the outcome says which: "ok:40123"; ":@b" is the port that b
 * last got. If it could not run the program at all, it answers
 *
 *	< ! no memory			why
 *	< .
 *
 * and the client gives up. Programs may be sent before earlier ones are
 * answered; answers come in order. The agent flushes its output whenever it
 * would wait for input, or else the two wait for each other. The client takes
 * silence for death (subject_pipe.c says after how long), so an agent whose
 * programs are slow flushes more often, and while it has nothing to say may
 * send empty lines, which are ignored. At the end of its input the agent exits
 * with status 0; one that does not, soon, is killed.
 *
 * An agent that cannot clean up behind a program exits with status 0 behind its
 * answer. It is started again, and asked what it has not answered.
 */
#ifndef AGENT_H
#define AGENT_H

#include <stdio.h>

#include "subject.h"

/* What the first line begins with, version included */
#define AGENT_HELLO "portclash-agent 1 "

/**
 * agent_parse_can() - Read the line of what a subject can be asked
 * @line:	NUL-terminated, without its "\n"
 * @can:	Untouched on failure
 *
 * Return: 0, or -EINVAL: it does not begin with "can"
 */
int agent_parse_can(const char *line, struct capabilities *can);

/**
 * agent_serve() - Be an agent: answer programs until there are no more
 * @subject:	Open; what runs them
 * @name:	What to call it
 * @in:		Programs; only its file descriptor is read, so nothing may be
 *		in its buffer
 * @out:	Traces
 *
 * Return: 0 at the end of @in or when @subject is spent, or a negative errno if
 *	   reading or writing fails
 */
int agent_serve(struct subject *subject, const char *name, FILE *in, FILE *out);

#endif /* AGENT_H */
