/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pidfile is opened before anything is done, so that it cannot fail when the work is over. It has
 * no name until the pid is in it: a rebind that is killed in between leaves no file, and a process
 * that waits for the file never reads half a number.
 *
 * rebind releases the process that the file names only later. If rebind is killed in between (a
 * reader of the file may do that), that process ends, too, and a guard removes the file: a child
 * that does nothing else.
 */
#ifndef REBIND_CMD_PIDFILE_H
#define REBIND_CMD_PIDFILE_H

#include <sys/types.h>

#include "base/util.h"

struct pidfile {
	const char *path;
	int fd;
	bool unnamed; /* to be linked to its path */
	bool created; /* where the filesystem has no unnamed files: made by us, and ours to remove
		       */
	bool is_new, written;
	pid_t holder; /* that the file names already, and that lives; or 0 */
	pid_t guard;  /* or 0 */
	int guard_fd;
};

/**
 * pidfile_open - an existing file, or one that does not exist yet
 *
 * A file that names a process which holds a namespace is not opened: who ends that process finds it
 * by the file.
 *
 * Return: 0 or a negative errno, -EEXIST with pidfile->holder; @pidfile is to be given to
 * pidfile_close() in both cases.
 */
int pidfile_open(struct pidfile *pidfile, const char *path);

/**
 * pidfile_write - the pid and a newline, in place of what was there
 *
 * Return: 0 or a negative errno.
 */
int pidfile_write(struct pidfile *pidfile, pid_t pid);

/**
 * pidfile_take_back - what was written names no process: the file goes, or is empty again
 */
void pidfile_take_back(struct pidfile *pidfile);

/**
 * pidfile_holder - the process that the file names, if it lives and holds a namespace; or 0
 */
pid_t pidfile_holder(const struct pidfile *pidfile);

/**
 * pidfile_end_holder - kill the process that a file names, if it holds a namespace, and take the
 *			name back, without the file's descriptor
 */
void pidfile_end_holder(const struct pidfile *pidfile);

/* Dismisses the guard: the process is released. Removes a file that was never written. */
void pidfile_close(struct pidfile *pidfile);
#define cleanup_pidfile cleanup(pidfile_close)

#endif
