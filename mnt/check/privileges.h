/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is missing of the privileges that a dump or a restore takes: said before anything is done.
 */
#ifndef REBIND_MNT_CHECK_PRIVILEGES_H
#define REBIND_MNT_CHECK_PRIVILEGES_H

#include "base/caps.h"
#include "model/findings.h"
#include "model/tree.h"

/**
 * privileges_check - a finding for each capability that is needed and not there
 * @work: bits of CAPS_*
 *
 * Without CAP_SYS_ADMIN that alone is said: such a caller is not meant to have any.
 */
void privileges_check(unsigned int work, struct findings *findings);

/**
 * privileges_check_proc - a finding where /proc does not show this process
 *
 * Namespaces and descriptors have their names there; with the /proc of another pid namespace they
 * would be those of others. Return: 0 or -EINVAL.
 */
int privileges_check_proc(struct findings *findings);

/**
 * privileges_check_restore - the same, for what a restore of these mounts takes
 * @new_ns: of the options: "pid,user", or NULL
 *
 * Before anything is done: half of a namespace, or files without their owners, would be useless.
 */
void privileges_check_restore(const char *new_ns, const struct mount_tree *tree,
			      struct findings *findings);

#endif
