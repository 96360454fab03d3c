// SPDX-License-Identifier: Apache-2.0
/*
 * class.c - the smallest set of classes that makes two models agree
 */
#include "class.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "subjects/books.h"
#include "subjects/model.h"

/* Sets of one size that are grown further; more than were ever needed */
enum { SETS_MAX = 1024 };

/* The rules that are in force in only one of two versions, as classes */
static int take_rows(struct class_finder *finder)
{
	struct subject *models = finder->models.models;
	const struct rule_book *book = subject_book(&models[0]);
	const bool *a = subject_in_force(&models[0]);
	const bool *b = subject_in_force(&models[1]);

	finder->candidates = calloc(book->count, sizeof(*finder->candidates));
	if (!finder->candidates)
		return -ENOMEM;
	for (unsigned int rule = 1; rule < book->count; rule++) {
		struct class *class = &finder->candidates[finder->count];

		if (!rule_exists(book, rule) || a[rule] == b[rule])
			continue;
		snprintf(class->name, sizeof(class->name), "%s",
			book->rules[rule].name);
		class->changes[0] = (struct change){
			.kind = b[rule] ? CHANGE_ON : CHANGE_OFF,
			.model = book->id,
			.rule = rule,
		};
		class->change_count = 1;
		finder->one_side = true;
		finder->count++;
	}
	return 0;
}

static int take_files(struct class_finder *finder,
	const struct class_list *list, const char *const names[2])
{
	char systems[2][WHO_MAX];

	finder->candidates = calloc(list->count + 1,
		sizeof(*finder->candidates));
	if (!finder->candidates)
		return -ENOMEM;
	for (int i = 0; i < 2; i++)
		class_system(names[i], systems[i]);
	for (size_t i = 0; i < list->count; i++) {
		const struct class *class = &list->classes[i];
		bool law = !strcmp(class->of, "law") && finder->models.law;

		if (law || !strcmp(class->of, systems[0]) ||
			!strcmp(class->of, systems[1]))
			finder->candidates[finder->count++] = *class;
	}
	return 0;
}

/* What is known of a stack without a model: all changes of its classes */
static int take_dialect(struct class_finder *finder, int i,
	const struct class_list *list, const char *name)
{
	struct models *models = &finder->models;
	unsigned int *count = &models->dialect_count[i];
	char system[WHO_MAX];

	class_system(name, system);
	for (size_t k = 0; k < list->count; k++) {
		const struct class *class = &list->classes[k];

		if (strcmp(class->of, system))
			continue;
		if (*count + class->change_count > CHANGES_MAX) {
			snprintf(finder->why, sizeof(finder->why),
				"the classes of %.60s have more than %d "
				"changes together",
				name, CHANGES_MAX);
			return -E2BIG;
		}
		memcpy(&models->dialect[i][*count], class->changes,
			class->change_count * sizeof(*class->changes));
		*count += class->change_count;
		if (!change_contradiction(models->dialect[i], *count))
			continue;
		snprintf(finder->why, sizeof(finder->why),
			"the classes of %.60s contradict each other: %.60s",
			name, class->name);
		return -EINVAL;
	}
	return 0;
}

/* Has a stack without a model of its own any class? */
static bool has_dialect(const struct class_list *list, const char *name)
{
	char system[WHO_MAX];

	class_system(name, system);
	for (size_t i = 0; i < list->count && *system; i++)
		if (!strcmp(list->classes[i].of, system))
			return true;
	return false;
}

int class_finder_open(struct class_finder *finder,
	const struct class_list *list, const char *const names[2])
{
	char models[2][SUBJECT_NAME_MAX];
	const char *const opened[2] = { models[0], models[1] };
	bool own[2];
	int rc;

	memset(finder, 0, sizeof(*finder));
	for (int i = 0; i < 2; i++) {
		own[i] = model_of(names[i], models[i]);
		if (own[i])
			continue;
		strcpy(models[i], "spec");
		finder->stranger |= 1u << i;
		if (has_dialect(list, names[i]))
			continue;
		snprintf(finder->why, sizeof(finder->why),
			"%.60s has no model, and no classes of its own",
			names[i]);
		return 0;
	}
	rc = models_open(&finder->models, opened, finder->why);
	if (rc)
		return rc;
	finder->modelled = true;
	for (int i = 0; i < 2 && !rc; i++)
		if (!own[i])
			rc = take_dialect(finder, i, list, names[i]);
	if (rc)
		return rc;
	if (own[0] && own[1] && !finder->models.law &&
		subject_book(&finder->models.models[0]) ==
			subject_book(&finder->models.models[1]))
		return take_rows(finder);
	return take_files(finder, list, names);
}

void class_finder_close(struct class_finder *finder)
{
	if (finder->modelled)
		models_close(&finder->models);
	free(finder->candidates);
	memset(finder, 0, sizeof(*finder));
}

/**
 * struct set - Some classes, tried and not enough
 * @members:	Their indices, sorted
 * @failed:	The op at which the models are not as needed
 * @cited:	A bit for each rule of each model that was cited so far
 */
struct set {
	uint16_t members[CLASS_SET_MAX];
	unsigned int count, failed;
	uint64_t cited[MODELS][8];
};

static void note_cited(struct set *set, const struct trace said[2],
	unsigned int last)
{
	for (int k = 0; k < 2; k++) {
		for (unsigned int i = 0; i <= last; i++) {
			const struct outcome *out = &said[k].outcomes[i];
			uint64_t *cited = set->cited[out->model];
			unsigned int mark = books[out->model]->mark;

			cited[out->rule / 64] |= UINT64_C(1) << out->rule % 64;
			for (int w = 0; w < 2; w++) {
				uint64_t left = out->effects[w];

				for (; left; left &= left - 1) {
					unsigned int rule =
						mark + 64 * w +
						__builtin_ctzll(left);

					cited[rule / 64] |= UINT64_C(1)
							    << rule % 64;
				}
			}
		}
	}
}

/* Was a rule cited that the class changes? One that is asked before another
 * changes nothing but where that other one has decided. */
static bool is_cited(const struct class *class, const struct set *set)
{
	for (unsigned int i = 0; i < class->change_count; i++) {
		const struct change *change = &class->changes[i];
		unsigned int rule = change->kind == CHANGE_BEFORE ?
					    change->other :
					    change->rule;

		if (set->cited[change->model][rule / 64] >> rule % 64 & 1)
			return true;
	}
	return false;
}

/* May a class change anything in a run that cited these rules? */
static bool matters(const struct class *class, const struct set *set)
{
	for (unsigned int i = 0; i < class->change_count; i++)
		if (class->changes[i].kind == CHANGE_ON)
			return true;
	return is_cited(class, set);
}

static int try_set(struct class_finder *finder, const struct question *question,
	struct set *set)
{
	struct change changes[CLASS_SET_MAX * CLASS_CHANGES_MAX];
	unsigned int count = 0, counts[2];
	struct trace said[2];
	int rc;

	for (unsigned int i = 0; i < set->count; i++) {
		const struct class *class =
			&finder->candidates[set->members[i]];

		memcpy(changes + count, class->changes,
			class->change_count * sizeof(*changes));
		count += class->change_count;
	}
	set->failed = 0;
	counts[0] = count;
	counts[1] = finder->one_side ? 0u : count;
	rc = models_meet(&finder->models, question,
		(const struct change *const[2]){ changes, changes }, counts,
		said, &set->failed);
	memset(set->cited, 0, sizeof(set->cited));
	if (!rc)
		note_cited(set, said, set->failed);
	return rc;
}

static bool has_member(const struct set *set, unsigned int class)
{
	for (unsigned int i = 0; i < set->count; i++)
		if (set->members[i] == class)
			return true;
	return false;
}

static void add_member(struct set *set, unsigned int class)
{
	unsigned int i = set->count++;

	for (; i && set->members[i - 1] > class; i--)
		set->members[i] = set->members[i - 1];
	set->members[i] = class;
}

/* Same members? Or, for order, does @a come before @b by name? */
static int compare_sets(const struct set *a, const struct set *b)
{
	for (unsigned int i = 0; i < a->count; i++)
		if (a->members[i] != b->members[i])
			return a->members[i] < b->members[i] ? -1 : 1;
	return 0;
}

static bool is_listed(const struct set *sets, size_t count,
	const struct set *set)
{
	for (size_t i = 0; i < count; i++)
		if (!compare_sets(&sets[i], set))
			return true;
	return false;
}

/* Has a class done nothing, added to one set, which is the other one now? Where
 * it does something, it is added again: to what a larger set has besides. */
static bool is_idle(const struct class *class, const struct set *before,
	const struct set *now)
{
	return before->failed == now->failed &&
	       !memcmp(before->cited, now->cited, sizeof(now->cited)) &&
	       !is_cited(class, now);
}

/* Grow all sets by one class each; 1 if one of them explains it: @best */
static int grow(struct class_finder *finder, const struct question *question,
	const struct set *sets, size_t count, struct set *grown,
	size_t *grown_count, struct set *best)
{
	const struct class *classes = finder->candidates;
	/* Under a law, not all that is run is in the trace. */
	bool found = false, law = finder->models.law;

	*grown_count = 0;
	for (size_t i = 0; i < count; i++) {
		for (unsigned int next = 0; next < finder->count; next++) {
			struct set set = sets[i];
			int rc;

			if (has_member(&set, next) ||
				(!law && !matters(&classes[next], &sets[i])))
				continue;
			add_member(&set, next);
			if ((found && compare_sets(&set, best) > 0) ||
				is_listed(grown, *grown_count, &set))
				continue;
			rc = try_set(finder, question, &set);
			if (rc < 0)
				return rc;
			if (rc) {
				*best = set;
				found = true;
			}
			if (!law && is_idle(&classes[next], &sets[i], &set))
				continue;
			if (*grown_count < SETS_MAX)
				grown[(*grown_count)++] = set;
		}
	}
	return found;
}

/* The smallest set that explains it; 1 with @best, or 0 */
static int search(struct class_finder *finder, const struct question *question,
	struct set *best)
{
	static struct set sets[2][SETS_MAX];
	size_t count = 1;
	int rc;

	memset(&sets[0][0], 0, sizeof(sets[0][0]));
	rc = try_set(finder, question, &sets[0][0]);
	*best = sets[0][0];
	for (unsigned int size = 0; size < CLASS_SET_MAX && !rc; size++) {
		size_t grown;

		rc = grow(finder, question, sets[size % 2], count,
			sets[(size + 1) % 2], &grown, best);
		count = grown;
	}
	return rc;
}

static void say_wrong(const struct class_finder *finder,
	const struct question *question, const struct trace said[2], int wrong,
	struct class_answer *answer)
{
	unsigned int i = answer->same;
	char model[64], subject[64], rule[61];

	text_outcome(&said[wrong].outcomes[i], model, sizeof(model));
	text_outcome(&question->traces[wrong]->outcomes[i], subject,
		sizeof(subject));
	books_cite(&said[wrong].outcomes[i], rule, sizeof(rule));
	snprintf(answer->why, sizeof(answer->why),
		"%s is wrong at op %u: it says %s (%s), and its subject %s",
		finder->models.models[wrong].name, i + 1, model, rule, subject);
}

int class_find(struct class_finder *finder, const struct question *question,
	struct class_answer *answer)
{
	struct trace said[2];
	struct set best;
	int rc, wrong = 0;

	memset(answer, 0, sizeof(*answer));
	answer->same = question->index;
	if (!finder->modelled ||
		(finder->stranger &&
			question->program->level != LEVEL_SOCKET)) {
		snprintf(answer->why, sizeof(answer->why), "%s",
			finder->modelled ? "a dialect says nothing of "
					   "reservations" :
					   finder->why);
		return 0;
	}
	rc = models_check(&finder->models, question, said, &answer->same,
		&wrong);
	if (rc < 0)
		return rc;
	for (int i = 0; i < 2 && answer->same > question->index; i++)
		answer->rules[i] = said[i].outcomes[question->index].rule;
	if (rc == MODELS_UNMODELLED) {
		answer->verdict = CLASS_UNMODELLED;
		return 0;
	}
	if (rc == MODELS_WRONG) {
		say_wrong(finder, question, said, wrong, answer);
		return 0;
	}
	rc = search(finder, question, &best);
	if (rc < 0)
		return rc;
	if (!rc) {
		snprintf(answer->why, sizeof(answer->why),
			"no %d of %zu classes explain it", CLASS_SET_MAX,
			finder->count);
		return 0;
	}
	answer->verdict = CLASS_KNOWN;
	answer->count = best.count;
	memcpy(answer->set, best.members, sizeof(answer->set));
	return 0;
}

bool class_same(const struct class_answer *a, const struct class_answer *b)
{
	return a->verdict == b->verdict && a->count == b->count &&
	       !memcmp(a->set, b->set, a->count * sizeof(*a->set));
}

void class_print(const struct class_finder *finder,
	const struct class_answer *answer, char *text, size_t size)
{
	size_t used = 0;

	if (answer->verdict != CLASS_KNOWN) {
		snprintf(text, size, "%s",
			answer->verdict == CLASS_UNKNOWN ? "unknown" :
							   "unmodelled");
		return;
	}
	*text = '\0';
	for (unsigned int i = 0; i < answer->count && used < size; i++)
		used += snprintf(text + used, size - used, "%s%s",
			i ? " + " : "",
			finder->candidates[answer->set[i]].name);
}
