/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Child processes that do not outlive their parent. */
#ifndef REBIND_BASE_CHILD_H
#define REBIND_BASE_CHILD_H

#include <poll.h>
#include <sys/types.h>

#include "base/util.h"

/**
 * child_fork - fork a child that the kernel kills when its parent's thread ends
 *
 * Return: as fork(2), with a negative errno. The child has the parent's memory, descriptors and
 * log; so that it can enter namespaces of others, it is not dumpable (PR_SET_DUMPABLE): no
 * process there can inspect it. What the parent does with SIGCHLD is not the child's: it waits for
 * children of its own. Nor does it look at what cancels the parent (cancel.h).
 */
pid_t child_fork(void);

/**
 * child_lock, child_unlock - no other thread forks by child_fork() in between
 *
 * For an end of a socket or a pipe that is closed after a fork because the child alone is to have
 * it: a child of another thread that inherited it would keep the connection open.
 */
void child_lock(void);
void child_unlock(void);

/**
 * child_fork_locked - child_fork() between child_lock() and child_unlock(); in the child, it is
 * unlocked
 */
pid_t child_fork_locked(void);

/**
 * child_fork_socket - child_fork(), with a socket between the two
 * @ret_sock: the end of the process that returns, who owns it; it has no other, so that each sees
 *	      when the other one is gone. Of a failure there is none: negative
 *
 * Return: as child_fork().
 */
pid_t child_fork_socket(int *ret_sock);

/**
 * child_hide - not dumpable, and killed when the parent ends
 *
 * child_fork() has done it. A change of ids, of capabilities or of the user namespace undoes both
 * (prctl(2)), so it is done again after each. Return: 0 or a negative errno.
 */
int child_hide(void);

/**
 * child_become_root - become the root of the user namespace that was entered, hidden as before
 *
 * Return: 0 or a negative errno.
 */
int child_become_root(void);

enum { CHILD_POLL_MAX = 4 };

/**
 * child_poll - poll(2) without a time limit, for what a child has to say
 * @pid: the child; 0 for none
 * @n: up to CHILD_POLL_MAX
 *
 * Others in a namespace that it is in can stop it, and it would be waited for until they let it go
 * on. It is killed then, with a log line, and is seen to have ended.
 *
 * Return: 0 or a negative errno: -ECANCELED by cancel.h.
 */
int child_poll(pid_t pid, struct pollfd *wait, nfds_t n);

/** child_await - child_poll() for one socket. */
int child_await(pid_t pid, int sock);

/** child_recv - child_await(), then fd_recv(), with its parameters and its result */
ssize_t child_recv(pid_t pid, int sock, void *data, size_t size, int *ret_fd);

/**
 * child_await_sibling - child_await() for a process that is a child of our own parent
 * @pidfd: of the process
 *
 * Only /proc tells whether it is stopped: without one, it is waited for.
 */
int child_await_sibling(pid_t pid, int pidfd, int sock);

/**
 * child_wait - reap a child
 * @ret_status: as of waitpid(2); may be NULL
 *
 * One that stays stopped is killed, as by child_poll(). Where SIGCHLD is ignored, or another thread
 * waits for any child, the status is lost: the child has ended, and counts as one that exited with
 * 0. So a result is sent over a socket, not by the status alone. Return: 0 if it exited with status
 * 0; else -ECHILD for any other end, or a negative errno.
 */
int child_wait(pid_t pid, int *ret_status);

/**
 * child_wait_program - child_wait() for a program of the user's, which may be stopped for as long
 * as the user likes
 */
int child_wait_program(pid_t pid, int *ret_status);

/**
 * child_status - a wait status as a shell has it: 128 + N for signal N
 */
int child_status(int wait_status);

/**
 * child_wait_errno - reap a child that exits with an errno, or 0
 *
 * Return: 0, the errno that it ended with, negative, -ECHILD for any other end.
 */
int child_wait_errno(pid_t pid);

/**
 * child_kill - SIGKILL and reap a child of ours; @pid <= 0 does nothing and it is 0 afterwards
 *
 * A number that is no child's of ours any more is left alone.
 */
void child_kill(pid_t *pid);
#define cleanup_child cleanup(child_kill)

/**
 * child_end - let a child of ours end by itself, kill it after that, and reap it
 * @patience: milliseconds
 */
void child_end(pid_t *pid, int patience);

/**
 * child_keep_heap - keep what is freed, up to 8 MiB, for what is allocated next
 *
 * For a child that takes and gives back the same buffers thousands of times: the kernel, asked each
 * time, fills each page with zeros. Never for the caller's own process. (Of glibc; another C
 * library does as it likes.)
 */
void child_keep_heap(void);

/**
 * child_before_exec - mark this process as one that has not executed its program yet
 * @proc_fd: a /proc
 *
 * Return: a descriptor for child_has_executed(), or a negative errno (no /proc).
 */
int child_before_exec(int proc_fd);

/**
 * child_has_executed - wait until a process has executed its program, or has ended without
 * @marked_fd: what child_before_exec() returned to it
 *
 * The process need not be a child of ours; one that has executed a program and is reaped already
 * counts as ended without. Return: whether it has.
 */
bool child_has_executed(int marked_fd);

/**
 * child_trim_heap - give back what is free between what is in use, where it may be much
 * @n: of so many things
 */
void child_trim_heap(size_t n);

/**
 * child_close_from - close every descriptor from @first on (close_range(2), or one by one)
 */
void child_close_from(int first);

#endif
