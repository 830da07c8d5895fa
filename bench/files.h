/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What N mounts need beside them: directories with numbers for names, and a word for each. */
#ifndef REBIND_BENCH_FILES_H
#define REBIND_BENCH_FILES_H

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* @base and @base/0, @base/1, ...; some of them may be there. */
static inline void make_directories(const char *base, int n)
{
	char name[64];

	if (mkdir(base, 0755) < 0 && errno != EEXIST)
		err(1, "%s", base);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%d", base, i);
		if (mkdir(name, 0755) < 0 && errno != EEXIST)
			err(1, "%s", name);
	}
}

/* A line for each mount, for --external-from. @format: takes its number, twice */
static inline void write_words(const char *name, const char *format, int n)
{
	FILE *file = fopen(name, "we");

	for (int i = 0; file && i < n; i++)
		fprintf(file, format, i, i);
	if (!file || fclose(file) != 0)
		err(1, "%s", name);
}

/* @head, which ends with NULL, and --external WORD for each mount. @format: takes its number, twice */
static inline const char **with_externals(const char *const head[], const char *format, int n)
{
	int used = 0;

	while (head[used])
		used++;
	const char **argv = calloc((size_t)used + 2 * (size_t)n + 1, sizeof(*argv));

	if (!argv)
		err(1, "calloc");
	memcpy(argv, head, (size_t)used * sizeof(*argv));
	for (int i = 0; i < n; i++) {
		argv[used++] = "--external";
		char *word;

		if (asprintf(&word, format, i, i) < 0)
			err(1, "asprintf");
		argv[used++] = word;
	}
	return argv;
}

#endif
