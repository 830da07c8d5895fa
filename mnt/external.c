// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/external.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/names.h"
#include "base/path.h"
#include "mnt/singles.h"
#include "mnt/submounts.h"
#include "mnt/source/device.h"
#include "mnt/ipc/mount-log.h"
#include "model/advice.h"
#include "model/filesystem.h"
#include "model/set.h"

#define MOUNTPOINTS_HELP "list the mountpoints with rebind show"

/* @name: of set_find_name() */
static int stat_at(const struct external_input *in, const char *name, uint32_t ns,
		   struct sys_mount_stat *ret)
{
	const struct mount *root = &in->tree->mounts[tree_root_of(in->tree, ns)];
	const char *number =
		tree_index(in->tree, root) == in->tree->root ? NULL : strchr(name, ':');
	cleanup_fd int fd = path_open_in_root(scan_target_of(in->target, root)->root_fd,
					      number ? number + 1 : name);

	if (fd < 0)
		return fd;
	/* The tree finds it by the old id. Another mount can have got that only by a change, and that
	 * is noticed. */
	return sys_mount_stat(fd, "", AT_EMPTY_PATH | SYS_STAT_OLD_ID, ret);
}

/* The visible mount at PATH, with symlinks resolved in the target's root. */
static struct mount *mount_at(struct external_input *in, const char *option, const char *path)
{
	struct sys_mount_stat stat = { 0 };
	uint32_t ns;
	cleanup_free char *name = set_find_name(in->tree, path, &ns);
	/* Spelled as the kernel spells it: then the tree tells, and no symlink can be on the way.
	 */
	struct mount *m = name ? visible_at(in->tree, in->visible, name) : NULL;
	int err = m ? 0 : name ? stat_at(in, name, ns, &stat) : -ENOMEM;
	bool lenient = in->options->lenient && strcmp(option, "--external") == 0;

	if (m)
		return m;
	if (err && lenient)
		return NULL;
	if (err) {
		findings_add(in->findings, FINDING_OPTION, 0, path, MOUNTPOINTS_HELP,
			     "%s names '%s', which is not there: %s", option, path, strerror(-err));
		return NULL;
	}
	m = tree_find(in->tree, stat.old_id);
	if (m && stat.is_mount_root)
		return m;
	if (lenient)
		return NULL;
	findings_add(in->findings, FINDING_OPTION, 0, path, MOUNTPOINTS_HELP,
		     "%s names '%s', which is not a mountpoint of the namespace", option, path);
	return NULL;
}

static void declare(struct external_input *in, struct mount *m, const char *key)
{
	if (m->owner == MOUNT_EXTERNAL) {
		findings_mount(in->findings, FINDING_DECLARED_TWICE, m, "give it one of the two",
			       "declared as external twice, with the keys '%s' and '%s'", m->key,
			       key);
		return;
	}
	if (m->owner == MOUNT_ROOT) {
		findings_mount(
			in->findings, FINDING_OPTION, m, NULL,
			"the root of the namespace cannot be external: --root of the restore is its source");
		return;
	}
	m->key = arena_copy(&in->tree->strings, key, strlen(key));
	m->owner = MOUNT_EXTERNAL;
}

/* A filesystem can be on a device and have a number of its own: btrfs, which may be on several. */
static const struct mount *mounted_from(const struct external_input *in, uint32_t device)
{
	for (uint32_t i = 0; i < in->tree->n; i++) {
		const struct mount *m = &in->tree->mounts[i];
		struct sys_mount_stat stat;

		if (*m->source == '/' && device_mounts(m->fstype) &&
		    sys_mount_stat(AT_FDCWD, m->source, 0, &stat) == 0 && S_ISBLK(stat.mode) &&
		    MOUNT_DEV(stat.rdev_major, stat.rdev_minor) == device)
			return m;
	}
	return NULL;
}

static void refuse_device(struct external_input *in, const struct external_option *option)
{
	const struct mount *m = mounted_from(in, option->id);
	char help[64];

	if (!m) {
		findings_add(
			in->findings, FINDING_OPTION, 0, NULL, NULL,
			"--external names the device %u/%u, of which nothing is mounted in the namespace",
			MOUNT_DEV_MAJOR(option->id), MOUNT_DEV_MINOR(option->id));
		return;
	}
	snprintf(help, sizeof(help), "--external dev[%u/%u]:KEY", MOUNT_DEV_MAJOR(m->dev),
		 MOUNT_DEV_MINOR(m->dev));
	findings_mount(
		in->findings, FINDING_OPTION, m, help,
		"--external names its device %u/%u, but the mount table has the number %u/%u for it",
		MOUNT_DEV_MAJOR(option->id), MOUNT_DEV_MINOR(option->id), MOUNT_DEV_MAJOR(m->dev),
		MOUNT_DEV_MINOR(m->dev));
}

/* dev[MAJ/MIN]:KEY takes every mount of a block device. */
static void declare_device(struct external_input *in, const struct external_option *option)
{
	uint32_t i = table_get(&in->tree->by_dev, option->id);
	char source[256];

	if (i == TABLE_NONE) {
		refuse_device(in, option);
		return;
	}
	int n = snprintf(source, sizeof(source), "dev[%s]", option->value);

	for (; i != MOUNT_NONE; i = in->tree->mounts[i].sb_next) {
		struct mount *m = &in->tree->mounts[i];

		if (m->owner == MOUNT_ROOT)
			continue; /* --root is its source */
		declare(in, m, MOUNT_KEY_DEVICE);
		m->source = arena_copy(&in->tree->strings, source,
				       n < (int)sizeof(source) ? (size_t)n : sizeof(source) - 1);
	}
}

static void declare_externals(struct external_input *in)
{
	for (size_t i = 0; i < in->options->n; i++) {
		const struct external_option *option = &in->options->list[i];
		cleanup_free char *path = strndup(option->inside, option->size);
		struct mount *m = NULL;

		if (option->what == EXTERNAL_OPTION_DEVICE)
			declare_device(in, option);
		else if (option->what == EXTERNAL_OPTION_ID)
			m = tree_find(in->tree, option->id);
		else if (path)
			m = mount_at(in, "--external", path);
		if (!m && option->what == EXTERNAL_OPTION_ID)
			findings_add(in->findings, FINDING_OPTION, option->id, NULL, NULL,
				     "--external names mount %u, which the namespace does not have",
				     option->id);
		if (m)
			declare(in, m, option->value);
	}
}

static void skip_subtree(struct mount_tree *tree, uint32_t top)
{
	for (uint32_t i = top;;) {
		tree->mounts[i].owner = MOUNT_SKIPPED;
		if (tree->mounts[i].first_child != MOUNT_NONE) {
			i = tree->mounts[i].first_child;
			continue;
		}
		while (i != top && tree->mounts[i].next == MOUNT_NONE)
			i = tree->mounts[i].parent;
		if (i == top)
			return;
		i = tree->mounts[i].next;
	}
}

static void declare_skipped(struct external_input *in)
{
	for (size_t i = 0; i < in->n_skip_mnt; i++) {
		struct mount *m = mount_at(in, "--skip-mnt", in->skip_mnt[i]);

		if (m && m->owner == MOUNT_ROOT)
			findings_mount(in->findings, FINDING_OPTION, m, NULL,
				       "the root cannot be skipped");
		else if (m)
			skip_subtree(in->tree, tree_index(in->tree, m));
	}
}

/* --copy: the superblocks of these mounts may be copied although the caller has them mounted too.
 */
static int declare_copies(struct external_input *in, struct table *copied)
{
	for (size_t i = 0; i < in->n_copy; i++) {
		const struct mount *m = mount_at(in, "--copy", in->copy[i]);
		int err = m ? table_put(copied, m->dev, 1, NULL) : 0;

		if (err)
			return err;
	}
	return 0;
}

/* --enable-fs names it, or it needs no such word. */
static bool is_enabled(const struct external_input *in, const struct filesystem *fs)
{
	if (!fs || !(fs->flags & FILESYSTEM_ON_REQUEST))
		return true;
	for (size_t i = 0; i < in->n_enable_fs; i++)
		if (strcmp(in->enable_fs[i], fs->name) == 0)
			return true;
	return false;
}

/* Rule 3: a filesystem that we create, or a part of one, or of the new root's. */
static bool is_internal(const struct external_input *in, unsigned int consent,
			const struct mount *m)
{
	const struct mount *root = &in->tree->mounts[in->tree->root];
	const struct filesystem *fs = filesystem_find(m->fstype);

	if (m->dev == root->dev) {
		const char *rest = path_rest_below(m->root, root->root);

		/* A deleted root is created again below the new root, which was not deleted. */
		return rest && (!m->deleted || (*rest && !root->deleted));
	}
	/* Only where the filesystem is ours, too, can its root be made and deleted again. */
	if (m->deleted && (!fs || !(fs->flags & FILESYSTEM_CONTENTS)))
		return false;
	if (!fs || (!(consent & EXTERNAL_ENABLED) && !is_enabled(in, fs)))
		return false;
	if (fs->flags & FILESYSTEM_SINGLE)
		return !singles_gives_way(in, m);
	/* CRIU opens it again; what a restore gets of it is read from the image. */
	if (filesystem_shows_terminal(m->fstype, m->root) && !in->has_processes)
		return false;
	const struct mount *first = &in->tree->mounts[tree_first_of_superblock(in->tree, m)];

	/* If nothing else of the filesystem is mounted, only the deleted root is visible. */
	if (!mount_is_fsroot(first) && !tree_is_all_deleted(in->tree, m))
		return false;
	if (m->deleted && first->owner == MOUNT_EXTERNAL)
		return false;
	return (fs->flags & FILESYSTEM_OF_NAMESPACE) || (consent & EXTERNAL_COPIED) ||
	       table_get(&in->callers->by_dev, m->dev) == TABLE_NONE;
}

bool external_would_be_internal(const struct external_input *in, const struct mount *m,
				unsigned int consent)
{
	return is_internal(in, consent, m);
}

/* One superblock and root can be at several places; a mount that is covered by another tells of
 * none. */
static int index_callers(const struct external_input *in, struct root_index *ret)
{
	int err = 0;

	for (uint32_t i = 0; i < in->callers->n && !err; i++)
		if (visible_at(in->callers, in->callers_visible,
			       in->callers->mounts[i].mountpoint) == &in->callers->mounts[i])
			err = root_index_add(ret, i);
	return err;
}

int external_decide(struct external_input *in)
{
	cleanup_table struct table copied = { 0 };
	cleanup(submounts_free) struct submounts submounts = { 0 };

	in->tree->mounts[in->tree->root].owner = MOUNT_ROOT;
	int err = declare_copies(in, &copied);

	if (err)
		return err;
	declare_externals(in);
	declare_skipped(in);
	err = submounts_decide(in, &submounts);
	for (uint32_t i = 0; i < in->tree->n; i++) {
		struct mount *m = &in->tree->mounts[i];

		if (m->owner == MOUNT_UNDECIDED &&
		    is_internal(in, table_get(&copied, m->dev) != TABLE_NONE ? EXTERNAL_COPIED : 0,
				m))
			m->owner = MOUNT_INTERNAL;
	}
	return err ? err : submounts_follow(in, &submounts);
}

int external_ask_plugins(struct mount_tree *tree, struct hooks_host *host)
{
	if (!host || !hooks_has(host, CR_PLUGIN_HOOK__DUMP_EXT_MOUNT))
		return 0;
	tree_for_each (i, tree) {
		struct mount *m = &tree->mounts[i];
		cleanup_free char *dotted = NULL;

		if (!m->need_plugin)
			continue;
		if (asprintf(&dotted, ".%s", mount_path(m)) < 0)
			return -ENOMEM;
		struct mount_log log;

		mount_log_begin(&log, m);
		int err = hooks_dump_mount(host, dotted, (int)m->id);

		mount_log_end(&log);
		if (err && err != -ENOTSUP)
			return err;
		if (!err)
			m->owner = MOUNT_PLUGIN;
	}
	return 0;
}

static int collect_groups(const struct mount_tree *callers, struct table *groups)
{
	int err = 0;

	for (uint32_t i = 0; i < callers->n && !err; i++)
		if (callers->mounts[i].shared)
			err = table_put(groups, callers->mounts[i].shared, i, NULL);
	return err;
}

int external_mark_shared(struct external_input *in)
{
	cleanup_table struct table groups = { 0 };
	int err = collect_groups(in->callers, &groups);

	for (uint32_t i = 0; i < in->tree->n && !err; i++) {
		struct mount *m = &in->tree->mounts[i];

		m->host_shared = m->shared && table_get(&groups, m->shared) != TABLE_NONE;
	}
	return err;
}

/* The caller's mounts by superblock and root, and its peer groups. */
struct detector {
	struct root_index callers;
	struct table groups;
};

static void detector_free(struct detector *d)
{
	table_free(&d->callers.table);
	table_free(&d->groups);
}

static int detector_open(const struct external_input *in, struct detector *ret)
{
	ret->callers.tree = in->callers;
	int err = index_callers(in, &ret->callers);

	return err ? err : collect_groups(in->callers, &ret->groups);
}

/* The form of mnt[] that would claim it: EXTERNAL_AUTO_*. */
static unsigned int words_for(const struct detector *d, const struct mount *m)
{
	unsigned int words = EXTERNAL_AUTO;

	if (m->shared && table_get(&d->groups, m->shared) != TABLE_NONE)
		words |= EXTERNAL_AUTO_SHARING;
	if (m->master && table_get(&d->groups, m->master) != TABLE_NONE)
		words |= EXTERNAL_AUTO_MASTERS;
	return words;
}

static unsigned int words_given(const struct external_options *options)
{
	return (options->automatic ? EXTERNAL_AUTO : 0) |
	       (options->auto_sharing ? EXTERNAL_AUTO_SHARING : 0) |
	       (options->auto_masters ? EXTERNAL_AUTO_MASTERS : 0);
}

/* Does the path lead to that very mount of the caller's, not to one that covers it or a part of it?
 */
static bool leads_to(const struct external_input *in, const struct mount *host, const char *path)
{
	struct sys_mount_stat stat;

	return sys_mount_stat(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | scan_stat_flags(in->callers),
			      &stat) == 0 &&
	       scan_is_mount(host, &stat);
}

/* Where the caller has it: @ret_path is malloc()ed, or NULL. Return: 0 or -ENOMEM. */
static int find_at_callers(const struct external_input *in, const struct detector *d,
			   const struct mount *m, char **ret_path)
{
	const char *rest;
	const struct mount *host =
		m->deleted ? NULL : root_index_find(&d->callers, m->dev, m->root, &rest);
	cleanup_free char *path = host ? path_join(host->mountpoint, rest) : NULL;

	*ret_path = NULL;
	if (!host)
		return 0;
	if (!path)
		return -ENOMEM;
	if (leads_to(in, host, path)) {
		*ret_path = path;
		path = NULL;
	}
	return 0;
}

static int detect_one(struct external_input *in, const struct detector *d, struct mount *m)
{
	cleanup_free char *path = NULL;
	int err = find_at_callers(in, d, m, &path);

	if (err || !path)
		return err;
	m->source = arena_copy(&in->tree->strings, path, strlen(path));
	m->key = MOUNT_KEY_AUTO;
	m->owner = MOUNT_EXTERNAL;
	return m->source ? 0 : -ENOMEM;
}

static bool is_unclaimed(const struct mount *m)
{
	return m->need_plugin && m->owner == MOUNT_UNDECIDED;
}

/* mnt[*]. Of several mounts at one path the one on top has the plain name. */
static int name_one(struct external_input *in, struct names *keys, struct mount *m)
{
	bool plain = advice_is_seen(in->tree, m) &&
		     names_get(keys, mount_shown(m), strlen(mount_shown(m))) == TABLE_NONE;
	cleanup_free char *key = NULL;

	if ((plain ? asprintf(&key, "%s", mount_shown(m))
		   : asprintf(&key, "%s#%u", mount_shown(m), m->id)) < 0) {
		key = NULL;
		return -ENOMEM;
	}
	m->key = arena_copy(&in->tree->strings, key, strlen(key));
	m->owner = MOUNT_EXTERNAL;
	return m->key ? names_put(keys, m->key, strlen(m->key), m->id) : -ENOMEM;
}

static int name_all(struct external_input *in)
{
	cleanup_names struct names keys = { 0 };
	int err = 0;

	for (uint32_t i = 0; i < in->tree->n && !err; i++) {
		const char *key = in->tree->mounts[i].key;

		if (key)
			err = names_put(&keys, key, strlen(key), i);
	}
	tree_for_each (i, in->tree)
		if (!err && is_unclaimed(&in->tree->mounts[i]))
			err = name_one(in, &keys, &in->tree->mounts[i]);
	return err;
}

int external_detect(struct external_input *in)
{
	cleanup(detector_free) struct detector d = { 0 };
	unsigned int given = words_given(in->options);
	int err = given ? detector_open(in, &d) : 0;

	for (uint32_t i = 0; i < in->tree->n && !err && (given & EXTERNAL_AUTO); i++) {
		struct mount *m = &in->tree->mounts[i];

		if (is_unclaimed(m) && !(words_for(&d, m) & ~given))
			err = detect_one(in, &d, m);
	}
	return err || !in->options->by_mountpoint ? err : name_all(in);
}

int external_look_ahead(const struct external_input *in, uint8_t *ret_words)
{
	cleanup(detector_free) struct detector d = { 0 };
	int err = detector_open(in, &d);

	for (uint32_t i = 0; i < in->tree->n && !err; i++) {
		const struct mount *m = &in->tree->mounts[i];
		cleanup_free char *path = NULL;

		if (!is_unclaimed(m))
			continue;
		err = find_at_callers(in, &d, m, &path);
		ret_words[i] = path ? (uint8_t)words_for(&d, m) : 0;
	}
	return err;
}
