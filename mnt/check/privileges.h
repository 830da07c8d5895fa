/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Privileges that a dump or a restore needs and the caller lacks, reported before it starts. */
#ifndef REBIND_MNT_CHECK_PRIVILEGES_H
#define REBIND_MNT_CHECK_PRIVILEGES_H

#include "base/caps.h"
#include "model/findings.h"
#include "model/tree.h"

/**
 * privileges_check - a finding for each capability that is needed and missing
 * @work: bits of CAPS_*
 *
 * Without CAP_SYS_ADMIN only that is a finding: such a caller is not expected to have any.
 */
void privileges_check(unsigned int work, struct findings *findings);

/**
 * privileges_check_proc - a finding where /proc does not show this process
 *
 * We open namespaces and descriptors through /proc; that of another pid namespace would give those
 * of other processes. Return: 0 or -EINVAL.
 */
int privileges_check_proc(struct findings *findings);

/**
 * privileges_check_restore - the same, for a restore of these mounts
 * @new_ns: of the options: "pid,user", or NULL
 *
 * Before anything is done: half of a namespace, or files without their owners, would be useless.
 */
void privileges_check_restore(const char *new_ns, const struct mount_tree *tree,
			      struct findings *findings);

#endif
