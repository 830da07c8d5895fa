// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Theory of operation
 *
 * Three processes. The one that asks forks the tester into a new pid namespace and a mount
 * namespace of its own, and hands on what that says: a clause each. The tester does what a caller
 * of the library does, dumps and restores (hooks and builder are the library's own), and looks what
 * there is before and after. For what happens inside a restore it forks a third, which plays the
 * builder up to the premount, and sees what the plugin is asked and what it leaves.
 *
 *	loading			load.c	version, descriptor
 *	each hook of a dump	dump.c	in one session: init, hooks, exit
 *	a dump			dump.c
 *	each hook of a restore	hook.c	in one session: init, hooks, exit
 *	a restore		restore.c	from another directory, compared by the library
 *	a restore that fails	restore.c	after the plugin has mounted
 *	two mounts		restore.c
 *
 * The tester's descriptors 1 and 2 are a file in memory: rebind's own lines go another way, so what
 * is in it was written by the plugin.
 */
#include "plugin-test/kit.h"

#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "mnt/ipc/message.h"

#define DEFAULT_MOUNTPOINT "/data"

/* ---- saying ---- */

bool kit_say(struct kit *kit, bool ok, const char *clause, const char *format, ...)
{
	char seen[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(seen, sizeof(seen), format, args);
	va_end(args);
	ipc_send(kit->sock, (struct ipc_message){ .type = IPC_CLAUSE, .value = ok },
		 (const char *const[4]){ clause, seen }, -1);
	return ok;
}

bool kit_last(struct kit *kit, const char *clause, const char *format, ...)
{
	char seen[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(seen, sizeof(seen), format, args);
	va_end(args);
	return kit_say(kit, false, clause, "%s; what follows was not tried", seen);
}

void kit_listen(struct kit *kit)
{
	*kit->error = *kit->warning = *kit->left = '\0';
}

/* What is behind the last colon of such a line is the errno, which the caller knows as well. */
const char *kit_why(const struct kit *kit, int err)
{
	return *kit->error ? kit->error : strerror(-err);
}

const char *kit_answer(int err, char buf[64])
{
	if (err == -ENOTSUP)
		return "-ENOTSUP";
	if (err >= 0)
		snprintf(buf, 64, "%d", err);
	else
		snprintf(buf, 64, "%d, %s", err, strerror(-err));
	return buf;
}

static void keep_first(char *place, size_t size, const char *line)
{
	if (!*place)
		snprintf(place, size, "%s", line);
}

/* The caller sees the plugin's log at the level that shows what is done. */
static void take_line(void *data, enum log_level level, const char *line)
{
	struct kit *kit = data;

	if (level == LOG_ERROR)
		keep_first(kit->error, sizeof(kit->error), line);
	if (level == LOG_WARN && strncmp(line, "plugins left", 12) == 0)
		keep_first(kit->left, sizeof(kit->left), line);
	else if (level == LOG_WARN && !strstr(line, "is an old one")) /* 0.1.0: it is told */
		keep_first(kit->warning, sizeof(kit->warning), line);
	ipc_log_sink(&kit->sock, level < LOG_INFO ? LOG_INFO : level, line);
}

/* ---- looking ---- */

bool kit_check_host(struct kit *kit, const char *after)
{
	cleanup_kit_table struct kit_table now = { 0 };
	char path[512] = "", name[64] = "", clause[128];
	int err = kit_table_read(&now);
	int added = err ? err : kit_table_added(&kit->mounts, &now, NULL, path, sizeof(path));
	int gone = err ? err : kit_table_added(&now, &kit->mounts, NULL, path, sizeof(path));
	int others = kit_others(kit->target, name, sizeof(name));
	bool ok = true;

	snprintf(clause, sizeof(clause), "after %s the caller's mounts are what they were", after);
	ok &= kit_say(kit, !added && !gone, clause, "%d more, %d fewer%s%s", added, gone,
		      *path ? ": " : "", path);
	snprintf(clause, sizeof(clause), "after %s no process is left", after);
	if (*kit->left)
		ok &= kit_say(kit, false, clause, "%s", kit->left);
	else if (others < 0)
		ok &= kit_say(kit, false, clause, "/proc cannot be listed: %s", strerror(-others));
	else if (others)
		ok &= kit_say(kit, false, clause, "%d run, %s is one", others, name);
	else
		ok &= kit_say(kit, true, clause, "none");
	return ok;
}

static void check_source(struct kit *kit, const struct kit_files *before)
{
	cleanup_kit_files struct kit_files after = { 0 };
	char path[512];
	int err = kit_files_read(kit->source, &after);

	if (err)
		kit_say(kit, false, "what is in the source stays as it was", "'%s': %s",
			kit->source, strerror(-err));
	else if (kit_files_changed(before, &after, path, sizeof(path)))
		kit_say(kit, false, "what is in the source stays as it was",
			"'%s' is new, gone or changed", path);
	else
		kit_say(kit, true, "what is in the source stays as it was", "%u files", after.n);
}

static void check_noise(struct kit *kit)
{
	char text[128];
	ssize_t n = pread(kit->out, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	cleanup_free char *printable = path_printable(text);

	if (n > 0)
		kit_say(kit, false, "it writes nothing to stdout and stderr",
			"'%s': print_on_level() reaches the log", printable ? printable : "");
	else
		kit_say(kit, true, "it writes nothing to stdout and stderr", "nothing");
}

/* ---- the tester ---- */

static bool has_mount_hooks(struct kit *kit)
{
	bool dumps = kit_has(kit, CR_PLUGIN_HOOK__DUMP_EXT_MOUNT);
	bool restores = kit_has(kit, CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT);

	if (!dumps && !restores)
		return false;
	if (dumps && restores)
		return true;
	return kit_last(kit, "DUMP_EXT_MOUNT and RESTORE_EXT_MOUNT come together",
			"only %s is there; a plugin that mounts volumes needs both hooks",
			dumps ? "DUMP_EXT_MOUNT" : "RESTORE_EXT_MOUNT");
}

static void test_mounts(struct kit *kit)
{
	static const char old_image[] = KIT_BASE "/dumped", image[] = KIT_BASE "/image";

	if (!kit_test_dump(kit, old_image))
		return;
	/* A plugin that remembers where the directory was finds nothing there. */
	if (rename(old_image, image) < 0) {
		log_error(-errno, "cannot rename '%s'", old_image);
		return;
	}
	if (kit_test_hooks_of_restore(kit, image) && kit_test_restore(kit, image)) {
		kit_test_failure(kit, image);
		kit_test_two(kit);
	}
}

static void test_all(struct kit *kit)
{
	if (!kit_test_loading(kit) || !kit_test_hooks_of_dump(kit))
		return;
	if (has_mount_hooks(kit))
		test_mounts(kit);
	else if (kit_has(kit, CR_PLUGIN_HOOK__RESTORE_UNIX_SK) ||
		 kit_has(kit, CR_PLUGIN_HOOK__RESTORE_EXT_FILE) ||
		 kit_has(kit, CR_PLUGIN_HOOK__RESTORE_INIT) ||
		 kit_has(kit, CR_PLUGIN_HOOK__POST_FORKING))
		kit_test_hooks_of_restore(kit, NULL);
}

static int catch_output(struct kit *kit)
{
	int fd = memfd_create("output", MFD_CLOEXEC);

	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
		return log_error(-errno, "cannot catch what is written");
	kit->out = fd;
	return 0;
}

static int run_tester(struct kit *kit)
{
	cleanup_kit_files struct kit_files files = { 0 };
	int err = kit_world(kit);

	if (!err)
		err = kit_target_start(kit, 1);
	if (!err)
		err = kit_table_read(&kit->mounts);
	if (!err)
		err = kit_files_read(kit->source, &files);
	if (!err)
		err = catch_output(kit);
	if (err)
		return err;
	/* Of these the library would make another case. */
	unsetenv("REBIND_PLUGIN_DEBUG");
	unsetenv("CRIU_LIBS_DIR");
	log_to(take_line, kit, log_max() < LOG_WARN ? LOG_WARN : log_max());
	test_all(kit);
	check_source(kit, &files);
	check_noise(kit);
	return 0;
}

/* ---- the caller ---- */

/* The first process of a pid namespace: with it ends all that is in there. */
static void tester_main(struct kit *kit) __attribute__((noreturn));
static void tester_main(struct kit *kit)
{
	log_to(ipc_log_sink, &kit->sock, log_max());
	int err = run_tester(kit);

	ipc_send(kit->sock, (struct ipc_message){ .type = IPC_DONE, .value = err }, NULL, -1);
	_exit(0);
}

/* Between both: only a child of it is in the new pid namespace. */
static void fork_tester(struct kit *kit) __attribute__((noreturn));
static void fork_tester(struct kit *kit)
{
	pid_t pid = -EPERM;

	if (unshare(CLONE_NEWNS | CLONE_NEWPID) == 0)
		pid = child_fork();
	if (pid == 0)
		tester_main(kit);
	if (pid < 0)
		log_error(pid, "cannot make namespaces for the test");
	_exit(pid < 0 || child_wait(pid, NULL) ? 1 : 0);
}

/* Return: how many clauses did not hold, or a negative errno. */
static int attend(struct kit *kit, int sock)
{
	const struct plugin_test_options *o = kit->options;
	cleanup_free char *buf = malloc(IPC_MAX);
	struct ipc_message message;
	const char *texts[4];
	int got, failed = 0;

	if (!buf)
		return log_error(-ENOMEM, "the test cannot be heard");
	while ((got = ipc_hear(sock, buf, &message, texts, NULL)) > 0) {
		if (message.type == IPC_DONE)
			return message.value ? message.value : failed;
		if (message.type != IPC_CLAUSE)
			continue;
		struct plugin_test_clause clause = {
			.ok = message.value,
			.clause = texts[0],
			.seen = texts[1],
		};

		failed += !clause.ok;
		if (o->each)
			o->each(o->data, &clause);
	}
	return got ? log_error(got, "the test cannot be heard")
		   : log_error(-EPIPE, "the process that tests the plugin ended");
}

static int kit_kit_start(struct kit *kit)
{
	cleanup_fd int sock = -EBADF;
	cleanup_child pid_t pid = child_fork_socket(&sock);

	if (pid < 0)
		return log_error(pid, "cannot fork");
	if (pid == 0) {
		kit->sock = sock;
		fork_tester(kit);
	}
	int err = attend(kit, sock);

	/* An end of its own, with all that is below it. */
	child_wait(pid, NULL);
	pid = 0;
	return err;
}

static int check_options(const struct kit *kit, const char *mountpoint)
{
	if (!kit->file)
		return log_error(-errno, "cannot find the plugin '%s'", kit->options->plugin);
	if (!path_is_normal(mountpoint) || strcmp(mountpoint, "/") == 0)
		return log_error(-EINVAL, "'%s' is no mountpoint: a path like '/data' is",
				 mountpoint);
	if (!caps_has_admin())
		return log_error(-EPERM, "CAP_SYS_ADMIN is missing: run as root");
	return caps_raise();
}

static int find_source(const char *path, char **ret)
{
	if (!path)
		return 0;
	*ret = realpath(path, NULL);
	return *ret ? 0 : log_error(-errno, "cannot find the source '%s'", path);
}

int plugin_test(const struct plugin_test_options *options)
{
	cleanup_caps struct caps_state caps = caps_hold();

	cleanup_free char *file = realpath(options->plugin, NULL);
	cleanup_free char *source = NULL;
	struct kit kit = {
		.options = options,
		.file = file,
		.mountpoint = options->mountpoint ? options->mountpoint : DEFAULT_MOUNTPOINT,
		.out = -EBADF,
	};
	int err = check_options(&kit, kit.mountpoint);

	if (!err)
		err = find_source(options->source, &source);
	if (err)
		return err;
	kit.source = source;
	kit.found = mmap(NULL, sizeof(*kit.found), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (kit.found == MAP_FAILED)
		return log_error(-errno, "plugins");
	err = kit_kit_start(&kit);
	munmap(kit.found, sizeof(*kit.found));
	return err > 0 ? 1 : err;
}
