// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/stat.h>

#include "base/fd.h"
#include "runtime/oci/mount-index.h"
#include "test/unit/help.h"

static struct config_bind binds[] = {
	{ "/data", "/srv/0" },
	{ "var/run/secrets", "/srv/1" },
	{ "/link/../up", "/srv/2" },
	{ "/out/x", "/srv/3" },
	{ "/data/", "/srv/4" },
	{ "/tmp/not/there/../here", "/srv/5" },
	{ "/../../etc//hosts", "/srv/6" },
	{ "/dev/null", "/srv/7" },
};
static struct config_device devices[] = { { "/dev/fuse", false, 10, 229 },
					  { "/dev/zero", false, 1, 5 } };
static const char *masked[] = { "/proc/kcore" };

static struct config config = {
	.binds = binds,
	.n_binds = ARRAY_SIZE(binds),
	.devices = devices,
	.n_devices = ARRAY_SIZE(devices),
	.masked = masked,
	.n_masked = ARRAY_SIZE(masked),
};

static int make_root(void)
{
	assert_int_equal(mkdir("/tmp/root", 0755), 0);
	assert_int_equal(mkdir("/tmp/root/run", 0755), 0);
	assert_int_equal(mkdir("/tmp/root/var", 0755), 0);
	assert_int_equal(mkdir("/tmp/root/deep", 0755), 0);
	assert_int_equal(mkdir("/tmp/root/deep/er", 0755), 0);
	assert_int_equal(mkdir("/tmp/outside", 0755), 0);
	assert_int_equal(mkdir("/tmp/root/outside", 0755), 0);
	assert_int_equal(symlink("/run", "/tmp/root/var/run"), 0);
	assert_int_equal(symlink("deep/er", "/tmp/root/link"), 0);
	assert_int_equal(symlink("../../outside", "/tmp/root/out"), 0);
	int fd = open("/tmp/root", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void paths_are_found_as_written_and_as_the_root_has_them(void **state)
{
	static const struct {
		const char *path;
		int kind;
		size_t index;
	} cases[] = {
		{ "/data", MOUNT_INDEX_BIND, 4 }, /* the last one lies on top */
		{ "data", MOUNT_INDEX_BIND, 4 },  /* LXC's names */
		{ "/var/run/secrets", MOUNT_INDEX_BIND, 1 },
		{ "/run/secrets", MOUNT_INDEX_BIND, 1 }, /* through a symlink of the root's */
		{ "/deep/up", MOUNT_INDEX_BIND, 2 },	 /* ".." of where the symlink leads to */
		{ "/outside/x", MOUNT_INDEX_BIND, 3 },	 /* not out of the root */
		{ "/tmp/not/here", MOUNT_INDEX_BIND, 5 },
		{ "/etc/hosts", MOUNT_INDEX_BIND, 6 },
		{ "/dev/null", MOUNT_INDEX_BIND, 7 }, /* before what every container has */
		{ "/dev/fuse", MOUNT_INDEX_DEVICE, 0 },
		{ "/dev/zero", MOUNT_INDEX_DEVICE, 1 },
		{ "/dev/full", MOUNT_INDEX_COMMON_DEVICE, 2 },
		{ "/proc/kcore", MOUNT_INDEX_MASKED, 0 },
		{ "/dev/sda", -1, 0 },
		{ "/dat", -1, 0 },
		{ "", -1, 0 },
	};
	cleanup_fd int root = make_root();
	cleanup(mount_index_free) struct mount_index places = { 0 };

	assert_int_equal(mount_index_make(&config, root, &places), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct mount_index_entry *place = mount_index_find(&places, cases[i].path);

		if (!place != (cases[i].kind < 0) || (place && ((int)place->kind != cases[i].kind ||
								place->index != cases[i].index)))
			fail_msg("%s", cases[i].path);
	}
}

static void without_a_root_paths_are_found_as_written(void **state)
{
	cleanup(mount_index_free) struct mount_index places = { 0 };

	assert_int_equal(mount_index_make(&config, -EBADF, &places), 0);
	assert_non_null(mount_index_find(&places, "/var/run/secrets"));
	assert_null(mount_index_find(&places, "/run/secrets"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_found_as_written_and_as_the_root_has_them),
		cmocka_unit_test(without_a_root_paths_are_found_as_written),
	};

	if (help_unshare())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
