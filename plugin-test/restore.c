// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whole restores: one that works, one that fails, one of two mounts. */
#include <fcntl.h>
#include <stdio.h>
#include <linux/major.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "plugin-test/kit.h"
#include "plugin-test/loops.h"
#include "api/namespace.h"
#include "mnt/restore.h"
#include "mnt/scan/scan.h"
#include "model/flags.h"

/* @why: what is wrong, of several sources the one that tells most. */
static int run_restore(struct kit *kit, const char *image, const char *root,
		       struct rebind_namespace **ret, char *why, size_t size)
{
	cleanup_findings struct findings findings = { 0 };
	cleanup_differences struct differences differences = { 0 };
	struct restore_result result;
	const struct rebind_restore_options options = {
		.size = sizeof(options),
		.images_dir = image,
		.root = root,
		.libdir = kit->file,
		.plugin_timeout = kit->options->plugin_timeout,
	};

	kit_listen(kit);
	int err = restore_run(&options, NULL, -EBADF, &findings, &differences, &result);

	if (differences.n)
		snprintf(why, size, "%s: %s: %s | %s", differences.list[0].path,
			 differences.list[0].field, differences.list[0].left,
			 differences.list[0].right);
	else
		snprintf(why, size, "%s", findings.n ? findings.list[0].text : kit_why(kit, err));
	return err ? err : namespace_new(NULL, &result, ret);
}

static int read_back(struct rebind_namespace *ns, struct mount_tree *tree)
{
	cleanup_target struct scan_target target = SCAN_TARGET_NONE;
	int err = scan_open(rebind_namespace_keep_fd(ns), &target);

	return err ? err : scan_read(&target, SCAN_BEST, tree);
}

static void say_restrictions(struct kit *kit, const struct mount *m)
{
	uint32_t wanted = kit->found->restrictions | MOUNT_ATTR_NOSUID;
	char have[96], want[96];

	kit_say(kit, (m->attributes & wanted) == wanted,
		"restrictions are the plugin's and the image's together", "has %s, is to have %s",
		flags_attr_text(m->attributes, have), flags_attr_text(wanted, want));
}

/* The dumped mount lives on: a volume on a loop device is attached. */
static void say_twin(struct kit *kit, const struct mount *m)
{
	static const char clause[] = "a file that is attached already is not attached once more";
	unsigned int device = MOUNT_DEV_MINOR(m->dev), twin;
	int found = kit_loop_twin(makedev(MOUNT_DEV_MAJOR(m->dev), device), &twin);

	if (MOUNT_DEV_MAJOR(m->dev) != LOOP_MAJOR)
		return;
	if (found < 0)
		kit_say(kit, false, clause, "loop devices cannot be looked at: %s",
			strerror(-found));
	else if (found)
		kit_say(kit, false, clause,
			"/dev/loop%u and /dev/loop%u have one file: each writes its own idea of "
			"the filesystem into it, and destroys it",
			device, twin);
	else
		kit_say(kit, true, clause, "/dev/loop%u", device);
}

static void say_mount(struct kit *kit, struct rebind_namespace *ns)
{
	cleanup_tree struct mount_tree tree = { .root = MOUNT_NONE };
	int err = read_back(ns, &tree);

	for (uint32_t i = 0; i < tree.n && !err; i++) {
		const struct mount *m = &tree.mounts[i];

		if (strcmp(m->mountpoint, kit->mountpoint) != 0)
			continue;
		say_restrictions(kit, m);
		say_twin(kit, m);
		return;
	}
	kit_say(kit, false, "the mount is at its mountpoint", "no mount at '%s': %s",
		kit->mountpoint, strerror(-err));
}

bool kit_test_restore(struct kit *kit, const char *image)
{
	static const char clause[] = "a restore succeeds, from an image directory that was moved";
	struct rebind_namespace *ns = NULL;
	char why[512];
	int err = run_restore(kit, image, KIT_BASE "/new-root", &ns, why, sizeof(why));

	if (err)
		return kit_last(kit, clause, "%s", why);
	kit_say(kit, true, clause, "compared with what was dumped");
	if (*kit->warning)
		kit_say(kit, false, "rebind has nothing to warn of", "%s", kit->warning);
	say_mount(kit, ns);
	rebind_namespace_free(ns);
	kit_check_host(kit, "a restore");
	return true;
}

/* The new root has no mountpoint: that is found when the plugin has mounted long since. */
bool kit_test_failure(struct kit *kit, const char *image)
{
	static const char clause[] = "exit(RESTORE, failure) returns";
	static const char loop_clause[] = "after a restore that failed no loop device is left";
	struct rebind_namespace *ns = NULL;
	char why[512];
	int loops = kit_loops(kit->source);
	int err = run_restore(kit, image, KIT_BASE "/bare-root", &ns, why, sizeof(why));

	if (!err) {
		rebind_namespace_free(ns);
		return kit_say(kit, false, clause, "a restore that had to fail did not");
	}
	/* A restore with a finding logs no error: whatever is there is about the plugin's end. */
	if (!kit_say(kit, !*kit->error, clause, "%s", *kit->error ? kit->error : "it does"))
		return false;
	kit_check_host(kit, "a restore that failed");
	int after = kit_loops(kit->source);

	if (loops < 0 || after < 0)
		kit_say(kit, false, loop_clause, "loop devices cannot be looked at");
	else if (after > loops)
		kit_say(kit, false, loop_clause, "%d more have the file of '%s'", after - loops,
			kit->source);
	return true;
}

bool kit_test_two(struct kit *kit)
{
	static const char clause[] =
		"two mounts at once, one on the other, are dumped and restored";
	struct rebind_namespace *ns = NULL;
	char why[512] = "", image[64];
	int err = kit_target_start(kit, 2);

	if (!err)
		err = kit_image("two", image);
	if (!err)
		err = kit_run_dump(kit, image, why, sizeof(why));
	if (!err)
		err = run_restore(kit, image, KIT_BASE "/new-root", &ns, why, sizeof(why));
	if (err)
		return kit_say(kit, false, clause, "%s", *why ? why : strerror(-err));
	rebind_namespace_free(ns);
	kit_say(kit, true, clause, "'%s', twice", kit->mountpoint);
	return kit_check_host(kit, "a restore of two");
}
