// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/syscall.h>

#include "mnt/ns/inside.h"
#include "mnt/ns/helper.h"
#include "mnt/ns/unshare.h"
#include "test/unit/help.h"

static int keep(const char *new_ns, struct ns_helper *ns_helper)
{
	cleanup_findings struct findings findings = { 0 };
	int err = ns_helper_start(NULL, 0, new_ns, 0, ns_helper, &findings);

	assert_int_equal(findings.n, 0);
	return err;
}

/* A new instance of a filesystem, as the helper's namespaces have it. */
static int mount_of(struct ns_helper *ns_helper, const char *type)
{
	cleanup_fd int fs = ns_helper_fsopen(ns_helper, type);

	assert_true(fs >= 0);
	assert_ok(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	int fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);

	assert_true(fd >= 0);
	return fd;
}

static bool has(int dir_fd, const char *name)
{
	struct stat stat;

	return fstatat(dir_fd, name, &stat, 0) == 0;
}

static void a_proc_of_a_new_pid_namespace_shows_its_first_process(void **state)
{
	struct ns_helper ns_helper;
	char own[16];

	assert_ok(keep("pid", &ns_helper));
	cleanup_fd int proc = mount_of(&ns_helper, "proc");

	snprintf(own, sizeof(own), "%d", (int)getpid());
	assert_true(ns_helper.has_pid);
	assert_false(ns_helper.has_user);
	assert_true(has(proc, "1"));
	assert_false(has(proc, own) && getpid() > 2);
	ns_helper_stop(&ns_helper);
	assert_int_equal(ns_helper.pid, 0);
	assert_false(has(proc, "1"));
}

static void a_sysfs_of_a_new_net_namespace_shows_its_loopback_alone(void **state)
{
	struct ns_helper ns_helper;

	assert_ok(keep("net,ipc,uts,cgroup", &ns_helper));
	cleanup_fd int sys = mount_of(&ns_helper, "sysfs");

	assert_true(has(sys, "class/net/lo"));
	assert_false(has(sys, "class/net/eth0"));
	ns_helper_stop(&ns_helper);
}

static void a_new_user_namespace_owns_a_mount_namespace(void **state)
{
	struct ns_helper ns_helper;
	struct stat own, its;
	char name[64];

	assert_ok(keep("user,pid", &ns_helper));
	assert_true(ns_helper.has_user && ns_helper.has_pid);
	snprintf(name, sizeof(name), "/proc/%d/ns/mnt", (int)ns_helper.pid);
	assert_ok(stat(name, &its));
	assert_ok(stat("/proc/self/ns/mnt", &own));
	assert_true(own.st_ino != its.st_ino);
	snprintf(name, sizeof(name), "/proc/%d/ns/user", (int)ns_helper.pid);
	assert_ok(stat(name, &its));
	assert_ok(stat("/proc/self/ns/user", &own));
	assert_true(own.st_ino != its.st_ino);
	cleanup_fd int proc = mount_of(&ns_helper, "proc");

	assert_true(has(proc, "1"));
	ns_helper_stop(&ns_helper);
}

static void a_command_is_started_in_the_namespaces(void **state)
{
	static char *const argv[] = { (char *)"/bin/sh", (char *)"-c",
				      (char *)"test $$ = 2 && test $PWD = /", NULL };
	cleanup_fd int mntns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	cleanup_fd int words = inside_words(argv, environ);
	cleanup_fd int sock = -EBADF;
	struct ns_helper ns_helper;
	pid_t pid = 0;

	assert_ok(keep("net,pid", &ns_helper));
	assert_ok(ns_helper_launch(&ns_helper, INSIDE_COMMAND, words, &pid, &sock));
	assert_ok(ipc_send(sock, (struct ipc_message){ .type = IPC_HOLD }, NULL, mntns));
	assert_int_equal(ipc_await(sock, IPC_ANSWER, NULL, NULL), -EIO);
	assert_ok(child_wait(pid, NULL));
	ns_helper_stop(&ns_helper);
}

static void a_namespace_of_another_process_is_joined(void **state)
{
	cleanup_findings struct findings findings = { 0 };
	struct ns_helper first, second;
	char word[32];

	assert_ok(keep("net", &first));
	snprintf(word, sizeof(word), "net:%d", (int)first.pid);
	assert_ok(ns_helper_start((const char *const[]){ word }, 1, NULL, 0, &second, &findings));
	struct stat one, other;
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/ns/net", (int)first.pid);
	assert_ok(stat(name, &one));
	snprintf(name, sizeof(name), "/proc/%d/ns/net", (int)second.pid);
	assert_ok(stat(name, &other));
	assert_int_equal(one.st_ino, other.st_ino);
	ns_helper_stop(&first);
	ns_helper_stop(&second);
}

static void nothing_asked_for_is_no_keeper(void **state)
{
	struct ns_helper ns_helper;

	assert_ok(keep(NULL, &ns_helper));
	assert_int_equal(ns_helper.pid, 0);
	assert_ok(keep("", &ns_helper));
	cleanup_fd int fs = ns_helper_fsopen(&ns_helper, "tmpfs");

	assert_true(fs >= 0);
	ns_helper_stop(&ns_helper);
}

static void words_that_are_none_are_findings_all_of_them(void **state)
{
	static const char *const join[] = {
		"mnt:1", "net", "net:", "pid:/nowhere", "net:999999999", "ipc:/none", "ipc:/none"
	};
	static const char new_ns[] = "pid,nonsense,ipc";
	const struct rebind_restore_options options = { .join_ns = join,
							.n_join_ns = ARRAY_SIZE(join),
							.new_ns = new_ns };
	cleanup_findings struct findings usage = { 0 }, findings = { 0 };
	struct ns_helper ns_helper;
	unsigned int before = help_open_fds();

	/* Malformed; then what cannot be opened, or is in both. */
	ns_request_check(&options, &usage);
	assert_int_equal(usage.n, 6);
	assert_int_equal(ns_helper_start(join, ARRAY_SIZE(join), new_ns, 0, &ns_helper, &findings),
			 -EINVAL);
	assert_int_equal(findings.n, 4);
	assert_int_equal(ns_helper.pid, 0);
	assert_int_equal(help_open_fds(), before);
}

static void a_filesystem_that_is_none_is_an_error(void **state)
{
	struct ns_helper ns_helper;

	assert_ok(keep("ipc", &ns_helper));
	assert_int_equal(ns_helper_fsopen(&ns_helper, "nonsense"), -ENODEV);
	cleanup_fd int fs = ns_helper_fsopen(&ns_helper, "mqueue"); /* it goes on */

	assert_true(fs >= 0);
	ns_helper_stop(&ns_helper);
}

/* ---- ids ---- */

static uint64_t own_id(void)
{
	cleanup_fd int fd = open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);
	uint64_t id = 0;

	return sys_mntns_id(fd, &id) ? 0 : id;
}

static void run_on(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	help_must(sched_setaffinity(0, sizeof(one), &one));
}

/* Ids come in batches of the CPUs: the largest that any of them gives now. */
static uint64_t largest_id(int cpus)
{
	uint64_t largest = own_id(), id;
	int pair[2];

	assert_ok(fd_pair(pair));
	for (int cpu = 0; cpu < cpus; cpu++) {
		pid_t pid = child_fork();

		if (pid == 0) {
			run_on(cpu);
			help_must(unshare(CLONE_NEWNS));
			id = own_id();
			_exit(fd_send(pair[1], &id, sizeof(id), -1) ? 1 : 0);
		}
		assert_ok(child_wait(pid, NULL));
		assert_int_equal(fd_recv(pair[0], &id, sizeof(id), NULL), sizeof(id));
		largest = id > largest ? id : largest;
	}
	close(pair[0]);
	close(pair[1]);
	return largest;
}

static int unshare_above(int cpu, uint64_t above)
{
	cpu_set_t before, after;

	run_on(cpu);
	sched_getaffinity(0, sizeof(before), &before);
	if (unshare_mounts(above, -EBADF))
		return 1;
	sched_getaffinity(0, sizeof(after), &after);
	return own_id() > above && CPU_EQUAL(&before, &after) ? 0 : 2;
}

/* As an administrator may have it: in a user namespace, as the limit is the host's otherwise. */
static int unshare_without_uts(int cpu, uint64_t above)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return 3;
	cleanup_fd int limit = open("/proc/sys/user/max_uts_namespaces", O_WRONLY | O_CLOEXEC);

	if (limit < 0 || write(limit, "0", 1) != 1 || unshare(CLONE_NEWUTS) == 0)
		return 4;
	return unshare_above(cpu, above);
}

static void on_so_many_cpus_it_is_above(int most, int (*try)(int cpu, uint64_t above))
{
	cpu_set_t allowed;

	if (!own_id()) {
		print_message("the kernel tells no ids of mount namespaces\n");
		skip();
	}
	assert_ok(sched_getaffinity(0, sizeof(allowed), &allowed));
	int cpus = CPU_COUNT(&allowed) < 8 ? CPU_COUNT(&allowed) : 8;

	for (int cpu = 0; cpu < cpus && cpu < most && CPU_ISSET(cpu, &allowed); cpu++) {
		uint64_t above = largest_id(cpus);
		pid_t pid = child_fork();
		int status;

		if (pid == 0)
			_exit(try(cpu, above));
		child_wait(pid, &status);
		assert_int_equal(status, 0);
	}
}

static void a_mount_namespace_gets_an_id_above_another_on_every_cpu(void **state)
{
	on_so_many_cpus_it_is_above(CPU_SETSIZE, unshare_above);
}

static void also_where_there_can_be_no_uts_namespaces(void **state)
{
	/* A second for each. */
	on_so_many_cpus_it_is_above(1, unshare_without_uts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_proc_of_a_new_pid_namespace_shows_its_first_process),
		cmocka_unit_test(a_sysfs_of_a_new_net_namespace_shows_its_loopback_alone),
		cmocka_unit_test(a_new_user_namespace_owns_a_mount_namespace),
		cmocka_unit_test(a_command_is_started_in_the_namespaces),
		cmocka_unit_test(a_namespace_of_another_process_is_joined),
		cmocka_unit_test(nothing_asked_for_is_no_keeper),
		cmocka_unit_test(words_that_are_none_are_findings_all_of_them),
		cmocka_unit_test(a_filesystem_that_is_none_is_an_error),
		cmocka_unit_test(a_mount_namespace_gets_an_id_above_another_on_every_cpu),
		cmocka_unit_test(also_where_there_can_be_no_uts_namespaces),
	};

	return help_unshare() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
