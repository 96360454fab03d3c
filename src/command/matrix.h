/* SPDX-License-Identifier: Apache-2.0 */
/*
 * matrix.h - subjects by groups of programs: how often do they agree?
 */
#ifndef MATRIX_H
#define MATRIX_H

#include "cmd.h"

enum { MATRIX_COLUMNS_MAX = 40, MATRIX_ROWS_MAX = 16, MATRIX_KEPT = 4 };

/**
 * struct matrix_cell - What came of one group on one pair of subjects
 * @asked:	Was it tried at all?
 * @tally:	The numbers
 * @classes_met: How often each class was met
 * @kept:	The first of what is of no known class
 */
struct matrix_cell {
	bool asked;
	struct tally tally;
	uint64_t classes_met[CLASSES_MAX];
	struct finding kept[MATRIX_KEPT];
	unsigned int kept_count;
};

/**
 * struct matrix_column - A subject, and what it is compared with
 * @why:	Why it is not here, or why it stopped; empty if all is well
 * @finder:	What its classes are called
 */
struct matrix_column {
	struct named subjects[2];
	char why[SUBJECT_WHY_MAX];
	struct class_finder finder;
	struct matrix_cell cells[MATRIX_ROWS_MAX];
};

/**
 * struct matrix - All of it
 * @rows:	Names of the groups: folders of the corpus, sweeps, "random"
 */
struct matrix {
	const struct options *options;
	const struct class_list *classes;
	const char *const *rows;
	unsigned int row_count, column_count;
	struct matrix_column columns[MATRIX_COLUMNS_MAX];
	double seconds;
};

/** matrix_text() - A table, and under it the classes of each column */
void matrix_text(const struct matrix *matrix, FILE *file);

/** matrix_json() - One line on stdout */
void matrix_json(const struct matrix *matrix);

/** matrix_html() - One page that needs nothing else; each cell is a link */
void matrix_html(const struct matrix *matrix, FILE *file);

#endif /* MATRIX_H */
