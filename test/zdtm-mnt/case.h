/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a case of the suite is made of. One source file is one case: it fills in `zdtm_case`, and
 * case.c makes a program of it that the runner calls with verbs (README.md, "A case").
 *
 * Every helper either does what it says or ends the program with a sentence on stderr and exit
 * status 1, so that a case reads as a list of facts.
 */
#ifndef ZDTM_CASE_H
#define ZDTM_CASE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 0x2000
#endif

/* A list of strings for the fields below. */
#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

enum zdtm_refused { REFUSED_NEVER, REFUSED_AT_DUMP, REFUSED_AT_RESTORE };

enum zdtm_flavour {
	FLAVOUR_ALL,	/* every flavour can build it */
	FLAVOUR_HOST,	/* needs the host's user namespace */
	FLAVOUR_USERNS, /* makes sense in a user namespace only */
};

/* Options, `env`, `says` and `creates` may hold substitutions, README.md "Substitutions". */
struct zdtm_case {
	const char *about; /* one sentence: what must be true */

	const char *const *dump;    /* options of dump */
	const char *const *restore; /* options of restore */
	const char *const *env;	    /* NAME=VALUE for both */
	const char *const *inherit; /* N=PATH: restore has PATH open as N; N=tree:PATH: its clone */
	void (*describe)(void);	    /* adds options by dump_option() and restore_option() */

	void (*prepare)(void); /* outside, once for each side, in the side's directory */
	void (*build)(void);   /* inside the new root, in the directory of sources */
	void (*settle)(void);  /* inside, after the host's mounts are gone */
	void (*alter)(void);   /* outside, in the new side's directory, before the restore */
	void (*check)(void);   /* inside; of the namespace built, then of the one restored */
	void (*outside)(void); /* outside, in the side's directory, after each check() */

	enum zdtm_refused refused; /* which command has to fail */
	int status;		   /* with which exit status; 0: 1 */
	const char *const *says;   /* what its message has to contain, each of them */

	const char *const *differs; /* differences wanted: the beginnings of their lines */
	const char *const *creates; /* what restore may add to the new root */
	enum zdtm_flavour flavours;
	const char *reader; /* "statmount", "mountinfo": the one that this is about */
};

extern const struct zdtm_case zdtm_case;

/* Of what the case describes itself with. */
void dump_option(const char *format, ...) __attribute__((format(printf, 1, 2)));
void restore_option(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Which of the two sides the program works on: false the one that is dumped. */
bool on_new_side(void);

/* Ends build(): this kernel cannot do what the case is about. */
_Noreturn void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Sources, made by prepare(): a directory with a file `marker`, or a file. Their text names the
 * side, so that a check can tell the new volume from the old one.
 */
void volume(const char *name);
void volume_file(const char *name);

/* A map for plugins/bindmount-example, `map` in the side's directory: mountpoint, source, ... */
void plugin_map(const char *const *words);

/* Files and directories. Missing parents are made. */
void make_dir(const char *path);
void make_file(const char *path, const char *text);
void make_link(const char *path, const char *target);
void make_node(const char *path, mode_t mode, unsigned int major, unsigned int minor);

/* Mounts. The mountpoint is made when it is missing, as a file where the source is one. */
void mount_new(const char *type, const char *path, unsigned long flags, const char *options);
void mount_named(const char *source, const char *type, const char *path, unsigned long flags,
		 const char *options);
void bind(const char *source, const char *path);	 /* a relative source: one of prepare()'s */
void bind_host(const char *host_path, const char *path); /* a path of the host's, absolute */
void bind_ro(const char *source, const char *path);	 /* with the per-mount flag ro */
void attributes(const char *path, unsigned long long set); /* MOUNT_ATTR_*, of one mount */
void allow(const char *path, unsigned long long clear);	   /* MOUNT_ATTR_* to take away */
void propagation(const char *path, unsigned long flag);	   /* MS_SHARED and its like */
void unmount(const char *path);
/* 0 to 999 become `outside` and what follows. In settle(), with a /proc: the kernel makes no user
 * namespace while the host's root is stacked on ours. */
void map_ids(const char *path, uid_t outside);
void map_ids_by(const char *path, const char *uids, const char *gids); /* as in /proc/PID/uid_map */

/* Facts, for check(). */
void expect_fact(bool fact, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The fact first: what is said of it may be about errno. */
#define expect(fact, ...)                        \
	do {                                     \
		bool fact_ = (fact);             \
		expect_fact(fact_, __VA_ARGS__); \
	} while (0)

void expect_text(const char *path, const char *text);
void expect_volume(const char *path, const char *name);	     /* made by volume() on this side */
void expect_volume_file(const char *path, const char *name); /* made by volume_file() */
void expect_absent(const char *path);
void expect_mode(const char *path, mode_t mode); /* type and permissions */
void expect_owner(const char *path, uid_t uid, gid_t gid);
void expect_type(const char *path, const char *type);
void expect_not_type(const char *path, const char *type);
void expect_flags(const char *path, unsigned long flags); /* exactly these of ST_* */
void expect_readonly(const char *directory);
void expect_writable(const char *directory);
void expect_mounts(const char *path, int count); /* how many are mounted exactly there */
void expect_one_superblock(const char *path, const char *other);

/* A mount made at `path` appears at each of `seen`, at none of `unseen`, and goes again with all
 * that it brought. */
void expect_propagation(const char *path, const char *const *seen, const char *const *unseen);

/* In outside(): something done in the namespace that check() has just seen. */
void inside(void (*work)(void));

/* The facts that are true where the mount at `path` is not, in a copy of the namespace. */
void without(const char *path, void (*check)(void));

/* `call` returned -1 with this errno. */
#define expect_errno(call, error)                                                                \
	do {                                                                                     \
		errno = 0;                                                                       \
		long expect_result_ = (long)(call);                                              \
		int expect_errno_ = errno;                                                       \
		expect(expect_result_ == -1 && expect_errno_ == (error), "%s: returned %ld, %s", \
		       #call, expect_result_, strerror(expect_errno_));                          \
	} while (0)

#endif
