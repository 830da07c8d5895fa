// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/source/host-groups.h"

#include "base/table.h"

struct decision {
	enum rebind_sharing policy;
	struct mount_tree *tree;
	const struct sources *sources;
	struct findings *findings;
};

uint32_t host_groups_of(const struct sources *sources, uint32_t mount)
{
	uint32_t group = sources->of[mount].group;

	return group == MOUNT_NONE ? 0 : sources->groups[group].shared;
}

static const char *why_no_group(const struct mount *m)
{
	return m->owner == MOUNT_PLUGIN ? "a plugin's mount cannot join a group of the host"
					: "its source is in none";
}

/* A master that is not in the image is a peer group of the host's: that of the source, or none. */
static int decide_master(const struct decision *d, uint32_t i)
{
	struct mount *m = &d->tree->mounts[i];

	if (d->policy != REBIND_SHARING_PRIVATE && host_groups_of(d->sources, i))
		return 0;
	if (d->policy == REBIND_SHARING_STRICT)
		return findings_mount(
			d->findings, FINDING_SHARING, m, "--sharing slave or --sharing private",
			"it was a slave of a peer group outside, and %s", why_no_group(m));
	m->master = 0;
	return 0;
}

/* A peer group of the host's likewise. Under --sharing slave the mount hears of the host, but not
 * it of us. */
static void decide_peers(const struct decision *d, uint32_t i)
{
	struct mount *m = &d->tree->mounts[i];

	if (d->policy == REBIND_SHARING_STRICT && !host_groups_of(d->sources, i))
		findings_mount(d->findings, FINDING_SHARING, m,
			       "--sharing slave or --sharing private",
			       "it shared a peer group with the host, and %s", why_no_group(m));
	if (d->policy == REBIND_SHARING_SLAVE && host_groups_of(d->sources, i)) {
		m->master = m->shared;
		m->shared = 0;
	}
	if (d->policy != REBIND_SHARING_STRICT)
		m->host_shared = false;
}

int host_groups_decide(enum rebind_sharing policy, struct mount_tree *tree,
		       const struct sources *sources, struct findings *findings)
{
	struct decision d = { policy, tree, sources, findings };
	cleanup_table struct table groups = { 0 };
	int err = 0;

	for (uint32_t i = 0; i < tree->n; i++)
		if (tree->mounts[i].host_shared)
			decide_peers(&d, i);
	for (uint32_t i = 0; i < tree->n && !err; i++)
		if (tree->mounts[i].shared)
			err = table_put(&groups, tree->mounts[i].shared, i, NULL);
	for (uint32_t i = 0; i < tree->n && !err; i++) {
		const struct mount *m = &tree->mounts[i];

		/* The group of the caller's has the master it has. */
		if (m->master && !m->host_shared && table_get(&groups, m->master) == TABLE_NONE)
			decide_master(&d, i);
	}
	return err;
}
