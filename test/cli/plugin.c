// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A plugin that behaves as REBIND_TEST_PLUGIN says: "good", or badly in one way. It claims mounts
 * whose mountpoint ends in "/plug"; their source is REBIND_TEST_SOURCE.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "criu-plugin.h"

static bool mode_is(const char *name)
{
	const char *mode = getenv("REBIND_TEST_PLUGIN");

	return mode && strcmp(mode, name) == 0;
}

static void crash(void)
{
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

static int dump(char *mountpoint, int id)
{
	size_t n = strlen(mountpoint);

	if (n < 5 || strcmp(mountpoint + n - 5, "/plug") != 0)
		return -ENOTSUP;
	if (mode_is("dump-crash"))
		crash();
	if (mode_is("slow"))
		usleep(1300000);
	if (mode_is("dump-hang"))
		sleep(1000);
	return mode_is("dump-fail") ? -EIO : 0;
}

static int mount_it(const char *mountpoint, const char *old_root)
{
	const char *source = getenv("REBIND_TEST_SOURCE");
	char path[4096];

	snprintf(path, sizeof(path), "%s%s", old_root, source ? source : "/");
	return mount(path, mountpoint, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

static int misbehave(const char *mountpoint, const char *old_root)
{
	if (mode_is("fail"))
		return -EIO;
	if (mode_is("decline"))
		return -ENOTSUP;
	if (mode_is("positive"))
		return 1;
	if (mode_is("absent"))
		return 0;
	if (mode_is("crash"))
		crash();
	if (mode_is("exit"))
		exit(3);
	if (mode_is("hang"))
		sleep(1000);
	if (mode_is("ready") && write(STDOUT_FILENO, "ready\n", 6) == 6)
		sleep(1000);
	if (mode_is("slow"))
		usleep(1300000);
	if (mode_is("symlink"))
		return symlink("/etc", mountpoint) < 0 ? -errno : 0;
	if (mkdir(mountpoint, 0755) < 0)
		return -errno;
	if (mode_is("nothing"))
		return 0;
	int err = mount_it(mountpoint, old_root);

	if (!err && mode_is("twice"))
		err = mount_it(mountpoint, old_root);
	if (mode_is("extra") && mkdir("/left-behind", 0755) < 0)
		return -errno;
	if (mode_is("unmount-root"))
		umount2(old_root, MNT_DETACH);
	if (mode_is("share"))
		mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL);
	if (mode_is("daemon") && fork() == 0) {
		setsid();
		sleep(1000);
		_exit(0);
	}
	return err;
}

static int restore(int id, char *mountpoint, char *old_root, int *is_file)
{
	*is_file = mode_is("wrong-kind");
	return misbehave(mountpoint, old_root);
}

static int init(int stage)
{
	if (mode_is("init-crash"))
		crash();
	return mode_is("init-fail") ? -EACCES : 0;
}

static int late(void)
{
	if (mode_is("late-crash"))
		crash();
	return mode_is("late-fail") ? -EIO : 0;
}

static void fini(int stage, int ret)
{
	if (mode_is("exit-crash"))
		crash();
}

CR_PLUGIN_REGISTER("test", init, fini)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_MOUNT, dump)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT, restore)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__POST_FORKING, late)
