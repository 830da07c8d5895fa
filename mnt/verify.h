/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The namespace that was built, compared with the plan. */
#ifndef REBIND_MNT_VERIFY_H
#define REBIND_MNT_VERIFY_H

#include "mnt/scan/scan.h"
#include "model/compare.h"

/**
 * verify_namespace - read a namespace back, from outside, and compare it with the plan's tree
 * @ns_fd: the nsfs descriptor
 * @builder: a process in it
 * @ns_helper: a process in the other new namespaces, or 0
 * @attributes: by mount, the attributes expected instead of the planned ones; or NULL
 *
 * Return: 0; -ESTALE with differences; or a negative errno, logged.
 */
int verify_namespace(int ns_fd, pid_t builder, pid_t ns_helper, enum scan_reader reader,
		     const struct mount_tree *planned, const uint32_t *attributes,
		     struct differences *differences);

#endif
