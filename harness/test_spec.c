// SPDX-License-Identifier: Apache-2.0
/*
 * test_spec.c - the models: each rule is good for something
 *
 * Whether it is right, the kernel says: sweeps, cases and random programs are
 * compared with it elsewhere. Here is what makes a rule a rule: its case is
 * answered by it, and otherwise without it.
 */
#include "case_test.h"

#include <errno.h>
#include <string.h>

#include "unit.h"
#include "util.h"
#include "compare/diff.h"
#include "compare/gen.h"
#include "program/case.h"
#include "spec/spec.h"
#include "subjects/books.h"
#include "subjects/subjects.h"

/* Nothing to answer by itself, or both of its answers may be right */
static bool has_no_case(const struct rule_info *info)
{
	return info->foreign || !strcmp(info->name, "not_modelled") ||
	       !strcmp(info->name, "not_known") ||
	       !strcmp(info->name, "fin_answered_sooner_or_later");
}

/* A version that it holds for */
static const char *version_of(const struct rule_book *book,
	const struct rule_info *info)
{
	if (book == &spec_book)
		return info->before ? "@6.1" : "@6.18";
	return info->since ? "@head" : "";
}

static void load(const struct rule_info *info, struct case_file *file)
{
	struct text_error error;
	char path[256];

	snprintf(path, sizeof(path), "corpus/rules/%s.case", info->name);
	if (case_load(path, file, &error)) {
		print_error("%s: %s\n", path, error.message);
		fail();
	}
}

static void run_on(const char *name, const struct program *program,
	const struct trace *leader, struct trace *trace)
{
	struct subject subject;

	assert_int_equal(subjects_open(&subject, name), 0);
	assert_int_equal(subject_run(&subject, program, 1, leader, trace), 0);
	subject_close(&subject);
}

static void decides_its_case(const struct rule_book *book, unsigned int rule)
{
	static struct case_file file;
	const struct rule_info *info = &book->rules[rule];
	struct trace with, without;
	char name[SUBJECT_NAME_MAX];
	unsigned int last;

	load(info, &file);
	last = file.text.program.count - 1;
	snprintf(name, sizeof(name), "%s%s", book->model,
		version_of(book, info));
	run_on(name, &file.text.program, NULL, &with);
	if (rule < book->mark && with.outcomes[last].rule != rule) {
		print_error("%s: its case is answered by %s\n", info->name,
			book->rules[with.outcomes[last].rule].name);
		fail();
	}
	snprintf(name, sizeof(name), "%s%s~%s", book->model,
		version_of(book, info), info->name);
	run_on(name, &file.text.program, &with, &without);
	if (outcome_same(&file.text.program.ops[last], &with.outcomes[last],
		    &without.outcomes[last])) {
		print_error("%s: its case is answered the same without it\n",
			info->name);
		fail();
	}
}

static void every_rule_decides_its_case(void **state)
{
	(void)state;
	for (int model = 0; model < MODELS; model++)
		for (unsigned int rule = 1; rule < books[model]->count; rule++)
			if (rule_exists(books[model], rule) &&
				!has_no_case(&books[model]->rules[rule]))
				decides_its_case(books[model], rule);
}

/* Without some rule, a program gets into states that the system does not know.
 * They may be wrong, and do no harm. */
static void runs_without(const struct rule_book *book, unsigned int rule)
{
	const struct rule_info *info = &book->rules[rule];
	static struct program program;
	static struct trace trace;
	char name[SUBJECT_NAME_MAX];
	struct subject subject;

	snprintf(name, sizeof(name), "%s%s~%s", book->model,
		version_of(book, info), info->name);
	assert_int_equal(subjects_open(&subject, name), 0);
	for (int i = 0; i < UNIT_TIMES(3000); i++) {
		gen_program(rule, i, &subject.can, LEVEL_SOCKET, &program);
		assert_int_equal(subject_run(&subject, &program, 1, NULL,
					 &trace),
			0);
	}
	subject_close(&subject);
}

static void any_rule_may_be_missing(void **state)
{
	(void)state;
	for (int model = 0; model < MODELS; model++)
		for (unsigned int rule = 1; rule < books[model]->count; rule++)
			if (rule_exists(books[model], rule))
				runs_without(books[model], rule);
}

/* A FIN that is answered later: who leads may have seen either. */
static void both_ends_of_a_race_are_right(void **state)
{
	static const char text[] =
		"socket a tcp4\nset a reuseport\nbind a 127.0.0.1:7000\n"
		"socket b tcp4\nbind b 127.0.0.1:7001\nlisten b\n"
		"connect a 127.0.0.1:7001\naccept b c\nclose a\n"
		"socket d tcp4 uid=7\nset d reuseport\n"
		"bind d 127.0.0.1:7000\n";
	struct case_text parsed = case_test_parsed(text);
	struct trace leader, trace;
	unsigned int last;

	(void)state;
	last = parsed.program.count - 1;
	run_on("spec", &parsed.program, NULL, &leader);
	assert_int_equal(leader.outcomes[last].error, EADDRINUSE);
	run_on("spec", &parsed.program, &leader, &trace);
	assert_int_equal(trace.outcomes[last].error, EADDRINUSE);
	leader.outcomes[last] = outcome_ok();
	run_on("spec", &parsed.program, &leader, &trace);
	assert_int_equal(trace.outcomes[last].kind, OUTCOME_OK);
	run_on("spec~fin_answered_sooner_or_later", &parsed.program, &leader,
		&trace);
	assert_int_equal(trace.outcomes[last].error, EADDRINUSE);
}

/* In both books together, since cases are called as rules are */
static unsigned int books_with(const struct rule_info *info)
{
	unsigned int found = 0;

	for (int model = 0; model < MODELS; model++)
		if (rule_find(books[model], info->name, strlen(info->name)))
			found++;
	return found;
}

static void rules_are_named_once(void **state)
{
	(void)state;
	for (int model = 0; model < MODELS; model++) {
		const struct rule_book *book = books[model];

		for (unsigned int rule = 1; rule < book->count; rule++) {
			const struct rule_info *info = &book->rules[rule];
			size_t length = strlen(info->name);

			if (!rule_exists(book, rule))
				continue;
			assert_int_equal(rule_find(book, info->name, length),
				rule);
			assert_int_equal(books_with(info), 1);
			assert_int_equal(strspn(info->name,
						 "abcdefghijklmnopqrstuvwxyz"
						 "0123456789_"),
				length);
			assert_true(*info->name >= 'a');
			assert_true(*info->function);
			assert_int_equal(info->text[strlen(info->text) - 1],
				'.');
		}
	}
}

static void versions_differ_by_rules(void **state)
{
	struct spec_force old, new;

	(void)state;
	spec_force_init(&old, SPEC_VERSION(6, 1, 170));
	spec_force_init(&new, SPEC_VERSION(6, 18, 0));
	assert_true(old.rule[RULE_tcp_share_fast_reuse]);
	assert_false(new.rule[RULE_tcp_share_fast_reuse]);
	assert_false(old.rule[RULE_clients_free_the_port]);
	assert_true(new.rule[RULE_clients_free_the_port]);
	spec_force_init(&new, SPEC_VERSION(6, 17, 255));
	assert_false(new.rule[RULE_clients_free_the_port]);
	assert_true(new.rule[RULE_orphan_keeps_owner]);
}

static void names_of_subjects(void **state)
{
	static const char *const good[] = { "spec", "spec@6.1", "spec@6.1.170",
		"spec~tcp_apart", "spec@6.12~tcp_apart~udp_apart", "portman",
		"portman@head", "portman~port_in_use",
		"portman@head~hint_moves~tuple_in_use" };
	static const char *const bad[] = { "spec@", "spec@6", "spec@x", "spec~",
		"spec~x", "spec@6.1~", "spec@6.1x", "spec@6.1 ", "portman~",
		"portman@6.1", "portman@", "portman@head~tcp_apart",
		"portman~port_in_use " };
	struct subject subject;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(subjects_open(&subject, good[i]), 0);
		subject_close(&subject);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(subjects_open(&subject, bad[i]), -EINVAL);
		assert_true(*subject.why);
	}
	assert_null(subjects_find("specx"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_decides_its_case),
		cmocka_unit_test(any_rule_may_be_missing),
		cmocka_unit_test(both_ends_of_a_race_are_right),
		cmocka_unit_test(rules_are_named_once),
		cmocka_unit_test(versions_differ_by_rules),
		cmocka_unit_test(names_of_subjects),
	};

	if (UNIT_LISTED(argc, argv, tests))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
