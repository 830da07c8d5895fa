// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/path.h"
#include "test/unit/help.h"

/* ---- beneath ---- */

static const struct {
	const char *path;
	int result; /* 0: the file whose name the next field has */
	const char *name;
	const char *across; /* the same where mounts are crossed, if that makes a difference */
} beneath[] = {
	{ "", 0, "/tmp/in" },
	{ "/", 0, "/tmp/in" },
	{ "dir", 0, "/tmp/in/dir" },
	{ "/dir", 0, "/tmp/in/dir" },
	{ "///dir//sub", 0, "/tmp/in/dir/sub" },
	{ "./dir/.", 0, "/tmp/in/dir" },
	{ "dir/", 0, "/tmp/in/dir" },
	{ "file", 0, "/tmp/in/file" },
	{ "file/", -ENOTDIR, NULL },
	{ "file/x", -ENOTDIR, NULL },
	{ "missing", -ENOENT, NULL },
	{ "missing/x", -ENOENT, NULL },
	{ "link", -ELOOP, NULL },     /* the place itself is a symlink */
	{ "link/", -ELOOP, NULL },    /* a slash would make even O_NOFOLLOW follow it */
	{ "link/sub", -ELOOP, NULL }, /* so is a component on the way */
	{ "dangling", -ELOOP, NULL },
	{ "absolute/sub", -ELOOP, NULL },
	{ "..", -EXDEV, NULL }, /* climbs out */
	{ "/../out", -EXDEV, NULL },
	{ "dir/../../out", -EXDEV, NULL },
	{ "dir/..", -EXDEV, NULL }, /* refused although it stays inside */
	{ "dir/../dir", -EXDEV, NULL },
	{ "..dir", 0, "/tmp/in/..dir" },
	{ "mount", -EXDEV, NULL, "/tmp/in/mount" },
	{ "mount/deeper", -EXDEV, NULL, "/tmp/in/mount/deeper" },
	{ "mount/link", -EXDEV, NULL, "" }, /* a symlink again, with another errno */
	{ "mount/link/sub", -EXDEV, NULL, "" },
	{ "bind", -EXDEV, NULL, "/tmp/in/bind" }, /* of the same filesystem, too */
	{ "bound-file", -EXDEV, NULL, "/tmp/in/bound-file" },
	{ "a name with\n\\ \xff", 0, "/tmp/in/a name with\n\\ \xff" },
};

static void make_tree(void)
{
	static const char *const dirs[] = { "/tmp/in",	       "/tmp/in/dir",
					    "/tmp/in/dir/sub", "/tmp/in/..dir",
					    "/tmp/in/mount",   "/tmp/in/bind",
					    "/tmp/out",	       "/tmp/in/a name with\n\\ \xff" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		help_must(mkdir(dirs[i], 0755));
	help_write("/tmp/in/file", "");
	help_write("/tmp/in/bound-file", "");
	help_must(symlink("dir", "/tmp/in/link"));
	help_must(symlink("nowhere", "/tmp/in/dangling"));
	help_must(symlink("/tmp/in/dir", "/tmp/in/absolute"));
	help_must(mount("t", "/tmp/in/mount", "tmpfs", 0, NULL));
	help_must(mkdir("/tmp/in/mount/deeper", 0755));
	help_must(symlink("deeper", "/tmp/in/mount/link"));
	help_must(mount("/tmp/out", "/tmp/in/bind", NULL, MS_BIND, NULL));
	help_must(mount("/tmp/in/file", "/tmp/in/bound-file", NULL, MS_BIND, NULL));
}

/* openat2 answers @err from now on, in this process. */
static void deny_openat2(int err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };

	help_must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	help_must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
	if (syscall(SYS_openat2, AT_FDCWD, "/", NULL, 0) != -1 || errno != err)
		_exit(96);
}

/* What went wrong with a case, or nothing. */
static void try_case(int dir_fd, size_t i, bool cross, char *why, size_t size)
{
	const char *across = cross ? beneath[i].across : NULL;
	const char *wanted = across && *across ? across : beneath[i].name;
	int result = !across ? beneath[i].result : *across ? 0 : -ELOOP;
	cleanup_fd int fd = cross ? path_open_across(dir_fd, beneath[i].path)
				  : path_open_beneath(dir_fd, beneath[i].path);
	cleanup_free char *name = fd >= 0 ? path_of_fd(fd) : NULL;

	if (fd < 0 ? fd == result : !result && name && wanted && !strcmp(name, wanted))
		return;
	snprintf(why, size, "'%s': got %d (%s), wanted %d (%s)", beneath[i].path, fd,
		 name ? name : strerror(fd < 0 ? -fd : 0), result, wanted ? wanted : "-");
}

static void run_cases(int denied, char *why, size_t size)
{
	cleanup_fd int dir_fd = open("/tmp/in", O_PATH | O_DIRECTORY | O_CLOEXEC);
	unsigned int before;

	if (denied)
		deny_openat2(denied);
	before = help_open_fds();
	for (size_t i = 0; i < 2 * ARRAY_SIZE(beneath) && !*why; i++)
		try_case(dir_fd, i / 2, i % 2, why, size);
	if (!*why && help_open_fds() != before)
		snprintf(why, size, "descriptors leak");
}

/* In a child: a filter cannot be taken off. */
static void cases_hold(int denied)
{
	char why[512] = "";
	int pair[2];

	assert_ok(fd_pair(pair));
	pid_t pid = child_fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		run_cases(denied, why, sizeof(why));
		fd_send(pair[1], why, strlen(why) + 1, -1);
		_exit(0);
	}
	close(pair[1]);
	assert_true(fd_recv(pair[0], why, sizeof(why), NULL) > 0);
	close(pair[0]);
	assert_ok(child_wait(pid, NULL));
	assert_string_equal(why, "");
}

static void a_path_is_opened_beneath_or_refused(void **state)
{
	cases_hold(0);
}

static void the_same_where_openat2_is_not_there(void **state)
{
	cases_hold(ENOSYS);
}

static void the_same_where_a_profile_forbids_openat2(void **state)
{
	cases_hold(EPERM);
}

static void a_path_of_magic_links_is_refused(void **state)
{
	cleanup_fd int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(path_open_beneath(proc, "root"), -ELOOP);
	assert_int_equal(path_open_beneath(proc, "cwd/tmp"), -ELOOP);
}

static void a_component_may_be_too_long(void **state)
{
	cleanup_fd int dir_fd = open("/tmp/in", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[400];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(path_open_beneath(dir_fd, name), -ENAMETOOLONG);
}

/* ---- the cache ---- */

static void names_in_one_directory_are_looked_up_in_one_descriptor(void **state)
{
	cleanup_path_cache struct path_cache cache = PATH_CACHE_NONE;
	cleanup_fd int root = open("/tmp/in", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *name;
	int dir = path_cache_open(&cache, root, "/dir/sub", &name);

	assert_true(dir >= 0);
	assert_string_equal(name, "sub");
	assert_int_equal(path_cache_open(&cache, root, "/dir/other", &name), dir);
	assert_string_equal(name, "other");
	cleanup_free char *is = path_of_fd(dir);

	assert_string_equal(is, "/tmp/in/dir");
	dir = path_cache_open(&cache, root, "/file", &name);
	assert_true(dir >= 0);
	assert_string_equal(name, "file");
	cleanup_free char *now = path_of_fd(dir);

	assert_string_equal(now, "/tmp/in");
}

static void a_directory_of_another_root_is_another_directory(void **state)
{
	cleanup_path_cache struct path_cache cache = PATH_CACHE_NONE;
	cleanup_fd int in = open("/tmp/in", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *name;
	int dir = path_cache_open(&cache, in, "/x", &name);
	cleanup_free char *first = path_of_fd(dir);

	dir = path_cache_open(&cache, tmp, "/y", &name);
	cleanup_free char *second = path_of_fd(dir);

	assert_string_equal(first, "/tmp/in");
	assert_string_equal(second, "/tmp");
}

static void a_directory_that_cannot_be_opened_is_not_kept(void **state)
{
	cleanup_path_cache struct path_cache cache = PATH_CACHE_NONE;
	cleanup_fd int root = open("/tmp/in", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *name;

	assert_true(path_cache_open(&cache, root, "/dir/x", &name) >= 0);
	assert_int_equal(path_cache_open(&cache, root, "/link/x", &name), -ELOOP);
	assert_true(cache.fd < 0);
	assert_int_equal(path_cache_open(&cache, root, "/link/x", &name), -ELOOP);
	assert_true(path_cache_open(&cache, root, "/dir/x", &name) >= 0);
	path_cache_forget(&cache);
	assert_true(cache.fd < 0);
}

/* ---- text ---- */

static void what_lies_below_a_directory_is_told_by_whole_components(void **state)
{
	static const struct {
		const char *path, *dir, *rest;
	} cases[] = {
		{ "/a/b", "/a", "/b" }, { "/a", "/a", "" },	 { "/ab", "/a", NULL },
		{ "/a", "/a/b", NULL }, { "/a/b", "/", "/a/b" }, { "/", "/", "" },
		{ "/", "/a", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *rest = path_rest_below(cases[i].path, cases[i].dir);

		assert_int_equal(!rest, !cases[i].rest);
		if (rest)
			assert_string_equal(rest, cases[i].rest);
	}
}

static const struct {
	const char *path, *normal;
} normals[] = {
	{ "/", "/" },
	{ "", "/" },
	{ "a", "/a" },
	{ "/a", "/a" },
	{ "//a//b//", "/a/b" },
	{ "/a/./b/.", "/a/b" },
	{ "/a/../b", "/b" },
	{ "/a/b/../..", "/" },
	{ "/../../a", "/a" },
	{ "..", "/" },
	{ "/..a/.b", "/..a/.b" },
	{ "/a/...", "/a/..." },
	{ "./a", "/a" },
	{ "/a b\n", "/a b\n" },
};

static void a_normalized_path_is_normal_and_a_normal_one_stays(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(normals); i++) {
		cleanup_free char *normal = path_normalize(normals[i].path);

		assert_string_equal(normal, normals[i].normal);
		assert_true(path_is_normal(normal));
		assert_int_equal(path_is_normal(normals[i].path),
				 strcmp(normal, normals[i].path) == 0);
	}
}

static void paths_are_joined_with_one_slash(void **state)
{
	static const struct {
		const char *dir, *rest, *joined;
	} cases[] = {
		{ "/a", "b", "/a/b" }, { "/a/", "/b", "/a/b" }, { "/a//", "//b/c", "/a/b/c" },
		{ "/", "b", "/b" },    { "/", "/", "/" },	{ "/a", "", "/a" },
		{ "/a", "/", "/a" },   { "a", "b", "a/b" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *joined = path_join(cases[i].dir, cases[i].rest);

		assert_string_equal(joined, cases[i].joined);
	}
}

static void a_printable_path_has_nothing_that_a_terminal_would_obey(void **state)
{
	static const struct {
		const char *path, *printable;
	} cases[] = {
		{ "/a b", "/a b" },
		{ "/a\nb\t", "/a\\012b\\011" },
		{ "/\x1b[2J", "/\\033[2J" },
		{ "/a\\b", "/a\\134b" },
		{ "/\x7f", "/\\177" },
		{ "/\xc3\xa4\xe2\x82\xac\xf0\x9f\x8d\xb0",
		  "/\xc3\xa4\xe2\x82\xac\xf0\x9f\x8d\xb0" },
		{ "/\xc2\x9b", "/\\302\\233" }, /* a C1 control: CSI in eight bits */
		{ "/\xc3", "/\\303" },		/* cut short */
		{ "/\xc0\xaf", "/\\300\\257" }, /* overlong */
		{ "/\xe0\x80\x80", "/\\340\\200\\200" },
		{ "/\xed\xa0\x80", "/\\355\\240\\200" }, /* a surrogate */
		{ "/\xf4\x90\x80\x80", "/\\364\\220\\200\\200" },
		{ "/\xff", "/\\377" },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *printable = path_printable(cases[i].path);

		assert_string_equal(printable, cases[i].printable);
	}
}

static void a_descriptor_knows_its_path(void **state)
{
	cleanup_fd int fd = open("/tmp/in/file", O_PATH | O_CLOEXEC);
	cleanup_free char *path = path_of_fd(fd);

	assert_string_equal(path, "/tmp/in/file");
	assert_null(path_of_fd(-1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_is_opened_beneath_or_refused),
		cmocka_unit_test(the_same_where_openat2_is_not_there),
		cmocka_unit_test(the_same_where_a_profile_forbids_openat2),
		cmocka_unit_test(a_path_of_magic_links_is_refused),
		cmocka_unit_test(a_component_may_be_too_long),
		cmocka_unit_test(names_in_one_directory_are_looked_up_in_one_descriptor),
		cmocka_unit_test(a_directory_of_another_root_is_another_directory),
		cmocka_unit_test(a_directory_that_cannot_be_opened_is_not_kept),
		cmocka_unit_test(what_lies_below_a_directory_is_told_by_whole_components),
		cmocka_unit_test(a_normalized_path_is_normal_and_a_normal_one_stays),
		cmocka_unit_test(paths_are_joined_with_one_slash),
		cmocka_unit_test(a_printable_path_has_nothing_that_a_terminal_would_obey),
		cmocka_unit_test(a_descriptor_knows_its_path),
	};

	if (help_unshare())
		return 1;
	make_tree();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
