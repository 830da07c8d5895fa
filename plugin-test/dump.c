// SPDX-License-Identifier: LGPL-2.1-or-later
/* The dump: each hook by itself, then all of it. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "hooks/process.h"
#include "image/image.h"
#include "mnt/dump.h"
#include "plugin-test/kit.h"
#include "hooks/mount-info.h"
#include "mnt/scan/scan.h"

#define UNKNOWN	   "./rebind/plugin/test"
#define UNKNOWN_ID 2147480000
#define ASKED	   8 /* times, to see whether anything grows */

static int read_target(struct kit *kit, struct mount_tree *tree)
{
	cleanup_target struct scan_target target = SCAN_TARGET_NONE;
	cleanup_fd int ns_fd = scan_ns_of_pid(kit->target);
	int err = ns_fd < 0 ? ns_fd : scan_open(ns_fd, &target);

	return err ? err : scan_read(&target, SCAN_BEST, tree);
}

static void ask_unknown(struct kit *kit, struct hooks_host *host)
{
	int before = kit_descriptors(host->supervisor), err = 0;
	char answer[64];

	kit_listen(kit);
	for (int i = 0; i < ASKED && (!err || err == -ENOTSUP); i++)
		err = hooks_dump_mount(host, UNKNOWN, UNKNOWN_ID + i);
	int after = kit_descriptors(host->supervisor);
	bool ok = !err || err == -ENOTSUP;

	kit_say(kit, ok, "DUMP_EXT_MOUNT answers 0 or -ENOTSUP for a mount that it does not know",
		"%s", ok ? kit_answer(err, answer) : kit_why(kit, err));
	if (before > 0 && after > 0)
		kit_say(kit, after - before < ASKED,
			"asked for others' mounts it leaks no descriptor",
			"%d open, %d after being asked %d times", before, after, ASKED);
}

bool kit_test_hooks_of_dump(struct kit *kit)
{
	cleanup_tree struct mount_tree tree = { .root = MOUNT_NONE };
	struct hooks_host *host = NULL;
	char image[64];
	int err = read_target(kit, &tree);

	if (!err)
		err = kit_image("hooks", image);
	cleanup_fd int image_fd = err ? err : open(image, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct hooks_options options = {
		.libdir = kit->file,
		.stage = CR_PLUGIN_STAGE__DUMP,
		.image_dir_fd = image_fd,
		.timeout = kit->options->plugin_timeout,
		.mount_info = mount_info_find,
		.data = &tree,
	};

	kit_listen(kit);
	err = image_fd < 0 ? image_fd : hooks_start(&options, &host);
	if (err || !host)
		return kit_last(kit, "init(DUMP) answers 0", "%s", kit_why(kit, err));
	kit_say(kit, true, "init(DUMP) answers 0", "0");
	if (kit_has(kit, CR_PLUGIN_HOOK__DUMP_EXT_MOUNT))
		ask_unknown(kit, host);
	kit_test_dump_others(kit, host);
	bool alive = !host->failed;

	kit_listen(kit);
	err = hooks_finish(host, 0);
	if (!alive || err)
		return kit_last(kit, "exit(DUMP, 0) returns", "%s",
				alive ? kit_why(kit, err) : "its process has ended before");
	kit_say(kit, true, "exit(DUMP, 0) returns", "it does");
	return true;
}

int kit_run_dump(struct kit *kit, const char *image, char *why, size_t size)
{
	cleanup_findings struct findings findings = { 0 };
	cleanup_changes struct changes changes = { 0 };
	const struct rebind_dump_options options = {
		.size = sizeof(options),
		.pid = kit->target,
		.images_dir = image,
		.libdir = kit->file,
		.plugin_timeout = kit->options->plugin_timeout,
	};

	kit_listen(kit);
	int err = dump_run(&options, NULL, &findings, &changes);

	/* The one finding that a plugin makes by declining. */
	snprintf(why, size, "%s", findings.n ? findings.list[0].text : kit_why(kit, err));
	return err;
}

static bool is_own_file(const char *name)
{
	return *name == '.' || strcmp(name, "inventory.img") == 0 ||
	       strncmp(name, "mountpoints-", 12) == 0;
}

static void say_state(struct kit *kit, const char *image)
{
	static const char clause[] = "what it has to remember is in the image directory";
	cleanup_dirp DIR *dir = opendir(image);
	const struct dirent *entry;
	char first[300] = "";
	int n = 0, more = dir ? 0 : -errno;

	while (dir && (more = fd_next_entry(dir, &entry)) > 0)
		if (!is_own_file(entry->d_name) && !n++)
			snprintf(first, sizeof(first), "%s", entry->d_name);
	if (more < 0)
		kit_say(kit, false, clause, "it cannot be listed: %s", strerror(-more));
	else if (n)
		kit_say(kit, true, clause, "%d file%s: %s", n, n == 1 ? "" : "s", first);
	else
		kit_say(kit, true, clause,
			"nothing: rebind_mount_info() tells the mountpoint of an id");
}

static bool is_taken(struct kit *kit, const char *image)
{
	cleanup_findings struct findings findings = { 0 };
	cleanup_tree struct mount_tree tree = { .root = MOUNT_NONE };
	cleanup_fd int fd = open(image, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct image_info info;

	if (fd < 0 || image_read(fd, 0, &tree, &info, &findings))
		return false;
	for (uint32_t i = 0; i < tree.n; i++)
		if (tree.mounts[i].owner == MOUNT_PLUGIN)
			return strcmp(tree.mounts[i].mountpoint, kit->mountpoint) == 0;
	return false;
}

bool kit_test_dump(struct kit *kit, const char *image)
{
	static const char clause[] = "a dump succeeds, and the mount is the plugin's";
	char why[512], path[64];
	int err = kit_image(strrchr(image, '/') + 1, path);

	if (!err)
		err = kit_run_dump(kit, image, why, sizeof(why));
	if (err == -EINVAL)
		return kit_last(kit, clause,
				"it did not take '%s': --mountpoint names one that is its own, "
				"--source what is mounted there",
				kit->mountpoint);
	if (err)
		return kit_last(kit, clause, "%s", why);
	if (!is_taken(kit, image))
		return kit_last(kit, clause, "the image has no plugin's mount at '%s'",
				kit->mountpoint);
	kit_say(kit, true, clause, "'%s'", kit->mountpoint);
	say_state(kit, image);
	return kit_check_host(kit, "a dump");
}
