/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What N mounts need beside them: directories with numbers for names, and a word for each. */
#ifndef REBIND_BENCH_FILES_H
#define REBIND_BENCH_FILES_H

#include <err.h>
#include <errno.h>
#include <stdio.h>
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

#endif
