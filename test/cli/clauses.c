// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A plugin that keeps its contract, but for the one clause that BREAK names. It takes mounts at
 * /data; their source is in SOURCE, a directory or a file.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "criu-plugin.h"

static int is(const char *name)
{
	const char *mode = getenv("BREAK");

	return mode && strcmp(mode, name) == 0;
}

static void crash(void)
{
	signal(SIGABRT, SIG_DFL);
	abort();
}

/* "WHERE-crash", "WHERE-exit", ...; Return: what the hook is to return, 0 if nothing is broken. */
static int misbehave(const char *where)
{
	const char *mode = getenv("BREAK");
	size_t n = strlen(where);

	if (!mode || strncmp(mode, where, n) != 0 || mode[n] != '-')
		return 0;
	mode += n + 1;
	if (strcmp(mode, "crash") == 0)
		crash();
	if (strcmp(mode, "exit") == 0)
		exit(3);
	while (strcmp(mode, "hang") == 0)
		pause();
	if (strcmp(mode, "noise") == 0)
		puts("how noisy");
	if (strcmp(mode, "leak") == 0)
		return open("/dev/null", O_RDONLY) < 0;
	if (strcmp(mode, "positive") == 0)
		return 1;
	return strcmp(mode, "fail") == 0 ? -EIO : 0;
}

static void leave_process(void)
{
	if (fork() == 0) {
		setsid();
		pause();
		_exit(0);
	}
}

static void *hermit(void *ready)
{
	unshare(CLONE_FS);
	pthread_barrier_wait(ready);
	pause();
	return NULL;
}

static void start_hermit(void)
{
	static pthread_barrier_t ready;
	pthread_t thread;

	pthread_barrier_init(&ready, NULL, 2);
	pthread_create(&thread, NULL, hermit, &ready);
	pthread_barrier_wait(&ready);
}

static const char *record_name(int id, char name[64])
{
	snprintf(name, 64, "clauses-%d", id);
	return name;
}

static int dump(char *mountpoint, int id)
{
	char name[64];
	int err;

	if (is("dump-declines"))
		return -ENOTSUP;
	if (strcmp(mountpoint, "./data") != 0) {
		err = misbehave("unknown");
		return err < 0 ? err : -ENOTSUP;
	}
	if (is("dump-mounts"))
		mount("left", "/mnt", "tmpfs", 0, NULL);
	if (is("dump-daemon"))
		leave_process();
	if (is("forgets"))
		return 0;
	err = misbehave("dump");
	return err ? err : mknodat(criu_get_image_dir(), record_name(id, name), S_IFREG | 0600, 0);
}

static int make_point(const char *mountpoint, int is_file)
{
	if (is("wants-mountpoint"))
		return access(mountpoint, F_OK);
	if (is_file)
		return mknod(mountpoint, S_IFREG | 0600, 0);
	return mkdir(mountpoint, 0700);
}

/* What is there beside the mount. */
static int leave_things(const char *mountpoint, const char *source)
{
	char name[4200];

	if (is("leaves-directory"))
		return mkdir("/left-behind", 0755);
	if (is("leaves-mount"))
		return mkdir("/left-behind", 0755) < 0
			       ? -1
			       : mount("left", "/left-behind", "tmpfs", 0, NULL);
	if (is("mounts-twice"))
		return mount(source, mountpoint, NULL, MS_BIND, NULL);
	snprintf(name, sizeof(name), "%s/of-the-plugin", source);
	if (is("changes-host"))
		return mkdir(name, 0700) < 0 && errno != EEXIST ? -1 : 0;
	if (is("daemon"))
		leave_process();
	if (is("hermit"))
		start_hermit();
	return 0;
}

/* The file that LOOP_FILE names, on a device of its own each time; or on the one that it has. */
static int mount_loop(const char *mountpoint)
{
	static const char again[] = "losetup -f --show \"$LOOP_FILE\"";
	static const char once[] = "losetup -nO NAME -j \"$LOOP_FILE\" | head -n 1";
	FILE *out = popen(is("attaches-again") ? again : once, "r");
	char device[64] = "", command[128];
	int got = out && fgets(device, sizeof(device), out);

	if (out)
		pclose(out);
	device[strcspn(device, "\n")] = '\0';
	if (!got || mount(device, mountpoint, "ext4", 0, NULL) < 0)
		return -1;
	/* Of one in use: detached with its last mount. */
	snprintf(command, sizeof(command), "losetup -d %s", device);
	return is("attaches-again") ? system(command) : 0;
}

static int mount_source(char *mountpoint, const char *old_root, int *is_file)
{
	char source[4096];
	struct stat st;

	snprintf(source, sizeof(source), "%s%s", old_root, getenv("SOURCE"));
	if (stat(source, &st) < 0)
		return -ENXIO;
	*is_file = is("is-file") ? S_ISDIR(st.st_mode) : !S_ISDIR(st.st_mode);
	if (is("no-mountpoint"))
		return 0;
	if (make_point(mountpoint, !S_ISDIR(st.st_mode)) < 0)
		return -errno;
	if (is("mounts-nothing"))
		return 0;
	if (getenv("LOOP_FILE") ? mount_loop(mountpoint) < 0
				: mount(source, mountpoint, NULL, MS_BIND, NULL) < 0)
		return -errno;
	if (is("read-only"))
		mount(NULL, mountpoint, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL);
	return leave_things(mountpoint, source) < 0 ? -errno : 0;
}

static int restore(int id, char *mountpoint, char *old_root, int *is_file)
{
	char name[64];
	int err;

	if (faccessat(criu_get_image_dir(), record_name(id, name), F_OK, 0) < 0) {
		err = misbehave("foreign");
		return err		 ? err
		       : is("takes-all") ? mount_source(mountpoint, old_root, is_file)
					 : -ENOTSUP;
	}
	err = misbehave("restore");
	return err ? err : mount_source(mountpoint, old_root, is_file);
}

static int start(int stage)
{
	int err = misbehave("init");

	return err ? err : stage == CR_PLUGIN_STAGE__RESTORE ? misbehave("init2") : 0;
}

static void end(int stage, int ret)
{
	misbehave("end");
	if (stage == CR_PLUGIN_STAGE__RESTORE && ret)
		misbehave("undo");
}

static int late(void)
{
	return misbehave("late");
}

#ifdef BY_NAME
int cr_plugin_init(void)
{
	return start(0);
}

void cr_plugin_fini(void)
{
	end(0, late());
}

int cr_plugin_dump_ext_mount(char *mountpoint, int id)
{
	return dump(mountpoint, id);
}

int cr_plugin_restore_ext_mount(int id, char *mountpoint, char *old_root, int *is_file)
{
	return restore(id, mountpoint, old_root, is_file);
}
#else
CR_PLUGIN_REGISTER("clauses", start, end)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_MOUNT, dump)
#ifdef WITHOUT_RESTORE
void *clauses_unused = restore;
#else
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT, restore)
#endif
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__POST_FORKING, late)
#endif

#ifdef WITH_OTHERS
static int dump_socket(int fd, int id)
{
	int value = 0;
	socklen_t size = sizeof(value);

	(void)id;
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &size) < 0 || value != AF_UNIX)
		return -EINVAL;
	return misbehave("sk");
}

static int restore_socket(int id)
{
	int err = misbehave("rsk");

	(void)id;
	return err ? err : socket(AF_UNIX, SOCK_STREAM, 0);
}

static int dump_file(int fd, int id)
{
	(void)fd;
	(void)id;
	return -ENOTSUP;
}

static int restore_file(int id, bool *retry_needed)
{
	static int asked;

	(void)id;
	*retry_needed = !asked++ || is("file-again");
	return *retry_needed ? -EAGAIN : is("file-none") ? 900 : open("/dev/null", O_RDONLY);
}

static int dump_link(int index, int type, char *kind)
{
	(void)index;
	(void)type;
	return misbehave("link") ? -EIO : strcmp(kind, "veth") == 0 ? 0 : -ENOTSUP;
}

CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_UNIX_SK, dump_socket)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_UNIX_SK, restore_socket)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_FILE, dump_file)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_FILE, restore_file)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_LINK, dump_link)
#endif
