/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * random: a process that holds a mount namespace and changes it step by step.
 *
 * A step is a line of words: a verb and its arguments, bytes that are no plain letters written as
 * \ooo. What random_choose() writes, step_do() does, now or when it is replayed.
 */
#ifndef ZDTM_RANDOM_H
#define ZDTM_RANDOM_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define MAX_WORDS 8
#define LINE_SIZE (4 * PATH_MAX)

#define MAX_OUTSIDE 8
#define MAX_PENDING 8
#define KINDS	    32

struct world {
	int proc_fd;		    /* of the /proc outside, whatever happens to the one inside */
	int mntns_fd;		    /* the namespace itself, to find its root again */
	int server;		    /* socket to the process that stayed outside */
	int mountinfo_fd;	    /* all of it, as its first root sees it; none for a guest */
	uint64_t first_root;	    /* id of its first mount */
	dev_t outside[MAX_OUTSIDE]; /* filesystems that are not the namespace's alone */
	size_t outside_count;

	uint64_t random;	     /* state of the generator */
	unsigned int weights[KINDS]; /* of the kinds of steps */
	unsigned int most_mounts;    /* with more of them there are only fewer */
	char *pending[MAX_PENDING];  /* lines that belong to the last one */
	size_t pending_count;
};

/* --- words.c: lines of words --- */

int words_split(char *line, char **words);
void words_add(char *line, const char *word);

/* --- table.c: what is mounted --- */

struct place {
	char path[PATH_MAX];
	char type[32];
};

size_t table_read(const struct world *world, struct place **ret_places);
bool table_has_cover(const struct world *world, const char *path);

/* --- bound.c: what gets out of hand --- */

bool bound_fits(const struct world *world, const char *source, const char *target);

/* --- step.c: doing one --- */

int step_do(struct world *world, char **words, int count);
bool step_may_write(const char *path);
bool step_is_ours(const struct world *world, const char *path);

/* --- side.c: what is outside --- */

int side_fill(const char *directory);
int side_mount(const char *directory);

/* --- outside.c: the process that stays outside --- */

int outside_serve(int socket, const char *directory);
int outside_clone(const struct world *world, const char *path, bool recursive);
int outside_map_ids(const struct world *world, int tree, unsigned int first);

/* --- choose.c: what to do next --- */

void choose_seed(struct world *world, uint64_t seed, const char *flags);
char *choose_step(struct world *world);

#endif
