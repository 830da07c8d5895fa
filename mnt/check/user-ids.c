// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A filesystem of a user namespace can only have the ids that its maps have. An image has the ids of
 * the namespace that was dumped, as the caller sees them; another one may lack them, and the kernel
 * refuses each where it is set: EINVAL, when half of the mounts stand.
 */
#include "mnt/check/user-ids.h"

#include <fcntl.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/caps.h"
#include "base/fd.h"
#include "image/image.h"
#include "mnt/contents/contents.h"
#include "mnt/contents/rules.h"
#include "mnt/ns/request.h"
#include "mnt/scan/option-ids.h"
#include "model/attribute-ids.h"
#include "model/filesystem.h"
#include "model/ids.h"

#define HELP "--new-ns user instead of --join-ns user:, or join one that has the id"

struct check {
	const struct rebind_restore_options *options;
	const struct mount_idmap *map;
	int image_dir_fd;
	uint64_t memory;
	struct findings *findings;
};

/* Return: 1, 0: no user namespace is joined; or a negative errno, which others have a finding for.
 */
static int read_joined(const struct rebind_restore_options *options, struct mount_idmap *ret)
{
	cleanup_findings struct findings ignored = { 0 };
	cleanup_ns_request struct ns_request request = { 0 };

	ns_request_read(options->join_ns, options->n_join_ns, NULL, &request, &ignored);
	if (request.join[NS_USER] < 0)
		return 0;
	int err = option_ids_read_user(request.join[NS_USER], ret);

	return err ? err : 1;
}

/* Then no archive need be read. */
static bool has_all(const struct mount_id_extent *uid, uint32_t n_uid,
		    const struct mount_id_extent *gid, uint32_t n_gid)
{
	return n_uid == 1 && n_gid == 1 && uid->count == UINT32_MAX && gid->count == UINT32_MAX;
}

/* Return: whether there is a finding. */
static bool look_at_options(const struct check *check, const struct mount *m)
{
	const char *word;
	uint32_t id;

	/* devpts takes any. */
	if (filesystem_type_of(m->fstype) != FILESYSTEM_TYPE_TMPFS ||
	    !ids_options_lack(check->map, m, &word, &id))
		return false;
	findings_mount(check->findings, FINDING_NO_ID, m, HELP,
		       "its option %s=%u is an id that the user namespace to be joined does not "
		       "have",
		       word, id);
	return true;
}

static void look_at_archive(struct check *check, const struct mount *m)
{
	struct archive_fault fault = { "" };
	struct mount_contents done = { 0 };
	char name[64];
	cleanup_fd int in = caps_openat(check->image_dir_fd, image_contents_name(m, name),
					O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (in < 0)
		return;
	struct archive_rules rules =
		contents_rules(check->options, in, m, m->contents, &check->memory);

	rules.policy = ARCHIVE_LIST_ONLY | ARCHIVE_ANY_DEVICES;
	rules.within = check->map;
	if (archive_unpack(in, -EBADF, &rules, &done, NULL, NULL, NULL, &fault) == -EOVERFLOW)
		findings_mount(check->findings, FINDING_NO_ID, m, HELP,
			       "its contents have an id that the user namespace to be joined does "
			       "not have: %s",
			       fault.text);
}

static void look_at_sockets(const struct check *check, const struct mount *m)
{
	const struct mount_idmap *map = check->map;

	for (uint32_t i = 0; m->contents && i < m->contents->n_sockets; i++) {
		const struct mount_socket *socket = &m->contents->sockets[i];

		if (ids_has(map->uid, map->n_uid, socket->uid) &&
		    ids_has(map->gid, map->n_gid, socket->gid))
			continue;
		findings_mount(check->findings, FINDING_NO_ID, m, HELP,
			       "its socket '%s' has an id that the user namespace to be joined "
			       "does not have: user %u, group %u",
			       socket->path, socket->uid, socket->gid);
	}
	for (uint32_t i = 0; m->contents && i < m->contents->n_attributes; i++) {
		const struct mount_attribute *at = &m->contents->attributes[i];

		if (attribute_ids_has(map, at->name, at->value, at->size) != 1)
			findings_mount(check->findings, FINDING_NO_ID, m, HELP,
				       "an ACL of a socket in it names an id that the user "
				       "namespace to be joined does not have");
	}
}

void user_ids_check(const struct rebind_restore_options *options, const struct mount_tree *tree,
		    int image_dir_fd, struct findings *findings)
{
	cleanup(option_ids_free_maps) struct mount_idmap map = { 0 };
	struct check check = {
		.options = options,
		.map = &map,
		.image_dir_fd = image_dir_fd,
		.findings = findings,
	};

	if (read_joined(options, &map) <= 0 || has_all(map.uid, map.n_uid, map.gid, map.n_gid))
		return;
	if (ids_outside(map.uid, map.n_uid, 0) == UINT32_MAX ||
	    ids_outside(map.gid, map.n_gid, 0) == UINT32_MAX) {
		findings_add(findings, FINDING_NO_ID, 0, NULL, HELP,
			     "the user namespace to be joined has no root: its maps lack id 0");
		return;
	}
	tree_for_each (i, tree) {
		const struct mount *m = &tree->mounts[i];

		if (m->owner != MOUNT_INTERNAL)
			continue;
		if (tree_first_of_superblock(tree, m) == i && look_at_options(&check, m))
			continue;
		if (contents_is_first(tree, m) && !contents_are_elsewhere(m)) {
			look_at_archive(&check, m);
			look_at_sockets(&check, m);
		}
	}
}
