// SPDX-License-Identifier: Apache-2.0
/*
 * main.c - the command: its verbs and its options
 */
#include "cmd.h"

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "init.h"
#include "process.h"
#include "stop.h"
#include "util.h"

static const struct verb *const verbs[] = { &verb_run, &verb_check, &verb_diff,
	&verb_random, &verb_sweep, &verb_explain, &verb_matrix, &verb_minimize,
	&verb_emit, &verb_pack, &verb_unpack, &verb_rules, &verb_why, &verb_ls,
	&verb_world, &verb_serve, &verb_doctor };

static const struct option_help {
	struct option option;
	const char *argument, *help;
} option_helps[] = {
	{ { "subject", 1, NULL, 's' }, "SUBJECT",
		"portman portlist spec linux goports lwip gvisor[-DATE]\n"
		"                           " /* as the line above begins */
		"uml[-X.Y] linux-X.Y pipe:COMMAND; repeatable;\n"
		"                           "
		"NAME=SUBJECT gives it a name of its own" },
	{ { "seed", 1, NULL, 'S' }, "N", "which random programs (default 1)" },
	{ { "count", 1, NULL, 'n' }, "N", "how many programs" },
	{ { "time", 1, NULL, 'T' }, "SECONDS", "stop after that long" },
	{ { "jobs", 1, NULL, 'j' }, "N", "processes (default: one a CPU)" },
	{ { "ops", 1, NULL, 'l' }, "LEVEL",
		"socket or reservation (default: the second, if all have it;\n"
		"                           "
		"of explain: the first)" },
	{ { "keep", 1, NULL, 'k' }, "DIR",
		"write a candidate case of each unknown divergence there" },
	{ { "corpus", 1, NULL, 'c' }, "DIR",
		"where the known classes are (default: beside the command)" },
	{ { "model", 1, NULL, 'm' }, "MODEL",
		"spec or portman: only the rules of that one" },
	{ { "sweep", 1, NULL, 'W' }, "NAME", "every program of a finite set" },
	{ { "list", 0, NULL, 'L' }, NULL, "the sets, and how large they are" },
	{ { "resume", 1, NULL, 'R' }, "FILE",
		"go on from there, if it exists; note there how far it is" },
	{ { "part", 1, NULL, 'P' }, "K/N", "only the K-th of N equal parts" },
	{ { "reuseaddr", 0, NULL, 'A' }, NULL, "with SO_REUSEADDR" },
	{ { "reuseport", 0, NULL, 'B' }, NULL, "with SO_REUSEPORT" },
	{ { "v6only", 0, NULL, 'V' }, NULL, "with IPV6_V6ONLY" },
	{ { "device", 1, NULL, 'D' }, "NAME", "with SO_BINDTODEVICE" },
	{ { "dev", 1, NULL, 'D' }, "NAME", "the same" },
	{ { "uid", 1, NULL, 'U' }, "USER", "of this user (default: our own)" },
	{ { "freebind", 0, NULL, 'F' }, NULL, "with IP_FREEBIND" },
	{ { "transparent", 0, NULL, 'X' }, NULL, "with IP_TRANSPARENT" },
	{ { "mptcp", 0, NULL, 'M' }, NULL, "a socket of MPTCP" },
	{ { "port", 1, NULL, 'O' }, "PORT", "0: one that the kernel chooses" },
	{ { "listen", 0, NULL, 'x' }, NULL,
		"TCP: bind, then listen (the default)" },
	{ { "bind-only", 0, NULL, 'b' }, NULL, "TCP: it will not listen" },
	{ { "connect", 1, NULL, 'K' }, "HOST:PORT",
		"would a connect find a port, from there" },
	{ { "netns", 1, NULL, 'N' }, "PATH|NAME|PID",
		"in that network namespace" },
	{ { "pid", 1, NULL, 'i' }, "PID",
		"as that process: its network, user and rights" },
	{ { "proto", 1, NULL, 'z' }, "PROTO", "only tcp, or only udp" },
	{ { "user", 1, NULL, 'u' }, "USER", "only sockets of this user" },
	{ { "watch", 0, NULL, 'G' }, NULL, "again each second" },
	{ { "rule", 0, NULL, 'r' }, NULL,
		"and the rule, with the kernel's function" },
	{ { "save", 1, NULL, 'v' }, "FILE", "and write the situation there" },
	{ { "from", 1, NULL, 'f' }, "FILE",
		"in the situation that was saved there; with --connect,\n"
		"                           "
		"the ADDR, or ADDR:PORT, to connect from" },
	{ { "verify", 0, NULL, 'y' }, NULL,
		"and really try it, in a network made like this one" },
	{ { "wait", 1, NULL, 'w' }, "SECONDS", "wait until it would work" },
	{ { "case", 0, NULL, 'C' }, NULL, "and a case that anybody can run" },
	{ { "c", 0, NULL, 'E' }, NULL, "in C, the default: there is no other" },
	{ { "output", 1, NULL, 'o' }, "FILE", "write there, not to stdout" },
	{ { "min-compared", 1, NULL, 'a' }, "PERCENT",
		"exit with 5 if less is compared to its end (default 1)" },
	{ { "table", 0, NULL, 't' }, NULL, "one column a subject" },
	{ { "tap", 0, NULL, 'p' }, NULL, "KTAP, a line a case and subject" },
	{ { "quiet", 0, NULL, 'q' }, NULL, "no progress" },
	{ { "json", 0, NULL, 'J' }, NULL, "one line of JSON, the last" },
	{ { "help", 0, NULL, 'h' }, NULL, "this text" },
};

static void usage(FILE *file)
{
	fputs("usage: portclash VERB [OPTION]... [FILE|DIR]...\nWhich sockets "
	      "may share a port, who says so, and who disagrees.\n\n",
		file);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		fprintf(file, "  %-10s %s\n", verbs[i]->name, verbs[i]->help);
	fputs("\n'portclash help VERB' says more. Exit codes: 0 agreed, "
	      "1 found, 2 bad usage\nor input, 3 this machine cannot, "
	      "4 skipped (why: it depends),\n5 nothing was really "
	      "tested.\n",
		file);
}

static void help(const struct verb *verb)
{
	printf("usage: portclash %s %s\n%s\n\n", verb->name, verb->usage,
		verb->help);
	for (size_t i = 0; i < ARRAY_SIZE(option_helps); i++) {
		const struct option_help *o = &option_helps[i];
		char words[40];

		if (!strchr(verb->options, o->option.val) &&
			o->option.val != 'h')
			continue;
		snprintf(words, sizeof(words), "--%s%s%s", o->option.name,
			o->argument ? " " : "", o->argument ? o->argument : "");
		printf("  %s%-20s %s\n", o->option.val == 's' ? "-s, " : "    ",
			words, o->help);
	}
}

static uint64_t number(const char *what, const char *text, uint64_t min,
	uint64_t max)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || value < min ||
		value > max)
		die(EXIT_USAGE,
			"--%s: expected a number from %llu to %llu, found '%s'",
			what, (unsigned long long)min, (unsigned long long)max,
			text);
	return value;
}

/* A user by number or name; names are looked up in a file only, since others
 * may send packets to ask. */
static uint32_t user(const char *what, const char *text)
{
	FILE *file = *text >= '0' && *text <= '9' ? NULL :
						    fopen("/etc/passwd", "re");
	struct passwd *found = NULL;

	if (!file)
		return number(what, text, 0, UINT32_MAX - 1);
	do
		found = fgetpwent(file);
	while (found && strcmp(found->pw_name, text));
	fclose(file);
	if (!found)
		die(EXIT_USAGE,
			"--%s: '%s' is no number, and no name of /etc/passwd",
			what, text);
	return found->pw_uid;
}

static void take_subject(struct options *o, const char *value)
{
	char why[NAMED_WHY_MAX];
	int rc;

	if (o->subject_count == SUBJECTS_MAX)
		die(EXIT_USAGE, "more than %d subjects", SUBJECTS_MAX);
	rc = named_parse(&o->subjects[o->subject_count], value, why);
	if (rc)
		die(cmd_code(rc), "%s", why);
	o->subject_count++;
}

static void take_part(struct options *o, const char *value)
{
	char more;

	/* A number has no sign here; scanf() would take one. */
	if (value[strspn(value, "0123456789/")] ||
		sscanf(value, "%5u/%5u%c", &o->part, &o->parts, &more) != 2 ||
		!o->part || o->part > o->parts)
		die(EXIT_USAGE,
			"--part: expected K/N, as 1/4 up to 4/4, found '%s'",
			value);
}

/* A corpus has classes, though there may be none of them yet. */
static void take_corpus(struct options *o, const char *value)
{
	char path[CASE_PATH_MAX + 16];

	if (snprintf(o->corpus, sizeof(o->corpus), "%s", value) >=
		(int)sizeof(o->corpus))
		die(EXIT_USAGE, "--corpus: too long");
	snprintf(path, sizeof(path), "%s/divergences/.", value);
	o->own_corpus = true;
	if (!*value || access(path, R_OK))
		die(EXIT_USAGE,
			"--corpus: expected a folder with a folder "
			"divergences/ in it, found '%s'",
			value);
}

/* An empty name is refused at once, and not when all work is done. */
static const char *need_path(const char *what, const char *value)
{
	if (!*value || !strcmp(value, "-"))
		die(EXIT_USAGE, "--%s: expected a name, found '%s'", what,
			value);
	return value;
}

static enum level level_of(const char *value)
{
	if (!strcmp(value, "socket"))
		return LEVEL_SOCKET;
	if (!strcmp(value, "reservation"))
		return LEVEL_RESERVATION;
	die(EXIT_USAGE, "--ops: expected socket or reservation, found '%s'",
		value);
}

/* One that has no value */
static void take_switch(struct options *o, int letter)
{
	switch (letter) {
	case 'L': o->list = true; break;
	case 'A': o->reuseaddr = true; break;
	case 'B': o->reuseport = true; break;
	case 'V': o->v6only = true; break;
	case 'F': o->freebind = true; break;
	case 'X': o->transparent = true; break;
	case 'M': o->mptcp = true; break;
	case 'x': o->bind_only = false; break;
	case 'b': o->bind_only = true; break;
	case 'G': o->watch = true; break;
	case 'r': o->rule = true; break;
	case 'y': o->verify = true; break;
	case 'C': o->as_case = true; break;
	case 't': o->table = true; break;
	case 'p': o->tap = true; break;
	case 'q': o->quiet = true; break;
	case 'J': o->json = true; break;
	}
}

/* One that has a value */
static void take_value(struct options *o, int letter, const char *value)
{
	switch (letter) {
	case 's': take_subject(o, value); break;
	case 'S':
		o->seed = number("seed", value, 0, UINT64_MAX);
		o->seeded = true;
		break;
	case 'n': o->count = number("count", value, 1, UINT64_MAX / 2); break;
	case 'T': o->seconds = number("time", value, 1, 86400 * 365); break;
	case 'j':
		o->jobs = number("jobs", value, 1, COMPARE_WORKERS_MAX);
		break;
	case 'l': o->level = level_of(value); break;
	case 'k': o->keep = need_path("keep", value); break;
	case 'c': take_corpus(o, value); break;
	case 'm': o->model = value; break;
	case 'a':
		o->min_compared = number("min-compared", value, 1, 100);
		break;
	case 'o':
		/* Where a program is written, "-" is stdout. */
		o->output = strcmp(value, "-") || !strcmp(o->verb, "matrix") ?
				    need_path("output", value) :
				    value;
		break;
	case 'W': o->sweep = value; break;
	case 'R': o->resume = need_path("resume", value); break;
	case 'P': take_part(o, value); break;
	case 'D': o->device = value; break;
	case 'U':
		o->uid = user("uid", value);
		o->uid_given = true;
		break;
	case 'O': o->port = value; break;
	case 'K': o->connect = need_path("connect", value); break;
	case 'N': o->netns = need_path("netns", value); break;
	case 'i': o->pid = number("pid", value, 1, INT32_MAX); break;
	case 'z': o->proto = value; break;
	case 'u':
		o->user = user("user", value);
		o->user_given = true;
		break;
	case 'v': o->save = need_path("save", value); break;
	case 'f': o->from = need_path("from", value); break;
	case 'w': o->wait = number("wait", value, 1, 86400); break;
	}
}

/* The long name of an option */
static const char *name_of(int letter)
{
	size_t i = 0;

	while (option_helps[i].option.val != letter)
		i++;
	return option_helps[i].option.name;
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(name, verbs[i]->name))
			return verbs[i];
	die(EXIT_USAGE, "no verb '%s'; see 'portclash --help'", name);
}

/* Answer what asks about the command itself; false: it names a verb. */
static bool about(int argc, char **argv)
{
	if (!strcmp(argv[1], "--version"))
		return puts("portclash " PORTCLASH_VERSION) >= 0;
	if (strcmp(argv[1], "--help") && strcmp(argv[1], "-h") &&
		strcmp(argv[1], "help"))
		return false;
	if (argc > 2 && !strcmp(argv[1], "help"))
		help(find_verb(argv[2]));
	else
		usage(stdout);
	return true;
}

/* getopt moves the words, so they are counted before it does. */
static unsigned int count_behind(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return argc - i - 1;
	return 0;
}

static int command(int argc, char **argv)
{
	struct options o = {
		.level = -1, .seed = 1, .min_compared = 1, .out = stdout
	};
	struct option longs[ARRAY_SIZE(option_helps) + 1] = { 0 };
	const struct verb *verb;
	char looked[1];
	const char *shorts;
	int letter;

	o.behind = count_behind(argc, argv);
	o.argc = argc;
	o.argv = argv;
	if (init_is())
		return verb_serve.run(&o);
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (about(argc, argv))
		return EXIT_AGREED;
	verb = find_verb(argv[1]);
	for (size_t i = 0; i < ARRAY_SIZE(option_helps); i++)
		longs[i] = option_helps[i].option;
	o.verb = verb->name;
	folder_find(&folder_corpus, o.corpus, sizeof(o.corpus), looked,
		sizeof(looked));
	optind = 2;
	opterr = 0;
	/* Options behind a command are that command's own. */
	shorts = *verb->options == '+' ? "+:s:h" : ":s:h";
	while ((letter = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (letter == 'h') {
			help(verb);
			return EXIT_AGREED;
		}
		if (letter == ':')
			die(EXIT_USAGE, "%s: '%s' needs a value", verb->name,
				argv[optind - 1]);
		if (letter == '?')
			die(EXIT_USAGE,
				"%s: unknown option '%s'; see 'portclash %s "
				"--help'",
				verb->name, argv[optind - 1], verb->name);
		if (!strchr(verb->options, letter))
			die(EXIT_USAGE,
				"%s takes no option '--%s'; see 'portclash %s "
				"--help'",
				verb->name, name_of(letter), verb->name);
		if (optarg)
			take_value(&o, letter, optarg);
		else
			take_switch(&o, letter);
	}
	o.args = argv + optind;
	o.arg_count = argc - optind;
	if (o.json)
		o.out = stderr;
	return verb->run(&o);
}

/* What was asked to stop has said what there is; it is not all. */
static int stopped(int code)
{
	int signal = stop_asked();

	if (!signal)
		return code;
	fprintf(stderr, "portclash: stopped by signal %d, so this is not all\n",
		signal);
	return 128 + signal;
}

int main(int argc, char **argv)
{
	process_begin();
	return process_end("portclash", stopped(command(argc, argv)));
}
