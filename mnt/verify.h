/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The namespace that was built, compared with the plan. */
#ifndef REBIND_MNT_VERIFY_H
#define REBIND_MNT_VERIFY_H

#include "mnt/scan/set.h"
#include "model/compare.h"

struct verify_input {
	int ns_fd;	 /* nsfs */
	pid_t builder;	 /* a process in it */
	pid_t ns_helper; /* a process in the other new namespaces, or 0 */
	enum scan_reader reader;
	const struct mount_tree *planned;
	/* What each mount has to have where that is not what was planned, or NULL. */
	const uint32_t *attributes;
	struct differences *differences;
};

/**
 * verify_namespace - read a namespace back, from outside, and compare it with the plan's tree
 *
 * Return: 0; -ESTALE with differences; or a negative errno, logged.
 */
int verify_namespace(const struct verify_input *input);

/**
 * verify_set - the same for a set, with the peers and slaves across its namespaces
 * @built: not open yet, with the numbers that the plan has
 */
int verify_set(struct scan_set *built, const struct verify_input *input);

#endif
