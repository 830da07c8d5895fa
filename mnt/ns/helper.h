/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The other namespaces: those that /proc, /sys, /dev/mqueue and cgroups belong to, and the user
 * namespace that owns the mounts. A namespace helper, a small process that lives in them, opens
 * filesystem contexts for the builder. In a new pid namespace it is the first process, and reaps
 * orphans.
 */
#ifndef REBIND_MNT_NS_HELPER_H
#define REBIND_MNT_NS_HELPER_H

#include <sys/types.h>

#include "include/rebind.h"
#include "mnt/ns/request.h"
#include "model/findings.h"

struct ns_helper {
	pid_t pid;   /* a child of the caller's */
	int sock;    /* requests to it */
	int user_fd; /* its user namespace, where the builder may have no /proc; or negative */
	int other_fds[NS_USER]; /* likewise, where it is not ours too; in the order of ns_kinds */
	bool has_user;		/* the mount namespace is its own: the builder enters it */
	bool has_pid;		/* a new pid namespace: it must live as long as that */
	bool has_lost;	/* a child with an unknown pid may be in it: until that is reaped, the first
			* process there is not either */
	bool joins_pid; /* a pid namespace that others are in: it must not outlive the restore there
			 */
};

#define NS_HELPER_NONE                                                                           \
	(struct ns_helper)                                                                       \
	{                                                                                        \
		.sock = -EBADF, .user_fd = -EBADF, .other_fds = { [0 ... NS_USER - 1] = -EBADF } \
	}

/**
 * ns_helper_check - check the values for ns_helper_start()
 *
 * Return: 0, also with findings, or a negative errno.
 */
int ns_helper_check(const char *const *join, size_t n_join, const char *new_ns,
		    struct findings *findings);

/**
 * ns_helper_start - join and make namespaces
 * @join: "pid:PID|FILE", "net:...", ...; @new_ns: "pid,net" or NULL
 * @above: with a user namespace: the id that the new mount namespace must be above, or 0
 * @ret: pid 0 if neither asks for anything
 *
 * Return: 0, or a negative errno (findings for malformed values, a log line for a failed step).
 */
int ns_helper_start(const char *const *join, size_t n_join, const char *new_ns, uint64_t above,
		    struct ns_helper *ret, struct findings *findings);

/**
 * ns_helper_fsopen - fsopen(2) in the helper's namespaces
 * @ns_helper: NULL or pid 0: in the caller's own
 *
 * Return: a descriptor or a negative errno.
 */
int ns_helper_fsopen(struct ns_helper *ns_helper, const char *fstype);

/**
 * ns_helper_launch - start a process of inside/ where the helper lives
 * @ns_helper: pid 0: where we do
 * @purpose: INSIDE_COMMAND; or INSIDE_HOLD, outside of the pid namespace: inside it would be a
 *           child of the first process, which may wait for all its children
 * @words_fd: of a command, else negative
 * @ret_pid: a child of the caller's
 *
 * Return: 0 or a negative errno.
 */
int ns_helper_launch(struct ns_helper *ns_helper, int purpose, int words_fd, pid_t *ret_pid,
		     int *ret_sock);

/**
 * ns_helper_enter - enter one of the helper's namespaces, "net" or the like, where it is not ours
 * too
 *
 * For a child, before it enters the user namespace; its own child is in a pid namespace that it
 * entered. Return: 0 or a negative errno.
 */
int ns_helper_enter(const struct ns_helper *ns_helper, const char *name);

/**
 * ns_helper_enter_user - become the root of the helper's user namespace, if it has one of its own
 *
 * For a child that does nothing else afterwards. Return: 0 or a negative errno.
 */
int ns_helper_enter_user(const struct ns_helper *ns_helper);

/**
 * ns_helper_hold - let a process of inside/ (the helper, or one that holds) enter a mount namespace
 *		 and stay there
 * @pid, @sock: that process
 * @root_fd: what becomes its root
 *
 * From then on it only answers ipc_go(), which releases it. Return: 0 or a negative errno.
 */
int ns_helper_hold(pid_t pid, int sock, int mntns_fd, int root_fd);

/**
 * ns_helper_hold_beside - before that: a child of the process holds another mount namespace, and
 *			    ends with it
 */
int ns_helper_hold_beside(pid_t pid, int sock, int mntns_fd, int root_fd);

/**
 * ns_helper_forget - give its process and socket up to another owner
 */
void ns_helper_forget(struct ns_helper *ns_helper);

/**
 * ns_helper_stop - end it, and with it all processes in its new pid namespace
 */
void ns_helper_stop(struct ns_helper *ns_helper);

#endif
