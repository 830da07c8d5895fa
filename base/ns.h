/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Namespaces: their kinds, those of a process, and whether two are one (namespaces(7)). */
#ifndef REBIND_BASE_NS_H
#define REBIND_BASE_NS_H

#include <sys/types.h>

#include "base/util.h"

/* All but the mount namespace. */
enum { NS_KINDS = 6, NS_USER = NS_KINDS - 1, NS_PID = NS_USER - 1 };

struct ns_kind {
	const char *name; /* below /proc/PID/ns */
	int flag;	  /* CLONE_NEW* */
};

/* The user namespace last: joining it takes away what joining the others needs. */
extern const struct ns_kind ns_kinds[NS_KINDS];

/**
 * ns_kind_named - the index of a kind ("net", ...), or NS_KINDS: there is none of this name
 * @size: of @name, which need not end there
 */
size_t ns_kind_named(const char *name, size_t size);

/**
 * ns_open - a descriptor of a process's namespace, or a negative errno
 * @pid: 0: our own
 * @name: as below /proc/PID/ns: "mnt", "net", ...
 *
 * -ESRCH: there is no such process.
 */
int ns_open(pid_t pid, const char *name);

/**
 * ns_is_own - is this descriptor one of the namespace that we are in
 */
bool ns_is_own(int fd, const char *name);

/**
 * ns_differs - is this namespace of the process another than ours
 *
 * Return: 1, 0 or a negative errno.
 */
int ns_differs(pid_t pid, const char *name);

#endif
