/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a dump is told to dump: one mount namespace, or a set of them. */
#ifndef REBIND_MNT_DUMP_TARGET_H
#define REBIND_MNT_DUMP_TARGET_H

#include "include/rebind.h"
#include "mnt/scan/set.h"
#include "model/findings.h"

/**
 * dump_target_open - the namespaces that the options name
 * @ret: empty; to be freed also on failure
 *
 * Return: 0, also with findings; or a negative errno, logged.
 */
int dump_target_open(const struct rebind_dump_options *options, struct scan_set *ret,
		     struct findings *findings);

/**
 * dump_target_check_own - is the caller's own namespace among them
 *
 * If there are findings already, for most of what is wrong follows from it: it stands first then.
 * Return: 0 or -ENOMEM.
 */
int dump_target_check_own(const struct rebind_dump_options *options, const struct scan_set *set,
			  struct findings *findings);

/**
 * dump_target_is_unchanged - as scan_set_is_unchanged(); and no process of the tree has a namespace
 * that was not there
 */
int dump_target_is_unchanged(const struct rebind_dump_options *options, struct scan_set *set,
			     const struct mount_tree *tree);

#endif
