/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The runner of the suite. main.c starts a process for each case, its *trial*; trial.c takes the
 * case through dump and restore; the other files are what a trial needs. Nothing here is shared
 * with rebind: the two must not be wrong in the same way.
 *
 * A trial is a short-lived process: what it allocates is freed by its end. What it finds wrong is
 * said with complain() and the trial goes on; what it cannot go on without ends it with give_up().
 */
#ifndef ZDTM_RUNNER_H
#define ZDTM_RUNNER_H

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define EXIT_SKIPPED 77 /* of a case and of a trial */

/* --- text.c: strings that grow, lists of strings ---------------------------------------------- */

struct text {
	char *bytes; /* always terminated, once anything was added */
	size_t length;
};

struct list {
	char **items; /* NULL-terminated */
	size_t count;
};

void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_append(struct text *text, const void *bytes, size_t length);
void text_read_fd(struct text *text, int fd);
bool text_read_file(struct text *text, const char *path);
const char *text_string(const struct text *text);
char *format(const char *format, ...) __attribute__((format(printf, 1, 2)));
void list_add(struct list *list, const char *item);
void list_sort(struct list *list);
void *allocate(size_t size);

/* The lines of `text` that `other` does not have, sorted. */
struct list lines_only_in(const char *text, const char *other);

/* --- report.c --------------------------------------------------------------------------------- */

void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));
void quote_lines(const char *title, const char *text);
bool has_complaints(void);

/* --- card.c: what a case says of itself ------------------------------------------------------- */

struct card {
	bool outside; /* has a check that is made from outside */
	const char *about;
	const char *refused;  /* "never", "dump", "restore" */
	const char *flavours; /* "all", "host", "userns" */
	const char *reader;   /* NULL: every one */
	int status;
	struct list dump, restore, env, inherit, says, differs, creates;
};

struct mounts;

struct words {
	const char *scratch, *side;  /* the trial's directory; "old" or "new" */
	const char *build;	     /* where build/plugins/ is */
	const struct mounts *mounts; /* of the source, for @ID:...@ */
};

void card_read(struct card *card, const char *described, size_t length);
char *card_expand(const char *option, const struct words *words);

/* --- process.c -------------------------------------------------------------------------------- */

/* How a program is run; all but argv may be left out. */
struct launch {
	const char *const *argv;
	const char *directory;	    /* working directory */
	const struct list *env;	    /* NAME=VALUE to add */
	const struct list *inherit; /* N=PATH, N=tree:PATH: descriptors that it has */
	const char *log;	    /* file for stdout and stderr */
	pid_t inside;		    /* in the mount (and user) namespace of this process */
	bool inside_user;
	int program_fd; /* run this descriptor, not argv[0]; 0: no */
};

/* Exit status; 128 + signal; -ETIMEDOUT after the time that a step may take. */
int process_run(const struct launch *launch);
bool process_enter(pid_t pid, bool user);
void process_kill(pid_t pid);
struct list process_list(void); /* of the trial's pid namespace, itself left out */
bool process_wait_only(const struct list *expected, struct list *strangers);

/* --- mounts.c: a mountinfo text as a tree ----------------------------------------------------- */

struct mount {
	int id, parent_id;
	char *device, *root, *point, *flags, *type, *source, *options;
	int shared, master, outside; /* groups; 0: none */
	bool unbindable;
	bool foreign; /* its superblock is mounted outside, too */
	struct mount *parent;
	size_t index; /* in the table's order */
};

struct mounts {
	char *text;
	struct mount **all; /* parents first, siblings by mountpoint */
	size_t count;
};

struct mounts *mounts_parse(const char *text);
struct mounts *mounts_of(pid_t pid);
void mounts_mark_foreign(struct mounts *mounts, const struct mounts *host);
const struct mount *mounts_top_at(const struct mounts *mounts, const char *point, int from_top);
char *mounts_unescape(const char *field); /* a string as the mount has it */

/* --- contents.c: what the tmpfs mounts of a namespace hold -------------------------------------
 */

/* A listing for each mount, in the table's order; NULL for mounts that are not a tmpfs of ours. */
char **contents_read(pid_t pid, bool user, const struct mounts *mounts);
char *contents_tree(int directory_fd, bool with_times);

/* --- compare.c -------------------------------------------------------------------------------- */

struct snapshot {
	struct mounts *mounts;
	char **contents;
	const struct mounts *host; /* the table outside */
	const char *scratch;	   /* what external roots begin with, up to the side */
};

/* One line a difference: `path: field: old | new`. */
struct list compare_snapshots(const struct snapshot *old, const struct snapshot *new);

/* --- kernel.c --------------------------------------------------------------------------------- */

bool kernel_has_statmount(void); /* with every field that a mount table needs */
const char *kernel_cannot(const char *name,
			  bool userns); /* why a case cannot be run here, or NULL */
int kernel_slowness(void); /* by how much more time everything may take: REBIND_TEST_SLOW */

/* --- trial.c ---------------------------------------------------------------------------------- */

struct suite {
	const char *engine, *cases, *build, *flavour;
	bool rebind;	/* the engine is rebind: it has readers, and takes descriptors */
	bool statmount; /* the kernel has what that reader needs */
	bool diff;	/* it is asked for `diff`, too */
	bool verbose;
};

struct trial {
	const struct suite *suite;
	const char *name, *scratch;
	const char *reader; /* of rebind's, by which it reads mount tables; NULL: its choice */
};

void trial_run(const struct trial *trial);

#endif
