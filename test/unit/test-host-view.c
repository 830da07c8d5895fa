// SPDX-License-Identifier: LGPL-2.1-or-later
/* The namespace that waits until mounts are built in it: it shows what the caller sees. */
#include "mnt/host-view.h"
#include "test/unit/help.h"

/* In a child in the view. */
static void enter(int view, void (*look)(void))
{
	struct space space = { .ns_fd = view };

	help_inside(&space, look);
}

static void must_exist(const char *path)
{
	struct stat st;

	help_must(stat(path, &st));
}

static void must_not_exist(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0) {
		fprintf(stderr, "%s is there\n", path);
		_exit(98);
	}
}

static void sees_what_comes_later(void)
{
	must_exist("/tmp/shared/later/file");
	must_not_exist("/tmp/own/later/file");
	help_must(mount("inner", "/tmp/shared/later", "tmpfs", 0, NULL));
	help_write("/tmp/shared/later/inner", "");
	help_must(umount2("/tmp/own", MNT_DETACH));
}

static void it_hears_of_the_callers_mounts_and_tells_nothing_back(void **state)
{
	help_must(mkdir("/tmp/shared", 0755));
	help_must(mkdir("/tmp/own", 0755));
	help_must(mount("shared", "/tmp/shared", "tmpfs", 0, NULL));
	help_must(mount(NULL, "/tmp/shared", NULL, MS_SHARED, NULL));
	help_must(mount("own", "/tmp/own", "tmpfs", 0, NULL));
	help_must(mkdir("/tmp/shared/later", 0755));
	help_must(mkdir("/tmp/own/later", 0755));
	cleanup_fd int view = host_view_open();

	assert_true(view >= 0);
	help_must(mount("later", "/tmp/shared/later", "tmpfs", 0, NULL));
	help_write("/tmp/shared/later/file", "");
	help_must(mount("later", "/tmp/own/later", "tmpfs", 0, NULL));
	help_write("/tmp/own/later/file", "");
	enter(view, sees_what_comes_later);
	assert_int_equal(access("/tmp/shared/later/inner", F_OK), -1);
	assert_int_equal(access("/tmp/own/later/file", F_OK), 0);
}

/* It is a root that can be pivoted away from. */
static void pivot_away(void)
{
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	help_must(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	int root = fsmount(fs, FSMOUNT_CLOEXEC, 0);

	help_must(sys_move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH));
	help_must(fchdir(root));
	help_must(sys_pivot_root(".", "."));
	help_must(umount2(".", MNT_DETACH));
}

static void sees_the_chroot(void)
{
	must_exist("/in-chroot");
	must_exist("/proc/self/ns/mnt");
	must_not_exist("/tmp/jail");
	must_not_exist("/../tmp/jail");
	pivot_away();
	must_not_exist("/in-chroot");
}

static void in_a_chroot_it_shows_that(void **state)
{
	help_must(mkdir("/tmp/jail", 0755));
	help_must(mkdir("/tmp/jail/proc", 0755));
	help_must(mkdir("/tmp/jail/tmp", 0755));
	help_must(mount("/proc", "/tmp/jail/proc", NULL, MS_BIND, NULL));
	help_write("/tmp/jail/in-chroot", "");
	pid_t pid = child_fork();

	if (pid == 0) {
		help_must(chroot("/tmp/jail"));
		help_must(chdir("/"));
		int view = host_view_open();

		help_must(view);
		enter(view, sees_the_chroot);
		_exit(0);
	}
	assert_ok(child_wait(pid, NULL));
}

/* The rootfs of the kernel, with nothing on it but /proc. Return: false: there is none. */
static bool stand_on_rootfs(bool *made)
{
	cleanup_fd int ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int proc = sys_open_tree(AT_FDCWD, "/proc", OPEN_TREE_CLONE);
	struct stat st;

	help_must(proc);
	help_must(umount2("/", MNT_DETACH));
	help_must(setns(ns, CLONE_NEWNS));
	*made = mkdir("/proc", 0755) == 0;
	help_must(sys_move_mount(proc, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH));
	return stat("/tmp/shared", &st) < 0 && sys_pivot_root("/proc", "/proc") == -EINVAL;
}

static void can_be_pivoted(void)
{
	must_exist("/proc/self/ns/mnt");
	pivot_away();
	must_not_exist("/proc");
}

static void where_the_root_cannot_be_replaced_it_can_be_in_the_view(void **state)
{
	pid_t pid = child_fork();

	if (pid == 0) {
		bool made = false;

		help_must(unshare(CLONE_NEWNS));
		if (stand_on_rootfs(&made)) {
			int view = host_view_open();

			help_must(view);
			enter(view, can_be_pivoted);
		}
		umount2("/proc", MNT_DETACH);
		if (made)
			rmdir("/proc");
		_exit(0);
	}
	assert_ok(child_wait(pid, NULL));
}

static void without_proc_it_is_an_error_and_leaks_nothing(void **state)
{
	unsigned int before = help_open_fds();
	pid_t pid = child_fork();

	if (pid == 0) {
		help_keep_log();
		help_must(chroot("/tmp"));
		help_must(chdir("/"));
		_exit(host_view_open() < 0 && strstr(help_log_text, "cannot make a copy") ? 0 : 1);
	}
	assert_ok(child_wait(pid, NULL));
	fd_close(&(int){ host_view_open() });
	assert_int_equal(help_open_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_hears_of_the_callers_mounts_and_tells_nothing_back),
		cmocka_unit_test(in_a_chroot_it_shows_that),
		cmocka_unit_test(where_the_root_cannot_be_replaced_it_can_be_in_the_view),
		cmocka_unit_test(without_proc_it_is_an_error_and_leaks_nothing),
	};

	return help_unshare() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
