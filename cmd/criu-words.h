/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From CRIU's command line to those of rebind's verbs. */
#ifndef REBIND_CMD_CRIU_WORDS_H
#define REBIND_CMD_CRIU_WORDS_H

#include "runtime/criu/command-line.h"

/* Each returns 0 or -ENOMEM. */

/**
 * words_put - append an option and its value, unless that is NULL
 */
int words_put(struct strings *ret, const char *option, const char *value);

/**
 * words_put_file - the same, of a file in the working directory
 */
int words_put_file(const struct criu_line *line, const char *option, const char *file,
		   struct strings *ret);

/**
 * words_put_mounts - all that a dump or a restore of mounts has to know
 */
int words_put_mounts(const struct criu_line *line, bool is_dump, struct strings *ret);

/**
 * words_put_namespaces - CRIU knows from its images which namespaces to make, and has no word for
 * it
 */
int words_put_namespaces(const struct criu_line *line, struct strings *ret);

/**
 * words_run - run a verb of rebind's with these words
 */
int words_run(int (*verb)(int argc, char **argv), const char *name, const struct strings *args);

/**
 * words_copy - the words in their order, ended by NULL: getopt(3) changes that
 *
 * Return: to be freed, the words are not; NULL: no memory.
 */
char **words_copy(int argc, char **argv);

/**
 * criu_name_beside - the command line, with a CRIU that REBIND_CRIU names
 * @verb: NULL if there is none, or the line is not understood
 * @plain: the line as it came
 *
 * Return: an exit status; it does not return where CRIU does all of it.
 */
int criu_name_beside(struct criu_line *line, const char *verb, char **plain);

#endif
