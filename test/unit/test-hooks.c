// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Plugins in their process. Each test copies the objects it needs from TEST_PLUGIN_DIR into a
 * directory of its own; plugins/probe.c does what the environment tells it and keeps a journal.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/log.h"
#include "hooks/hooks.h"

#define STAGE CR_PLUGIN_STAGE__RESTORE

struct fixture {
	char dir[64];
	char plugins[80], image[80];
	int image_fd;
	unsigned int timeout; /* seconds; 0: one */
	char log[400000];
	size_t log_size;
	struct log_state saved_log;
	struct hooks_host *host;
};

/* Set up */

static void keep_line(void *data, enum log_level level, const char *line)
{
	struct fixture *f = data;
	int n = snprintf(f->log + f->log_size, sizeof(f->log) - f->log_size, "%d %s\n", level,
			 line);

	assert_in_range(n, 1, (int)(sizeof(f->log) - f->log_size) - 1);
	f->log_size += (size_t)n;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->dir, "/tmp/test-hooks-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->plugins, sizeof(f->plugins), "%s/plugins", f->dir);
	snprintf(f->image, sizeof(f->image), "%s/image", f->dir);
	assert_int_equal(mkdir(f->plugins, 0755), 0);
	assert_int_equal(mkdir(f->image, 0755), 0);
	f->image_fd = open(f->image, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->image_fd >= 0);
	f->saved_log = log_save();
	log_to(keep_line, f, LOG_INFO);
	unsetenv("CRIU_LIBS_DIR");
	unsetenv("REBIND_PLUGIN_DEBUG");
	for (const char *name = "abcd"; *name; name++) {
		const char variable[] = { 'T', 'E', 'S', 'T', '_', *name, '\0' };

		unsetenv(variable);
	}
	*state = f;
	return 0;
}

static void remove_entries(const char *path)
{
	DIR *dir = opendir(path);

	assert_non_null(dir);
	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
	rmdir(path);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	log_restore(f->saved_log);
	close(f->image_fd);
	remove_entries(f->plugins);
	remove_entries(f->image);
	remove_entries(f->dir);
	free(f);
	/* Whatever the test was: no child of ours is left. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return 0;
}

static void copy_file(const char *from, const char *to)
{
	cleanup_fd int in = open(from, O_RDONLY | O_CLOEXEC);
	cleanup_fd int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	cleanup_free char *data = NULL;
	size_t size;

	assert_true(in >= 0 && out >= 0);
	assert_int_equal(fd_slurp(in, &data, &size), 0);
	assert_int_equal(fd_write_all(out, data, size), 0);
}

static void add_plugin(struct fixture *f, const char *object, const char *name)
{
	char from[512], to[512];

	snprintf(from, sizeof(from), "%s/%s.so", TEST_PLUGIN_DIR, object);
	snprintf(to, sizeof(to), "%s/%s", f->plugins, name);
	copy_file(from, to);
}

static int start(struct fixture *f)
{
	const struct hooks_options options = {
		.libdir = f->plugins,
		.stage = STAGE,
		.image_dir_fd = f->image_fd,
		.timeout = f->timeout ? f->timeout : 1,
	};

	return hooks_start(&options, &f->host);
}

/* One probe for each letter. */
static void start_probes(struct fixture *f, const char *letters)
{
	for (; *letters; letters++) {
		const char name[] = { *letters, '.', 's', 'o', '\0' };

		add_plugin(f, "probe", name);
	}
	assert_int_equal(start(f), 0);
	assert_non_null(f->host);
}

static int restore(struct fixture *f, int *is_file)
{
	return hooks_restore_mount(f->host, 42, "/crt-premount.42", "/crt-old-root", is_file, NULL);
}

/* Looking */

static char *read_journal(const struct fixture *f)
{
	cleanup_fd int fd = openat(f->image_fd, "journal", O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t size;

	if (fd < 0)
		return strdup("");
	assert_int_equal(fd_slurp(fd, &text, &size), 0);
	return text;
}

static void assert_journal(const struct fixture *f, const char *expected)
{
	cleanup_free char *text = read_journal(f);

	assert_string_equal(text, expected);
}

static void assert_logged(const struct fixture *f, const char *text)
{
	if (!strstr(f->log, text))
		fail_msg("'%s' is not in the log:\n%s", text, f->log);
}

static size_t count_in(const char *text, const char *part)
{
	size_t n = 0;

	for (const char *p = strstr(text, part); p; p = strstr(p + 1, part))
		n++;
	return n;
}

static bool is_alive(pid_t pid)
{
	return kill(pid, 0) == 0;
}

static int journal_number(const struct fixture *f, const char *before)
{
	cleanup_free char *text = read_journal(f);
	const char *found = strstr(text, before);

	assert_non_null(found);
	return atoi(found + strlen(before));
}

/* Generations */

static void a_descriptor_with_seven_slots_is_read_no_further(void **state)
{
	struct fixture *f = *state;
	int is_file = 0;

	add_plugin(f, "seven-slots", "a.so");
	assert_int_equal(start(f), 0);
	for (int hook = 0; hook < CR_PLUGIN_HOOK__MAX; hook++)
		assert_int_equal(hooks_has(f->host, hook),
				 hook == CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT);
	assert_int_equal(restore(f, &is_file), 0);
	assert_int_equal(is_file, 1);
	assert_int_equal(hooks_finish(f->host, 0), 0);
}

static void a_descriptor_with_fifteen_slots_has_all_of_them(void **state)
{
	struct fixture *f = *state;
	int is_file = 5;

	add_plugin(f, "fifteen-slots", "a.so");
	assert_int_equal(start(f), 0);
	for (int hook = 0; hook < CR_PLUGIN_HOOK__MAX; hook++)
		assert_true(hooks_has(f->host, hook));
	assert_false(hooks_has(f->host, CR_PLUGIN_HOOK__MAX));
	assert_false(hooks_has(f->host, -1));
	assert_int_equal(restore(f, &is_file), -ENOTSUP);
	assert_int_equal(is_file, 5);
	assert_int_equal(hooks_finish(f->host, 0), 0);
	assert_string_equal(f->log, "");
}

static void functions_found_by_name_are_hooks_with_a_warning(void **state)
{
	struct fixture *f = *state;
	int is_file = 0;

	add_plugin(f, "by-names", "old.so");
	assert_int_equal(start(f), 0);
	assert_int_equal(hooks_dump_mount(f->host, "./vol", 42), 0);
	assert_int_equal(restore(f, &is_file), 0);
	assert_int_equal(is_file, 1);
	assert_false(hooks_has(f->host, CR_PLUGIN_HOOK__DUMP_EXT_LINK));
	assert_int_equal(hooks_finish(f->host, 0), 0);
	assert_logged(f, "2 plugin 'old.so' is an old one (0.1.0");
	assert_journal(f, "by-names: init\nby-names: ./vol\nby-names: /crt-premount.42\n"
			  "by-names: fini\n");
}

static void an_object_without_descriptor_and_hooks_loads_with_a_warning(void **state)
{
	struct fixture *f = *state;
	int is_file;

	add_plugin(f, "nothing", "a.so");
	assert_int_equal(start(f), 0);
	assert_int_equal(restore(f, &is_file), -ENOTSUP);
	assert_int_equal(hooks_finish(f->host, 0), 0);
	assert_logged(f, "2 plugin 'a.so' has no descriptor and no hook");
}

static void a_newer_version_is_refused_with_both_numbers(void **state)
{
	struct fixture *f = *state;

	add_plugin(f, "newer-version", "a.so");
	assert_int_equal(start(f), -EPROTO);
	assert_null(f->host);
	assert_logged(f, "plugin 'a.so' has version 0.3.7");
	assert_logged(f, "0.2.0");
}

static void more_hooks_than_ours_are_refused_with_both_numbers(void **state)
{
	struct fixture *f = *state;

	add_plugin(f, "more-hooks", "a.so");
	assert_int_equal(start(f), -EPROTO);
	assert_logged(f, "plugin 'a.so' has 16 hooks (max_hooks), we know 15");
}

static void a_descriptor_shorter_than_it_says_is_refused(void **state)
{
	struct fixture *f = *state;

	add_plugin(f, "too-short", "a.so");
	assert_int_equal(start(f), -EPROTO);
	assert_logged(f, "too short for its 15 hooks");
}

static void what_cannot_be_loaded_fails_with_the_linkers_reason(void **state)
{
	struct fixture *f = *state;

	add_plugin(f, "missing-symbol", "a.so");
	assert_int_equal(start(f), -ELIBACC);
	assert_logged(f, "cannot load plugin 'a.so'");
	assert_logged(f, "nobody_has_this_function");
	assert_int_equal(count_in(f->log, "\n"), 1);
}

static void of_seven_to_fifteen_slots_all_are_read_and_no_more(void **state)
{
	struct fixture *f = *state;

	add_plugin(f, "some-slots", "a.so");
	for (int slots = 7; slots <= CR_PLUGIN_HOOK__MAX; slots++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", slots);
		setenv("TEST_SLOTS", text, 1);
		assert_int_equal(start(f), 0);
		for (int hook = 0; hook < CR_PLUGIN_HOOK__MAX; hook++)
			assert_int_equal(hooks_has(f->host, hook), hook < slots);
		assert_int_equal(hooks_finish(f->host, 0), 0);
	}
	unsetenv("TEST_SLOTS");
	assert_string_equal(f->log, "");
}

static void both_generations_serve_side_by_side(void **state)
{
	struct fixture *f = *state;
	const char *plugin = NULL;
	int is_file = 0;

	setenv("TEST_a", "dump=return,-95 restore=return,-95", 1);
	add_plugin(f, "probe", "a.so");
	add_plugin(f, "by-names", "b.so");
	add_plugin(f, "probe", "c.so");
	assert_int_equal(start(f), 0);
	assert_int_equal(hooks_dump_mount(f->host, "./vol", 42), 0);
	assert_int_equal(hooks_restore_mount(f->host, 42, "/m", "/crt-old-root", &is_file, &plugin),
			 0);
	assert_string_equal(plugin, "b.so");
	assert_int_equal(hooks_call_simple(f->host, CR_PLUGIN_HOOK__RESTORE_INIT), 0);
	assert_int_equal(hooks_finish(f->host, 0), 0);
	assert_int_equal(count_in(f->log, "\n"), 1);
	assert_logged(f, "2 plugin 'b.so' is an old one");
	assert_journal(f, "a: init(2) 0\nby-names: init\nc: init(2) 0\n"
			  "a: dump('./vol', 42)\nby-names: ./vol\n"
			  "a: restore(42, '/m', '/crt-old-root', 0)\nby-names: /m\n"
			  "a: restore_init\nc: restore_init\n"
			  "c: exit(2, 0) after 0 calls\nby-names: fini\n"
			  "a: exit(2, 0) after 2 calls\n");
}

static void the_oldest_plugin_loads_and_is_asked(void **state)
{
	struct fixture *f = *state;
	cleanup_fd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	add_plugin(f, "ext-file-only", "a.so");
	assert_int_equal(start(f), 0);
	assert_int_equal(hooks_dump_fd(f->host, CR_PLUGIN_HOOK__DUMP_EXT_FILE, fd, 5), 0);
	assert_int_equal(hooks_dump_fd(f->host, CR_PLUGIN_HOOK__DUMP_UNIX_SK, fd, 5), -ENOTSUP);
	assert_int_equal(hooks_finish(f->host, 0), 0);
	assert_string_equal(f->log, "");
}

static void a_plugin_built_without_our_headers_works(void **state)
{
	struct fixture *f = *state;
	cleanup_free char *text = NULL;
	size_t size;
	int fd = -EBADF;

	add_plugin(f, "foreign", "a.so");
	assert_int_equal(start(f), 0);
	assert_int_equal(hooks_dump_fd(f->host, CR_PLUGIN_HOOK__DUMP_EXT_FILE, f->image_fd, 77), 0);
	assert_int_equal(hooks_restore_fd(f->host, CR_PLUGIN_HOOK__RESTORE_EXT_FILE, 77, &fd),
			 -EAGAIN);
	assert_int_equal(hooks_restore_fd(f->host, CR_PLUGIN_HOOK__RESTORE_EXT_FILE, 77, &fd), 0);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(hooks_finish(f->host, -5), 0);
	cleanup_fd int notes = openat(f->image_fd, "foreign.txt", O_RDONLY | O_CLOEXEC);

	assert_int_equal(fd_slurp(notes, &text, &size), 0);
	assert_string_equal(text, "init dump exit");
	assert_logged(f, "3 foreign: stage 2\n");
	assert_logged(f, "1 foreign: Error (foreign.c:");
	assert_null(strstr(f->log, "nobody wants"));
}

/* Finding */

static void no_directory_and_no_plugin_mean_no_process(void **state)
{
	struct fixture *f = *state;
	const struct hooks_options options = { .stage = STAGE, .image_dir_fd = -EBADF };

	assert_int_equal(start(f), 0);
	assert_null(f->host);
	assert_int_equal(hooks_start(&options, &f->host), 0);
	assert_null(f->host);
	assert_false(hooks_has(f->host, CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT));
	assert_int_equal(hooks_dump_mount(f->host, "./x", 1), -ENOTSUP);
	assert_int_equal(hooks_call_simple(f->host, CR_PLUGIN_HOOK__RESTORE_INIT), 0);
	assert_int_equal(hooks_leave(f->host, -1, -1), 0);
	assert_int_equal(hooks_finish(f->host, 0), 0);
	assert_string_equal(f->log, "");
}

static void a_named_directory_that_does_not_exist_is_an_error(void **state)
{
	struct fixture *f = *state;

	strcat(f->plugins, "x");
	assert_int_equal(start(f), -ENOENT);
	f->plugins[strlen(f->plugins) - 1] = '\0';
	assert_logged(f, "plugins: cannot use '");
}

static void the_environment_names_the_directory_where_no_option_does(void **state)
{
	struct fixture *f = *state;
	const struct hooks_options options = { .stage = STAGE, .image_dir_fd = f->image_fd };

	add_plugin(f, "probe", "a.so");
	setenv("CRIU_LIBS_DIR", f->plugins, 1);
	assert_int_equal(hooks_start(&options, &f->host), 0);
	assert_true(hooks_has(f->host, CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT));
	assert_int_equal(hooks_finish(f->host, 0), 0);
}

static void a_single_file_can_be_named_as_the_directory(void **state)
{
	struct fixture *f = *state;

	add_plugin(f, "probe", "a.so");
	add_plugin(f, "more-hooks", "b.so");
	strcat(f->plugins, "/a.so");
	assert_int_equal(start(f), 0);
	f->plugins[strlen(f->plugins) - strlen("/a.so")] = '\0';
	assert_int_equal(hooks_finish(f->host, 0), 0);
	assert_journal(f, "a: init(2) 0\na: exit(2, 0) after 0 calls\n");
}

static void only_names_that_end_in_so_are_loaded_in_their_order(void **state)
{
	struct fixture *f = *state;

	add_plugin(f, "probe", "b.so");
	add_plugin(f, "probe", "B.so");
	add_plugin(f, "probe", "10.so");
	add_plugin(f, "probe", "9.so");
	add_plugin(f, "ext-file-only", ".so"); /* three characters at least */
	add_plugin(f, "more-hooks", "x.so.1");
	add_plugin(f, "more-hooks", "so");
	assert_int_equal(start(f), 0);
	assert_int_equal(hooks_finish(f->host, 0), 0);
	assert_journal(f, "10: init(2) 0\n9: init(2) 0\nB: init(2) 0\nb: init(2) 0\n"
			  "b: exit(2, 0) after 0 calls\nB: exit(2, 0) after 0 calls\n"
			  "9: exit(2, 0) after 0 calls\n10: exit(2, 0) after 0 calls\n");
}

static void one_object_under_two_names_is_loaded_once(void **state)
{
	struct fixture *f = *state;
	char link_name[128];

	add_plugin(f, "probe", "a.so");
	snprintf(link_name, sizeof(link_name), "%s/b.so", f->plugins);
	assert_int_equal(symlink("a.so", link_name), 0);
	assert_int_equal(start(f), 0);
	assert_int_equal(hooks_finish(f->host, 0), 0);
	assert_journal(f, "a: init(2) 0\na: exit(2, 0) after 0 calls\n");
	assert_logged(f, "2 plugin 'b.so' is 'a.so' under another name");
}

static void what_others_can_write_is_refused_to_the_privileged(void **state)
{
	struct fixture *f = *state;
	char path[128];

	if (geteuid() != 0) {
		print_message("needs to be root: without privileges nothing is refused\n");
		skip();
	}
	add_plugin(f, "probe", "a.so");
	snprintf(path, sizeof(path), "%s/a.so", f->plugins);
	assert_int_equal(chmod(path, 0757), 0);
	assert_int_equal(start(f), -EPERM);
	assert_logged(f, "/a.so' (owner 0, mode 0757) can be changed by others");
	assert_int_equal(chmod(path, 0775), 0);
	assert_int_equal(start(f), -EPERM);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(chown(path, 12345, 0), 0);
	assert_int_equal(start(f), -EPERM);
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(chmod(f->plugins, 01777), 0);
	assert_int_equal(start(f), -EPERM);
	assert_int_equal(chmod(f->plugins, 0755), 0);
	assert_int_equal(chmod(f->dir, 0777), 0);
	assert_int_equal(start(f), -EPERM);
	assert_int_equal(chmod(f->dir, 0700), 0);
	assert_journal(f, "");
	assert_int_equal(start(f), 0);
	assert_int_equal(hooks_finish(f->host, 0), 0);
}

/* init and exit */

static void a_failing_init_in_the_middle_starts_no_other(void **state)
{
	struct fixture *f = *state;

	setenv("TEST_b", "init=return,-5", 1);
	for (const char *name = "abc"; *name; name++) {
		const char file[] = { *name, '.', 's', 'o', '\0' };

		add_plugin(f, "probe", file);
	}
	assert_int_equal(start(f), -EIO);
	assert_journal(f, "a: init(2) 0\nb: init(2) -5\na: exit(2, -5) after 0 calls\n");
}

static void a_failing_init_ends_those_before_it_last_first(void **state)
{
	struct fixture *f = *state;

	setenv("TEST_c", "init=return,-5", 1);
	add_plugin(f, "probe", "a.so");
	add_plugin(f, "probe", "b.so");
	add_plugin(f, "probe", "c.so");
	add_plugin(f, "probe", "d.so");
	assert_int_equal(start(f), -EIO);
	assert_null(f->host);
	assert_logged(f, "1 plugin 'probe' (c.so): init returned -5");
	assert_int_equal(count_in(f->log, "\n"), 1);
	assert_journal(f, "a: init(2) 0\nb: init(2) 0\nc: init(2) -5\n"
			  "b: exit(2, -5) after 0 calls\na: exit(2, -5) after 0 calls\n");
}

static void an_init_that_returns_a_positive_number_fails_too(void **state)
{
	struct fixture *f = *state;

	setenv("TEST_a", "init=return,1", 1);
	add_plugin(f, "probe", "a.so");
	assert_int_equal(start(f), -EPROTO);
	assert_logged(f, "plugin 'probe' (a.so): init returned 1");
}

static void state_lasts_from_init_to_exit_which_gets_the_result(void **state)
{
	struct fixture *f = *state;
	int is_file;

	start_probes(f, "a");
	assert_int_equal(hooks_dump_mount(f->host, "./vol", 42), 0);
	assert_int_equal(restore(f, &is_file), 0);
	assert_int_equal(hooks_call_simple(f->host, CR_PLUGIN_HOOK__RESTORE_INIT), 0);
	assert_int_equal(hooks_call_simple(f->host, CR_PLUGIN_HOOK__POST_FORKING), 0);
	assert_int_equal(hooks_finish(f->host, -EXDEV), 0);
	assert_journal(f, "a: init(2) 0\na: dump('./vol', 42)\n"
			  "a: restore(42, '/crt-premount.42', '/crt-old-root', 0)\n"
			  "a: restore_init\na: exit(2, -18) after 2 calls\n");
}

/* Chains */

static void the_next_plugin_is_asked_while_the_answer_is_enotsup(void **state)
{
	struct fixture *f = *state;
	const char *plugin = NULL;
	int is_file = 0;

	setenv("TEST_a", "dump=return,-95 restore=return,-95", 1);
	setenv("TEST_c", "dump=return,-5", 1);
	start_probes(f, "abc");
	assert_int_equal(hooks_dump_mount(f->host, "./vol", 1), 0);
	assert_int_equal(hooks_restore_mount(f->host, 1, "/m", "/o", &is_file, &plugin), 0);
	assert_int_equal(is_file, 1);
	assert_string_equal(plugin, "probe");
	assert_int_equal(hooks_finish(f->host, 0), 0);
	assert_journal(f, "a: init(2) 0\nb: init(2) 0\nc: init(2) 0\n"
			  "a: dump('./vol', 1)\nb: dump('./vol', 1)\n"
			  "a: restore(1, '/m', '/o', 0)\nb: restore(1, '/m', '/o', 0)\n"
			  "c: exit(2, 0) after 0 calls\nb: exit(2, 0) after 2 calls\n"
			  "a: exit(2, 0) after 2 calls\n");
	assert_string_equal(f->log, "");
}

static void enotsup_of_all_is_nobodys_mount_and_not_logged(void **state)
{
	struct fixture *f = *state;

	setenv("TEST_a", "dump=return,-95", 1);
	setenv("TEST_b", "dump=return,-95", 1);
	start_probes(f, "ab");
	assert_int_equal(hooks_dump_mount(f->host, "./vol", 1), -ENOTSUP);
	assert_int_equal(hooks_finish(f->host, 0), 0);
	assert_string_equal(f->log, "");
}

static void an_error_ends_the_chain_and_names_the_plugin(void **state)
{
	struct fixture *f = *state;

	setenv("TEST_a", "dump=return,-28", 1);
	start_probes(f, "ab");
	assert_int_equal(hooks_dump_mount(f->host, "./vol", 7), -ENOSPC);
	assert_logged(
		f,
		"1 plugin 'probe' (a.so): DUMP_EXT_MOUNT for mount 7 './vol' returned -28: No sp");
	assert_int_equal(hooks_finish(f->host, -ENOSPC), 0);
	assert_int_equal(count_in(f->log, "\n"), 1);
}

static void a_positive_answer_breaks_the_contract(void **state)
{
	struct fixture *f = *state;
	int is_file = 5;

	setenv("TEST_a", "dump=return,1 restore=return,3", 1);
	start_probes(f, "ab");
	assert_int_equal(hooks_dump_mount(f->host, "./vol", 7), -EPROTO);
	assert_int_equal(restore(f, &is_file), -EPROTO);
	assert_int_equal(is_file, 5);
	assert_logged(f, "RESTORE_EXT_MOUNT for mount 42 '/crt-premount.42' returned 3");
	assert_int_equal(hooks_finish(f->host, -EPROTO), 0);
}

static void enoent_of_a_restore_hook_is_passed_on_unlogged(void **state)
{
	struct fixture *f = *state;
	int is_file;

	setenv("TEST_a", "restore=return,-2", 1);
	start_probes(f, "ab");
	assert_int_equal(restore(f, &is_file), -ENOENT);
	assert_string_equal(f->log, "");
	assert_int_equal(hooks_finish(f->host, 0), 0);
}

static void a_number_that_is_no_errno_is_a_protocol_error(void **state)
{
	struct fixture *f = *state;

	setenv("TEST_a", "dump=return,-100000", 1);
	start_probes(f, "a");
	assert_int_equal(hooks_dump_mount(f->host, "./vol", 7), -EPROTO);
	assert_logged(f, "returned -100000");
	assert_int_equal(hooks_finish(f->host, 0), 0);
}

static void a_path_too_long_for_a_message_is_an_error_and_no_end(void **state)
{
	struct fixture *f = *state;
	char path[20000];

	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	start_probes(f, "a");
	assert_int_equal(hooks_dump_mount(f->host, path, 7), -ENAMETOOLONG);
	path[4095] = '\0';
	setenv("TEST_a", "", 1);
	assert_int_equal(hooks_finish(f->host, 0), 0);
}

/* Descriptors */

static void a_dump_hook_gets_the_descriptor(void **state)
{
	struct fixture *f = *state;
	int ends[2];

	start_probes(f, "a");
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(hooks_dump_fd(f->host, CR_PLUGIN_HOOK__DUMP_UNIX_SK, ends[0], 9), 0);
	assert_int_equal(hooks_dump_fd(f->host, CR_PLUGIN_HOOK__DUMP_EXT_FILE, ends[0], 9),
			 -ENOTSUP);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(hooks_dump_link(f->host, 3, 1, "veth"), 0);
	assert_int_equal(hooks_finish(f->host, 0), 0);
	assert_journal(f, "a: init(2) 0\na: dump_sk(9) fifo\na: dump_link(3, 1, 'veth')\n"
			  "a: exit(2, 0) after 1 calls\n");
}

static void the_descriptor_of_a_restore_hook_arrives_close_on_exec(void **state)
{
	struct fixture *f = *state;
	struct stat st, null;
	int fd = -EBADF;

	start_probes(f, "a");
	assert_int_equal(hooks_restore_fd(f->host, CR_PLUGIN_HOOK__RESTORE_EXT_FILE, 5, &fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(stat("/dev/null", &null), 0);
	assert_int_equal(st.st_rdev, null.st_rdev);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	assert_int_equal(hooks_finish(f->host, 0), 0);
}

static void a_restore_hook_can_ask_to_be_called_again(void **state)
{
	struct fixture *f = *state;
	int fd = -EBADF;

	setenv("TEST_a", "restore_file=return,-11", 1);
	start_probes(f, "a");
	assert_int_equal(hooks_restore_fd(f->host, CR_PLUGIN_HOOK__RESTORE_EXT_FILE, 5, &fd),
			 -EAGAIN);
	assert_int_equal(fd, -EBADF);
	assert_string_equal(f->log, "");
	assert_int_equal(hooks_finish(f->host, 0), 0);
}

static void a_number_that_is_no_descriptor_breaks_the_contract(void **state)
{
	struct fixture *f = *state;
	int fd = -EBADF;

	setenv("TEST_a", "restore_file=return,900", 1);
	start_probes(f, "a");
	assert_int_equal(hooks_restore_fd(f->host, CR_PLUGIN_HOOK__RESTORE_EXT_FILE, 5, &fd),
			 -EPROTO);
	assert_logged(f, "returned 900, not a descriptor");
	assert_int_equal(hooks_finish(f->host, 0), 0);
}

/* Bad behaviour */

static void a_crash_is_an_error_that_names_plugin_hook_and_signal(void **state)
{
	struct fixture *f = *state;
	int is_file;

	setenv("TEST_a", "restore=return,-95", 1);
	setenv("TEST_b", "restore=crash", 1);
	start_probes(f, "ab");
	assert_int_equal(restore(f, &is_file), -EPROTO);
	assert_logged(f, "1 plugin 'probe' (b.so) in RESTORE_EXT_MOUNT was killed by signal 6");
	assert_int_equal(count_in(f->log, "\n"), 1);
	assert_int_equal(restore(f, &is_file), -EPROTO);
	assert_int_equal(hooks_call_simple(f->host, CR_PLUGIN_HOOK__RESTORE_INIT), -EPROTO);
	assert_int_equal(hooks_leave(f->host, -1, -1), -EPROTO);
	assert_int_equal(hooks_finish(f->host, -EPROTO), -EPROTO);
	assert_int_equal(count_in(f->log, "\n"), 1);
}

static void a_crash_while_loading_in_init_or_exit_is_told_apart(void **state)
{
	struct fixture *f = *state;

	setenv("TEST_a", "load=crash", 1);
	add_plugin(f, "probe", "a.so");
	assert_int_equal(start(f), -EPROTO);
	assert_logged(f, "a.so in loading was killed by signal 6");
	setenv("TEST_a", "init=crash", 1);
	assert_int_equal(start(f), -EPROTO);
	assert_logged(f, "plugin 'probe' (a.so) in init was killed by signal 6");
	setenv("TEST_a", "exit=crash", 1);
	assert_int_equal(start(f), 0);
	assert_int_equal(hooks_finish(f->host, 0), -EPROTO);
	assert_logged(f, "plugin 'probe' (a.so) in exit was killed by signal 6");
}

static void a_crash_between_two_calls_is_seen_at_the_next(void **state)
{
	struct fixture *f = *state;
	int is_file;

	setenv("TEST_a", "init=later", 1);
	start_probes(f, "a");
	usleep(300000);
	assert_int_equal(restore(f, &is_file), -EPROTO);
	assert_logged(f, "the plugin process, between two calls, was killed by signal 11");
	assert_int_equal(hooks_finish(f->host, -EPROTO), -EPROTO);
}

static int callers_handlers_ran;

static void callers_handler(void)
{
	callers_handlers_ran++;
	/* In the plugin process this would be the wrong place; the parent never gets here. */
	kill(getpid(), SIGILL);
}

static void a_call_of_exit_is_an_error_that_names_the_status(void **state)
{
	struct fixture *f = *state;
	int is_file;
	static bool registered;

	if (!registered)
		assert_int_equal(atexit(callers_handler), 0);
	registered = true;
	setenv("TEST_a", "restore=exit,3", 1);
	start_probes(f, "a");
	assert_int_equal(restore(f, &is_file), -EPROTO);
	assert_logged(f, "1 plugin 'probe' (a.so) in RESTORE_EXT_MOUNT called exit(3)");
	assert_int_equal(hooks_finish(f->host, -EPROTO), -EPROTO);
}

static void a_hook_that_hangs_is_killed_when_its_time_is_over(void **state)
{
	struct fixture *f = *state;
	int is_file;

	setenv("TEST_a", "init=process restore=hang", 1);
	start_probes(f, "a");
	pid_t pid = journal_number(f, "a: pid "), keeper = journal_number(f, ", parent ");

	assert_true(is_alive(pid) && is_alive(keeper));
	assert_int_equal(restore(f, &is_file), -ETIMEDOUT);
	assert_logged(f, "1 plugin 'probe' (a.so) in RESTORE_EXT_MOUNT did not return within 1 s");
	assert_false(is_alive(pid) || is_alive(keeper));
	assert_int_equal(hooks_finish(f->host, -ETIMEDOUT), -ETIMEDOUT);
}

static void do_nothing(int signal_number)
{
}

static void an_interval_timer_of_the_caller_does_not_stop_the_clock(void **state)
{
	struct fixture *f = *state;
	struct itimerval often = { { 0, 100000 }, { 0, 100000 } }, never = { 0 };
	struct sigaction quiet = { .sa_handler = do_nothing }, old;

	sigaction(SIGALRM, &quiet, &old);
	setenv("TEST_a", "dump=hang", 1);
	start_probes(f, "a");
	setitimer(ITIMER_REAL, &often, NULL);
	assert_int_equal(hooks_dump_mount(f->host, "./x", 1), -ETIMEDOUT);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &old, NULL);
	assert_int_equal(hooks_finish(f->host, -ETIMEDOUT), -ETIMEDOUT);
}

static void a_plugin_that_closes_our_socket_ends_in_a_clean_error(void **state)
{
	struct fixture *f = *state;
	int is_file;

	setenv("TEST_b", "restore_init=close", 1);
	start_probes(f, "b");
	assert_int_equal(hooks_call_simple(f->host, CR_PLUGIN_HOOK__RESTORE_INIT), -EPROTO);
	assert_logged(f, "plugin 'probe' (b.so) in RESTORE_INIT ");
	assert_int_equal(restore(f, &is_file), -EPROTO);
	assert_int_equal(hooks_finish(f->host, -EPROTO), -EPROTO);
}

static void a_daemon_that_a_plugin_started_ends_with_it(void **state)
{
	static const char *const ends[] = { "restore=return,0", "restore=crash", "restore=exit,1",
					    "restore=hang" };
	struct fixture *f = *state;
	int is_file;

	add_plugin(f, "probe", "a.so");
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		char acts[64];

		unlinkat(f->image_fd, "journal", 0);
		snprintf(acts, sizeof(acts), "init=daemon %s", ends[i]);
		setenv("TEST_a", acts, 1);
		assert_int_equal(start(f), 0);
		pid_t pid = journal_number(f, "a: daemon ");

		assert_true(is_alive(pid));
		int err = restore(f, &is_file);

		assert_int_equal(hooks_finish(f->host, 0), err);
		assert_false(is_alive(pid));
	}
	assert_int_equal(count_in(f->log, "plugins left 1 process running: killed"),
			 ARRAY_SIZE(ends));
}

static void wait_until_dead(pid_t pid)
{
	for (int i = 0; i < 200 && is_alive(pid); i++)
		usleep(10000);
	assert_false(is_alive(pid));
}

static void when_rebind_is_killed_nothing_of_the_plugins_survives(void **state)
{
	struct fixture *f = *state;
	int is_file, status;

	add_plugin(f, "probe", "a.so");
	setenv("TEST_a", "init=process init=daemon restore=hang", 1);
	pid_t child = fork();

	if (child == 0) {
		if (start(f) == 0) {
			alarm(1);
			restore(f, &is_file);
		}
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	wait_until_dead(journal_number(f, "a: pid "));
	wait_until_dead(journal_number(f, ", parent "));
	wait_until_dead(journal_number(f, "a: daemon "));
}

/* Surroundings */

static void the_process_starts_with_default_signals(void **state)
{
	struct fixture *f = *state;
	sigset_t set;

	signal(SIGUSR1, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setenv("TEST_a", "init=process restore=crash", 1);
	start_probes(f, "a");
	cleanup_free char *journal = read_journal(f);

	assert_non_null(strstr(journal, "SIGUSR1 default, SIGUSR2 open\n"));
	/* The status of a crash is known although the caller ignores SIGCHLD. */
	int is_file;

	assert_int_equal(restore(f, &is_file), -EPROTO);
	assert_logged(f, "killed by signal 6");
	assert_int_equal(hooks_finish(f->host, -EPROTO), -EPROTO);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	signal(SIGUSR1, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
}

static void lines_of_a_plugin_are_in_the_log_with_its_name(void **state)
{
	struct fixture *f = *state;

	setenv("TEST_a", "init=talk", 1);
	start_probes(f, "a");
	assert_int_equal(hooks_finish(f->host, 0), 0);
	assert_string_equal(f->log, "1 probe: an error\n2 probe: a warning\n3 probe: two\n"
				    "3 probe: lines\n"
				    "1 probe: cannot write: No space left on device\n"
				    "1 probe: No space left on device\n");
}

static void count_bytes(void *data, enum log_level level, const char *line)
{
	*(size_t *)data += strlen(line) - strlen("probe: ");
}

static void a_flood_of_log_lines_arrives_whole(void **state)
{
	struct fixture *f = *state;
	size_t bytes = 0;

	/* As long as it takes: where a processor is emulated that is more than a second. */
	f->timeout = 120;
	log_to(count_bytes, &bytes, LOG_INFO);
	setenv("TEST_a", "dump=flood", 1);
	start_probes(f, "a");
	assert_int_equal(hooks_dump_mount(f->host, "./x", 1), 0);
	assert_int_equal(hooks_finish(f->host, 0), 0);
	/* The long line comes in six pieces, with the plugin's name before the first. */
	assert_int_equal(bytes, 10000 * 200 + 20000 - 5 * strlen("probe: "));
}

static void stdout_of_a_plugin_goes_to_stderr(void **state)
{
	struct fixture *f = *state;
	char text[256] = "";
	int ends[2], err = dup(2);

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	setenv("TEST_a", "init=talk", 1);
	add_plugin(f, "probe", "a.so");
	fflush(stdout);
	printf("the caller's, not yet written ");
	dup2(ends[1], 2);
	int result = start(f);

	dup2(err, 2);
	puts("");
	close(err);
	assert_int_equal(result, 0);
	assert_int_equal(hooks_finish(f->host, 0), 0);
	close(ends[1]);
	assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
	close(ends[0]);
	assert_string_equal(text, "this goes to stdout\n");
}

static int run_without_stdio(struct fixture *f)
{
	int is_file = 0;

	for (int fd = 0; fd < 3; fd++)
		close(fd);
	if (start(f) < 0 || restore(f, &is_file) < 0 || is_file != 1)
		return 1;
	return hooks_finish(f->host, 0) == 0 ? 0 : 2;
}

static void a_caller_without_stdio_can_have_plugins(void **state)
{
	struct fixture *f = *state;
	int status;

	setenv("TEST_a", "init=talk init=descriptors restore=daemon", 1);
	add_plugin(f, "probe", "a.so");
	pid_t child = fork();

	if (child == 0)
		_exit(run_without_stdio(f));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void the_callers_private_descriptors_are_not_there(void **state)
{
	struct fixture *f = *state;
	int ends[2];
	char byte;

	/* The end of file arrives although the plugin process lives: it has no writing end. */
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	start_probes(f, "a");
	close(ends[1]);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	assert_int_equal(hooks_finish(f->host, 0), 0);
}

static size_t count_inheritable(void)
{
	size_t n = 0;

	for (int fd = 3; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) == 0;
	return n;
}

static void descriptors_of_ours_close_on_exec(void **state)
{
	struct fixture *f = *state;
	int inherited = fcntl(0, F_DUPFD, 100);
	char expected[64];

	setenv("TEST_a", "init=descriptors", 1);
	start_probes(f, "a");
	close(inherited);
	assert_int_equal(hooks_finish(f->host, 0), 0);
	snprintf(expected, sizeof(expected), "a: inheritable %d\n", inherited);
	cleanup_free char *journal = read_journal(f);

	/* The test's caller may have left some of its own. */
	assert_non_null(strstr(journal, expected));
	assert_int_equal(count_in(journal, "inheritable"), count_inheritable() + 1);
}

static int answer_info(const void *data, int id, struct rebind_mount_info *info)
{
	info->id = (uint32_t)id;
	info->mountpoint = data;
	info->sb_flags = 1;
	return 0;
}

static void a_plugin_can_ask_about_the_mount(void **state)
{
	struct fixture *f = *state;
	const struct hooks_options options = {
		.libdir = f->plugins,
		.stage = STAGE,
		.image_dir_fd = f->image_fd,
		.mount_info = answer_info,
		.data = (void *)"/the/volume",
	};
	int is_file;

	add_plugin(f, "probe", "a.so");
	assert_int_equal(hooks_start(&options, &f->host), 0);
	assert_int_equal(restore(f, &is_file), 0);
	assert_int_equal(hooks_finish(f->host, 0), 0);
	cleanup_free char *journal = read_journal(f);

	assert_non_null(strstr(journal, "a: info 42 '/the/volume' 1\n"));
	assert_non_null(strstr(journal, "a: older info 42 '/the/volume' 77\n"));
}

static void debug_mode_runs_hooks_in_this_process(void **state)
{
	struct fixture *f = *state;
	char parent[64];
	int is_file = 0;

	setenv("REBIND_PLUGIN_DEBUG", "1", 1);
	setenv("TEST_a", "init=process", 1);
	start_probes(f, "a");
	assert_int_equal(restore(f, &is_file), 0);
	assert_int_equal(is_file, 1);
	assert_int_equal(hooks_leave(f->host, -1, -1), 0);
	assert_int_equal(hooks_finish(f->host, -1), 0);
	snprintf(parent, sizeof(parent), "a: pid %d,", getpid());
	cleanup_free char *journal = read_journal(f);

	assert_non_null(strstr(journal, parent));
	assert_non_null(strstr(journal, "a: exit(2, -1) after 1 calls\n"));
	assert_logged(f, "2 REBIND_PLUGIN_DEBUG: plugins stay in this process' mount namespace");
}

/* Leaving */

static bool same_link(pid_t pid, const char *what, const struct stat *expected)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	assert_int_equal(stat(path, &st), 0);
	return st.st_dev == expected->st_dev && st.st_ino == expected->st_ino;
}

struct way_back {
	int ns, root, cwd;
};

static struct way_back open_way_back(void)
{
	return (struct way_back){
		.ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC),
		.root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC),
		.cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC),
	};
}

static void go_back(struct way_back *back)
{
	assert_int_equal(setns(back->ns, CLONE_NEWNS), 0);
	assert_int_equal(fchdir(back->root), 0);
	assert_int_equal(chroot("."), 0);
	assert_int_equal(fchdir(back->cwd), 0);
	close(back->ns);
	close(back->root);
	close(back->cwd);
}

/* A private namespace whose root is a tmpfs, with the old one below and links into it. */
static void enter_staging(const struct fixture *f)
{
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount("staging", f->image, "tmpfs", 0, "mode=755"), 0);
	assert_int_equal(chdir(f->image), 0);
	assert_int_equal(mkdir("crt-old-root", 0755), 0);
	assert_int_equal(mount("/", "crt-old-root", NULL, MS_BIND | MS_REC, NULL), 0);
	assert_int_equal(symlink("crt-old-root/proc", "proc"), 0);
	assert_int_equal(symlink("crt-old-root/tmp", "tmp"), 0);
	assert_int_equal(symlink("crt-old-root/dev", "dev"), 0);
	assert_int_equal(chroot("."), 0);
	assert_int_equal(chdir("/"), 0);
}

static bool may_unshare(void)
{
	if (geteuid() == 0)
		return true;
	print_message("needs to be root: a mount namespace is made\n");
	return false;
}

static void leaving_moves_the_process_back(void **state)
{
	struct fixture *f = *state;
	struct stat outer, root, inner;
	int is_file;

	if (!may_unshare())
		skip();
	struct way_back back = open_way_back();

	assert_int_equal(fstat(back.ns, &outer), 0);
	assert_int_equal(fstat(back.root, &root), 0);
	setenv("TEST_a", "init=process", 1);
	add_plugin(f, "probe", "a.so");
	enter_staging(f);
	assert_int_equal(stat("/proc/self/ns/mnt", &inner), 0);
	int result = start(f), left = -1;
	bool was_inside = false;
	pid_t pid = 0, keeper = 0;

	if (result == 0) {
		pid = journal_number(f, "a: pid ");
		keeper = journal_number(f, ", parent ");
		was_inside = same_link(pid, "ns/mnt", &inner) && !same_link(pid, "root", &root);
		left = hooks_leave(f->host, back.ns, back.root);
	}
	go_back(&back);
	assert_int_equal(result, 0);
	assert_true(was_inside);
	assert_int_equal(left, 0);
	for (int i = 0; i < 2; i++) {
		pid_t which = i ? keeper : pid;

		assert_true(same_link(which, "ns/mnt", &outer));
		assert_true(same_link(which, "root", &root));
		assert_true(same_link(which, "cwd", &root));
	}
	/* It still answers, and the image directory is still there. */
	assert_int_equal(restore(f, &is_file), 0);
	assert_int_equal(hooks_finish(f->host, 0), 0);
}

static void a_process_with_threads_is_sent_below_a_chroot(void **state)
{
	struct fixture *f = *state;
	struct stat outer, root;

	if (!may_unshare())
		skip();
	struct way_back back = open_way_back();
	cleanup_fd int root_fd = open(f->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(fstat(back.ns, &outer), 0);
	assert_int_equal(fstat(root_fd, &root), 0);
	setenv("TEST_a", "init=process init=thread", 1);
	add_plugin(f, "probe", "a.so");
	enter_staging(f);
	int result = start(f), left = result ? 0 : hooks_leave(f->host, back.ns, root_fd);

	go_back(&back);
	assert_int_equal(result, 0);
	assert_int_equal(left, 0);
	pid_t pid = journal_number(f, "a: pid ");

	assert_true(same_link(pid, "ns/mnt", &outer));
	assert_true(same_link(pid, "root", &root));
	assert_true(same_link(pid, "cwd", &root));
	assert_int_equal(hooks_finish(f->host, 0), 0);
}

static bool enter_user_namespace(void)
{
	static const struct {
		const char *path, *text;
	} maps[] = {
		{ "/proc/self/setgroups", "deny" },
		{ "/proc/self/uid_map", "0 %u 1" },
		{ "/proc/self/gid_map", "0 %u 1" },
	};
	const uid_t ids[] = { 0, geteuid(), getegid() };

	if (unshare(CLONE_NEWUSER) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		cleanup_fd int fd = open(maps[i].path, O_WRONLY | O_CLOEXEC);
		char text[32];

		snprintf(text, sizeof(text), maps[i].text, ids[i]);
		if (fd < 0 || fd_write_all(fd, text, strlen(text)) < 0)
			return false;
	}
	return true;
}

/* In a user namespace the caller's mount namespace is not ours to enter; its root is. */
static int leave_rootless(struct fixture *f)
{
	struct way_back back = open_way_back();
	struct stat root;

	if (fstat(back.root, &root) < 0 || !enter_user_namespace())
		return 10;
	enter_staging(f);
	if (start(f) < 0)
		return 11;
	pid_t pid = journal_number(f, "a: pid ");

	if (same_link(pid, "root", &root))
		return 12;
	if (hooks_leave(f->host, back.ns, back.root) < 0)
		return 13;
	if (!same_link(pid, "root", &root) || !same_link(pid, "cwd", &root))
		return 14;
	return hooks_finish(f->host, 0) == 0 ? 0 : 15;
}

static void leaving_without_the_right_to_enter_changes_the_root(void **state)
{
	struct fixture *f = *state;
	int status;

	setenv("TEST_a", "init=process", 1);
	add_plugin(f, "probe", "a.so");
	pid_t child = fork();

	if (child == 0) {
		log_to(NULL, NULL, LOG_WARN);
		_exit(leave_rootless(f));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (status == 10 << 8) {
		print_message("user namespaces are not available here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static void a_thread_with_a_root_of_its_own_cannot_be_sent_away(void **state)
{
	struct fixture *f = *state;

	if (!may_unshare())
		skip();
	struct way_back back = open_way_back();

	setenv("TEST_a", "init=hermit", 1);
	add_plugin(f, "probe", "a.so");
	enter_staging(f);
	int result = start(f), left = result ? 0 : hooks_leave(f->host, back.ns, back.root);

	go_back(&back);
	assert_int_equal(result, 0);
	assert_int_equal(left, -EBUSY);
	assert_logged(f, "a plugin's thread has its own root directory");
	assert_int_equal(hooks_finish(f->host, -EBUSY), 0);
}

/* The example (plugins/bindmount.c is a frame around it) */

static void write_text(const char *path, const char *text)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void example_start(struct fixture *f, const char *map)
{
	char path[80];

	snprintf(path, sizeof(path), "%s/map", f->dir);
	write_text(path, map);
	setenv("BINDMOUNT_EXAMPLE_MAP", path, 1);
	assert_int_equal(start(f), 0);
}

static int example_restore(struct fixture *f, int id, const char *mountpoint, int *is_file)
{
	char place[128];

	snprintf(place, sizeof(place), "%s/%s", f->dir, mountpoint);
	return hooks_restore_mount(f->host, id, place, f->dir, is_file, NULL);
}

static void the_example_dumps_what_its_map_has(void **state)
{
	struct fixture *f = *state;
	char text[32] = "";

	add_plugin(f, "bindmount", "a.so");
	example_start(f, "# comment\n\n/data /srv/1\n/my-app\t/srv/2\n");
	assert_int_equal(hooks_dump_mount(f->host, "./other", 40), -ENOTSUP);
	assert_int_equal(hooks_dump_mount(f->host, "./data", 41), 0);
	assert_int_equal(hooks_dump_mount(f->host, "./my-app", 42), 0);
	assert_int_equal(hooks_finish(f->host, 0), 0);
	assert_int_equal(faccessat(f->image_fd, "bindmount-40.txt", F_OK, 0), -1);
	cleanup_fd int fd = openat(f->image_fd, "bindmount-42.txt", O_RDONLY | O_CLOEXEC);

	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "/my-app");
}

static void the_example_refuses_a_map_that_is_not_one(void **state)
{
	struct fixture *f = *state;
	char path[80];

	add_plugin(f, "bindmount", "a.so");
	snprintf(path, sizeof(path), "%s/map", f->dir);
	example_start(f, "/data relative\n");
	assert_int_equal(hooks_dump_mount(f->host, "./data", 1), -EINVAL);
	assert_logged(f, "/map:1: expected");
	unlink(path);
	assert_int_equal(hooks_dump_mount(f->host, "./data", 1), -ENXIO);
	assert_int_equal(hooks_finish(f->host, -EINVAL), 0);
}

/* Needs a namespace of its own. Sources are "srv-dir" and "srv-file" below the fixture. */
static void restore_with_the_example(struct fixture *f)
{
	int is_file = 9;
	char path[128];
	struct stat st;

	example_start(f, "/data /srv-dir\n/conf /srv-file\n/gone /srv-gone\n");
	assert_int_equal(hooks_dump_mount(f->host, "./data", 1), 0);
	assert_int_equal(hooks_dump_mount(f->host, "./conf", 2), 0);
	assert_int_equal(hooks_dump_mount(f->host, "./gone", 3), 0);
	assert_int_equal(example_restore(f, 1, "m1", &is_file), 0);
	assert_int_equal(is_file, 0);
	assert_int_equal(example_restore(f, 2, "m2", &is_file), 0);
	assert_int_equal(is_file, 1);
	assert_int_equal(example_restore(f, 3, "m3", &is_file), -ENXIO);
	assert_int_equal(example_restore(f, 4, "m4", &is_file), -ENOTSUP);
	/* An existing mountpoint is used, one of the wrong kind is not. */
	snprintf(path, sizeof(path), "%s/m5", f->dir);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(example_restore(f, 2, "m5", &is_file), -EEXIST);
	assert_int_equal(example_restore(f, 1, "m5", &is_file), 0);
	snprintf(path, sizeof(path), "%s/m5/inside", f->dir);
	assert_int_equal(stat(path, &st), 0);
	snprintf(path, sizeof(path), "%s/m3", f->dir);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(hooks_finish(f->host, 0), 0);
}

static void the_example_restores_files_and_directories(void **state)
{
	static const char *const made[] = { "srv-dir/inside", "srv-file", "m2" };
	static const char *const made_dirs[] = { "m1", "m5", "srv-dir" };
	struct fixture *f = *state;
	char path[128];

	if (!may_unshare())
		skip();
	struct way_back back = open_way_back();

	add_plugin(f, "bindmount", "a.so");
	snprintf(path, sizeof(path), "%s/srv-dir", f->dir);
	assert_int_equal(mkdir(path, 0755), 0);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, made[i]);
		write_text(path, "x");
	}
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	restore_with_the_example(f);
	go_back(&back);
	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, made[i]);
		assert_int_equal(unlink(path), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(made_dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, made_dirs[i]);
		assert_int_equal(rmdir(path), 0);
	}
}

static void the_example_removes_its_mountpoint_if_it_cannot_mount(void **state)
{
	struct fixture *f = *state;
	int is_file = 9;
	struct stat st;
	char path[128];

	/* procfs refuses to bind this one. */
	if (stat("/proc/self/ns/mnt", &st) < 0)
		skip();
	add_plugin(f, "bindmount", "a.so");
	snprintf(path, sizeof(path), "%s/m1", f->dir);
	example_start(f, "/data /proc/self/ns/mnt\n");
	assert_int_equal(hooks_dump_mount(f->host, "./data", 1), 0);
	assert_true(hooks_restore_mount(f->host, 1, path, "", &is_file, NULL) < 0);
	assert_int_equal(is_file, 9);
	assert_logged(f, "bindmount-example: cannot bind");
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(hooks_finish(f->host, 0), 0);
}

/* Listing */

struct listing {
	char text[512];
};

static void describe(void *data, const struct hooks_plugin *plugin)
{
	struct listing *listing = data;
	size_t used = strlen(listing->text);

	snprintf(listing->text + used, sizeof(listing->text) - used, "%s %s %#x %u %#x %d\n",
		 plugin->file, plugin->name, plugin->version, plugin->max_hooks, plugin->hooks,
		 plugin->generation_1);
}

static void a_listing_describes_plugins_without_init(void **state)
{
	struct fixture *f = *state;
	struct listing listing = { "" };

	add_plugin(f, "probe", "a.so");
	add_plugin(f, "by-names", "b.so");
	add_plugin(f, "ext-file-only", "c.so");
	add_plugin(f, "seven-slots", "d.so");
	assert_int_equal(hooks_list(f->plugins, describe, &listing), 4);
	assert_string_equal(listing.text, "a.so probe 0x200 15 0x2079 0\nb.so b.so 0x100 7 0x30 1\n"
					  "c.so ext-file-only 0x200 15 0x4 0\n"
					  "d.so seven-slots 0x200 7 0x20 0\n");
	assert_journal(f, "");
}

static void a_listing_of_an_empty_directory_is_empty(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(hooks_list(f->plugins, describe, NULL), 0);
}

static void hooks_have_the_names_of_the_abi(void **state)
{
	assert_string_equal(hooks_name(0), "DUMP_UNIX_SK");
	assert_string_equal(hooks_name(5), "RESTORE_EXT_MOUNT");
	assert_string_equal(hooks_name(14), "DUMP_DEVICES_LATE");
	assert_null(hooks_name(15));
	for (unsigned int hook = 0; hook < CR_PLUGIN_HOOK__MAX; hook++)
		assert_non_null(hooks_name(hook));
}

/* The test's own process must not run callers_handler() at its end. */
static void leave_quietly(int status, void *unused)
{
	fflush(NULL);
	_exit(status);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_descriptor_with_seven_slots_is_read_no_further),
		TEST(a_descriptor_with_fifteen_slots_has_all_of_them),
		TEST(functions_found_by_name_are_hooks_with_a_warning),
		TEST(an_object_without_descriptor_and_hooks_loads_with_a_warning),
		TEST(a_newer_version_is_refused_with_both_numbers),
		TEST(more_hooks_than_ours_are_refused_with_both_numbers),
		TEST(a_descriptor_shorter_than_it_says_is_refused),
		TEST(what_cannot_be_loaded_fails_with_the_linkers_reason),
		TEST(of_seven_to_fifteen_slots_all_are_read_and_no_more),
		TEST(both_generations_serve_side_by_side),
		TEST(the_oldest_plugin_loads_and_is_asked),
		TEST(a_plugin_built_without_our_headers_works),
		TEST(no_directory_and_no_plugin_mean_no_process),
		TEST(a_named_directory_that_does_not_exist_is_an_error),
		TEST(the_environment_names_the_directory_where_no_option_does),
		TEST(a_single_file_can_be_named_as_the_directory),
		TEST(only_names_that_end_in_so_are_loaded_in_their_order),
		TEST(one_object_under_two_names_is_loaded_once),
		TEST(what_others_can_write_is_refused_to_the_privileged),
		TEST(a_failing_init_in_the_middle_starts_no_other),
		TEST(a_failing_init_ends_those_before_it_last_first),
		TEST(an_init_that_returns_a_positive_number_fails_too),
		TEST(state_lasts_from_init_to_exit_which_gets_the_result),
		TEST(the_next_plugin_is_asked_while_the_answer_is_enotsup),
		TEST(enotsup_of_all_is_nobodys_mount_and_not_logged),
		TEST(an_error_ends_the_chain_and_names_the_plugin),
		TEST(a_positive_answer_breaks_the_contract),
		TEST(enoent_of_a_restore_hook_is_passed_on_unlogged),
		TEST(a_number_that_is_no_errno_is_a_protocol_error),
		TEST(a_path_too_long_for_a_message_is_an_error_and_no_end),
		TEST(a_dump_hook_gets_the_descriptor),
		TEST(the_descriptor_of_a_restore_hook_arrives_close_on_exec),
		TEST(a_restore_hook_can_ask_to_be_called_again),
		TEST(a_number_that_is_no_descriptor_breaks_the_contract),
		TEST(a_crash_is_an_error_that_names_plugin_hook_and_signal),
		TEST(a_crash_while_loading_in_init_or_exit_is_told_apart),
		TEST(a_crash_between_two_calls_is_seen_at_the_next),
		TEST(a_call_of_exit_is_an_error_that_names_the_status),
		TEST(a_hook_that_hangs_is_killed_when_its_time_is_over),
		TEST(an_interval_timer_of_the_caller_does_not_stop_the_clock),
		TEST(a_plugin_that_closes_our_socket_ends_in_a_clean_error),
		TEST(a_daemon_that_a_plugin_started_ends_with_it),
		TEST(when_rebind_is_killed_nothing_of_the_plugins_survives),
		TEST(the_process_starts_with_default_signals),
		TEST(lines_of_a_plugin_are_in_the_log_with_its_name),
		TEST(a_flood_of_log_lines_arrives_whole),
		TEST(stdout_of_a_plugin_goes_to_stderr),
		TEST(a_caller_without_stdio_can_have_plugins),
		TEST(the_callers_private_descriptors_are_not_there),
		TEST(descriptors_of_ours_close_on_exec),
		TEST(a_plugin_can_ask_about_the_mount),
		TEST(debug_mode_runs_hooks_in_this_process),
		TEST(leaving_moves_the_process_back),
		TEST(a_process_with_threads_is_sent_below_a_chroot),
		TEST(leaving_without_the_right_to_enter_changes_the_root),
		TEST(a_thread_with_a_root_of_its_own_cannot_be_sent_away),
		TEST(the_example_dumps_what_its_map_has),
		TEST(the_example_refuses_a_map_that_is_not_one),
		TEST(the_example_restores_files_and_directories),
		TEST(the_example_removes_its_mountpoint_if_it_cannot_mount),
		TEST(a_listing_describes_plugins_without_init),
		TEST(a_listing_of_an_empty_directory_is_empty),
		TEST(hooks_have_the_names_of_the_abi),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	on_exit(leave_quietly, NULL);
	return failed;
}
