/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the programs that use the library in a test have in common. */
#ifndef REBIND_TEST_CLI_LIBRARY_H
#define REBIND_TEST_CLI_LIBRARY_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <rebind.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where everything is: an image with four volumes, a root for it, sources, and room to write. */
struct place {
	const char *image, *root, *sources, *scratch;
};

#define DIE(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), exit(1))
#define MUST(condition)                                                                     \
	do {                                                                                \
		if (!(condition))                                                           \
			DIE("line %d: not so: %s (errno %d)", __LINE__, #condition, errno); \
	} while (0)

/* The words for the image's volumes, in @words of 4. */
static inline void place_externals(const struct place *place, char text[4][512],
				   const char *words[4])
{
	static const char *const keys[] = { "vol", "conf", "ro", "deep" };

	for (int i = 0; i < 4; i++) {
		snprintf(text[i], 512, "mnt[%s]:%s/%s", keys[i], place->sources, keys[i]);
		words[i] = text[i];
	}
}

static inline void print_report(const struct rebind_report *report)
{
	const struct rebind_finding *f;
	const struct rebind_difference *d;
	const struct rebind_error *e = rebind_report_error(report);

	for (size_t i = 0; (f = rebind_report_finding(report, i)); i++)
		fprintf(stderr, "finding %s: %s\n", f->code, f->text);
	for (size_t i = 0; (d = rebind_report_difference(report, i)); i++)
		fprintf(stderr, "%s: %s: %s | %s\n", d->path, d->field, d->left, d->right);
	if (e)
		fprintf(stderr, "error %d: %s\n", e->error, e->text);
}

#endif
