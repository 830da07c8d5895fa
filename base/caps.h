/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Privileges. Nothing is done with a capability in effect but what needs it:
 *
 *   enter, build   SYS_ADMIN (mounts, namespaces), SYS_CHROOT (chroot, setns), SYS_PTRACE
 *                  (namespaces of others in /proc)
 *   contents       CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID, MKNOD, SETFCAP
 *   user namespace SETUID, SETGID (its maps, and to become its root)
 *
 * Reading an image and planning need none, beside opening the files of another user.
 */
#ifndef REBIND_BASE_CAPS_H
#define REBIND_BASE_CAPS_H

#include "base/util.h"

/* The sets of a thread, a bit for each capability. */
struct caps_state {
	bool known;
	uint64_t effective, permitted, inheritable;
};

/**
 * caps_hold - empty the effective set of this thread, and remember it
 *
 * Return: what caps_release() puts back.
 */
struct caps_state caps_hold(void);
void caps_release(struct caps_state *state);
#define cleanup_caps cleanup(caps_release)

/**
 * caps_raise - put every permitted capability of the list above into the effective set
 *
 * Return: 0 or a negative errno.
 */
int caps_raise(void);

/**
 * caps_drop - empty the effective set again
 */
int caps_drop(void);

/**
 * caps_openat - openat(2) without O_CREAT, of what may be another user's
 *
 * Where it is not allowed as things are, it is tried with caps_raise(). Only for the call itself:
 * what is in effect is as before when it returns.
 *
 * Return: a descriptor that the caller owns, or a negative errno.
 */
int caps_openat(int dir_fd, const char *name, int flags);

/**
 * caps_lend - for a moment, what is in effect is what caps_hold() found
 *
 * Return: what caps_release() puts back.
 */
struct caps_state caps_lend(const struct caps_state *held);

/* What is done with them. */
enum {
	CAPS_OPEN = 1,	   /* the namespaces of a process with more capabilities */
	CAPS_ENTER = 2,	   /* a mount namespace */
	CAPS_BUILD = 4,	   /* a mount namespace */
	CAPS_USER = 8,	   /* the maps of a new user namespace */
	CAPS_PACK = 16,	   /* contents */
	CAPS_UNPACK = 32,  /* contents, as they were */
	CAPS_SPECIAL = 64, /* contents, if there are devices and file capabilities among them */
	/* Of these, one by one. */
	CAPS_DEVICES = 128,
	CAPS_FILE_CAPS = 256,
	CAPS_FLAGS = 512,
};

/* One capability of the list above. */
struct caps_need {
	const char *name;   /* "cap_sys_admin" */
	const char *reason; /* "mount, move, unmount; enter namespaces" */
	unsigned int work;
	bool permitted;
};

/**
 * caps_needs - which capabilities rebind uses, and which of them this thread may raise
 *
 * Return: their number; @ret points to a list of this thread's, which the next call fills again.
 */
size_t caps_needs(const struct caps_need **ret);

/**
 * caps_lacks - is this one not permitted, and needed for one of these
 * @work: bits of the list above
 */
bool caps_lacks(const struct caps_need *need, unsigned int work);

enum { CAPS_TEXT = 160 };

/**
 * caps_without - what an error may be due to: " without cap_a, cap_b"
 * @err: what was seen; for all but -EPERM and -EACCES the text is empty
 *
 * Return: @buf.
 */
const char *caps_without(int err, unsigned int work, char buf[CAPS_TEXT]);

/**
 * caps_has_admin - may this process mount: is CAP_SYS_ADMIN permitted
 */
bool caps_has_admin(void);

#endif
