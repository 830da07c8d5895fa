/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors: owned by exactly one variable, closed by leaving its scope. */
#ifndef REBIND_BASE_FD_H
#define REBIND_BASE_FD_H

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/util.h"

/**
 * fd_close - close a descriptor and forget it
 * @fd: the variable that owns it; negative means that it owns none
 *
 * errno is kept, so that this serves as a cleanup after a failed call.
 */
void fd_close(int *fd);

#define cleanup_fd cleanup(fd_close)

/**
 * fd_take - move ownership out of a variable
 * @fd: the owner; it is -EBADF afterwards
 */
int fd_take(int *fd);

/**
 * fd_write_all - write a whole buffer, whatever the kernel takes at a time
 *
 * Return: 0 or a negative errno.
 */
int fd_write_all(int fd, const void *data, size_t size);

/**
 * fd_read_full - read until @size bytes are there or the file ends
 *
 * Return: the number of bytes read, or a negative errno.
 */
ssize_t fd_read_full(int fd, void *data, size_t size);

/**
 * fd_slurp - read a whole file into memory, with a NUL behind it
 * @fd: read from its current offset to its end; works for files of /proc
 * @ret_data: malloc()ed, owned by the caller; untouched on failure
 * @ret_size: length without the NUL
 *
 * Return: 0 or a negative errno.
 */
int fd_slurp(int fd, char **ret_data, size_t *ret_size);

/**
 * fd_slurp_at_most - the same; -EFBIG if there is more than @limit
 */
int fd_slurp_at_most(int fd, size_t limit, char **ret_data, size_t *ret_size);

/**
 * fd_send - send a message and up to one descriptor over an AF_UNIX socket
 * @fd: descriptor to pass (SCM_RIGHTS), or negative for none
 *
 * Return: 0 or a negative errno. Never raises SIGPIPE.
 */
int fd_send(int sock, const void *data, size_t size, int fd);

/** fd_send_parts - the same, of a message in several parts */
int fd_send_parts(int sock, struct iovec *parts, size_t n, int fd);

/**
 * fd_recv - receive a message and at most one descriptor
 * @data, @size: filled with one message; a longer one is -EMSGSIZE
 * @ret_fd: the descriptor that came along (O_CLOEXEC), or -EBADF; may be NULL
 *
 * Return: bytes of the message, 0 when the other side has closed, or a negative errno: -ECANCELED
 * by cancel.h.
 */
ssize_t fd_recv(int sock, void *data, size_t size, int *ret_fd);

/**
 * fd_pair - a connected pair of AF_UNIX SOCK_SEQPACKET sockets, close-on-exec
 *
 * Return: 0 or a negative errno.
 */
int fd_pair(int ret_pair[2]);

/* Whether a caller has asked for more open files. */
struct fd_limit {
	bool is_raised;
};

/**
 * fd_limit_raise, fd_limit_lower - the soft limit of open files (RLIMIT_NOFILE) is the hard one
 *
 * It belongs to the process: it goes back when it has been lowered as often as it was raised, in
 * whichever threads.
 */
struct fd_limit fd_limit_raise(void);
void fd_limit_lower(struct fd_limit *limit);
#define cleanup_fd_limit cleanup(fd_limit_lower)

/**
 * fd_limit_lend, fd_limit_take_back - lower it for a call of what is not ours
 * @least: not below that
 */
void fd_limit_lend(size_t least);
void fd_limit_take_back(void);

/**
 * fd_limit_in_child - in a forked child: the limit as the program set it, for what it executes
 */
void fd_limit_in_child(void);

/**
 * fd_proc_path - the name of a descriptor below /proc/self/fd
 * @buf: at least 32 bytes
 *
 * Return: @buf.
 */
const char *fd_proc_path(int fd, char buf[32]);

/**
 * fd_open_dir - opendir(3) relative to a directory
 * Return: a stream that the caller closes, or NULL with errno.
 */
DIR *fd_open_dir(int dir_fd, const char *name);

/**
 * fd_next_entry - readdir(3), which tells a directory's end from a failure
 * @ret: valid until the next call; "." and ".." are left out
 *
 * Return: 1, 0 at the end, or a negative errno: then there are entries that were not seen.
 */
int fd_next_entry(DIR *dir, const struct dirent **ret);

void fd_close_dir(DIR **dir);
#define cleanup_dirp cleanup(fd_close_dir)

/* The same of a stream that was only read: fclose(3) has nothing to say then. */
void fd_close_file(FILE **file);
#define cleanup_file cleanup(fd_close_file)

/* Descriptors that are to be closed, one number behind the other: one call closes them. */
struct fd_run {
	int first;
	unsigned int n;
};

/**
 * fd_run_add - close it, now or with those that come behind it
 * @fd: taken; negative for none
 *
 * Some 64 wait at the most.
 */
void fd_run_add(struct fd_run *run, int *fd);

/**
 * fd_run_close - close those that wait
 */
void fd_run_close(struct fd_run *run);

/**
 * fd_same_file - are these two descriptors of one file, or of one namespace
 */
bool fd_same_file(int left, int right);

#endif
