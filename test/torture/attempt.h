/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What attempt.c knows while one restore or dump runs. */
#ifndef TORTURE_ATTEMPT_H
#define TORTURE_ATTEMPT_H

#include "torture.h"

struct state {
	const struct lab *lab;
	const struct attempt *attempt;
	/* With copies, @pidfile and @pin are followed by a number; @pin may be a directory. */
	char pidfile[2 * PATH_SIZE], pin[2 * PATH_SIZE], image[2 * PATH_SIZE];
	char *new, *src, *img, *host; /* listings from before */
	int socks[2];
	pid_t holder;
	int sent_fd;
};

/* @argv has ARGV_SIZE places; the words live until the next call. */
void command_line(const struct state *state, const char **argv);

#endif
