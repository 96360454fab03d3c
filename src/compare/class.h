/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class.h - the named sorts of divergence, which are changes of rules
 *
 * DOC: Theory of Operation
 *
 * A class is a cause: some changes of a model's rules that make the models of
 * two subjects agree (models.h). A divergence is *known* if
 *
 * - both models give the traces of their own subjects, to the first n/a, and
 * - under the changes of at most CLASS_SET_MAX classes both models agree.
 *
 * The answer is the smallest such set, and of several the first by name. Sets
 * are grown from the empty one, since changes are not monotone: what one change
 * explains, it may not explain beside another. Only classes are tried of which
 * a rule was cited in the run so far, and those that add a rule, which nobody
 * can cite before. Three were enough for each of 10^8 random programs; AFL++,
 * which joins what it knows, makes some that need four.
 *
 * Where a model does not say, the divergence is *unmodelled*. All else is
 * *unknown*: a model that is wrong, or a cause that no class has.
 *
 * Classes are files: corpus/divergences/NAME.case, with "# of: SYSTEM", which
 * is the system that has the other rules, "# change: CHANGE...", and one
 * example. Only the classes of the two systems are tried. Between two versions
 * of one model there are no files: the classes are the rules that are in force
 * in only one of the two.
 */
#ifndef CLASS_H
#define CLASS_H

#include "models.h"
#include "program/case.h"

enum {
	CLASS_NAME_MAX = 64,
	CLASS_CHANGES_MAX = 12,
	CLASS_SET_MAX = 4,
	CLASSES_MAX = 512,
	CLASS_WHY_MAX = 240
};

/**
 * struct class - A cause
 * @name:	Of its file, or of its rule
 * @of:		The system that differs: "gvisor", "lwip", "law", ...
 * @changes:	Made together, to the model of each of the two subjects
 * @file:	Its example; NULL if it is a rule
 */
struct class
{
	char name[CLASS_NAME_MAX];
	char of[WHO_MAX];
	struct change changes[CLASS_CHANGES_MAX];
	unsigned int change_count;
	const struct case_file *file;
};

/**
 * struct class_list - Classes, sorted by name
 * @files:	Their examples
 */
struct class_list {
	struct class *classes;
	size_t count;
	struct case_file *files;
};

/**
 * class_load() - Read all classes
 * @directory:	Such as corpus/divergences; it is an error if it is missing
 * @list:	Filled in; free with class_free()
 * @error:	On failure: the file and what is wrong with it
 *
 * Return: 0, or a negative errno
 */
int class_load(const char *directory, struct class_list *list,
	struct text_error *error);

/**
 * class_system() - The system that a subject is of, as "# of:" has it
 * @name:	The subject's
 * @system:	Filled in; empty for Linux and its models, which have no classes
 */
void class_system(const char *name, char system[WHO_MAX]);

/** class_free() - Free what class_load() made */
void class_free(struct class_list *list);

/**
 * struct class_finder - Who finds the classes of two subjects
 * @candidates:	Those that are tried: of the two systems, or of two versions
 * @count:	How many
 * @modelled:	Both subjects have a model
 * @why:	If not: which one has none
 * @stranger:	Bits of the subjects that have only a dialect, which says
 *		nothing of reservations
 * @one_side:	They are rules of two versions: only the first one's model is
 *		changed, to be as the second one's
 */
struct class_finder {
	struct class *candidates;
	size_t count;
	struct models models;
	bool modelled;
	bool one_side;
	uint8_t stranger;
	char why[SUBJECT_WHY_MAX];
};

/**
 * class_finder_open() - Open the models, choose the classes
 * @finder:	Filled in; close with class_finder_close()
 * @list:	All classes; must outlive @finder
 * @names:	Those of the two subjects, in full
 *
 * The models are pure; nothing is opened that was named.
 *
 * Return: 0 (also if a subject has no model), or a negative errno with the
 *	   reason in @finder->why
 */
int class_finder_open(struct class_finder *finder,
	const struct class_list *list, const char *const names[2]);

/** class_finder_close() - Free what it holds */
void class_finder_close(struct class_finder *finder);

enum class_verdict { CLASS_UNKNOWN, CLASS_KNOWN, CLASS_UNMODELLED };

/**
 * struct class_answer - What a divergence is
 * @verdict:	An enum class_verdict
 * @set:	If known: indices into the candidates, sorted
 * @count:	How many
 * @rules:	Those by which the two models answer at the op that diverges
 * @same:	How many ops both models have right: these are compared, too
 * @why:	If not known: a sentence
 */
struct class_answer {
	uint8_t verdict;
	uint8_t count;
	uint16_t set[CLASS_SET_MAX];
	uint16_t rules[2];
	unsigned int same;
	char why[CLASS_WHY_MAX];
};

/**
 * class_find() - What sort of divergence is it?
 * @question:	The program as it was run, and both traces
 *
 * Return: 0, or a negative errno: a model does not work
 */
int class_find(struct class_finder *finder, const struct question *question,
	struct class_answer *answer);

/** class_same() - Both of the same classes, or of none for the same reason? */
bool class_same(const struct class_answer *a, const struct class_answer *b);

/** class_print() - The names of the classes: "a", or "a + b"; or "unknown" */
void class_print(const struct class_finder *finder,
	const struct class_answer *answer, char *text, size_t size);

#endif /* CLASS_H */
