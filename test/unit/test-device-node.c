// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "runtime/oci/device-node.h"
#include "test/unit/help.h"

static int try(const char *path, bool is_block, unsigned int major, unsigned int minor)
{
	struct config_device device = { path, is_block, major, minor };
	int fd = device_node_open(&device);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static void a_device_is_what_it_should_be(void **state)
{
	assert_int_equal(mknod("/tmp/char", S_IFCHR | 0600, makedev(1, 3)), 0);
	assert_int_equal(mknod("/tmp/block", S_IFBLK | 0600, makedev(1, 3)), 0);
	assert_int_equal(symlink("char", "/tmp/link"), 0);
	help_write("/tmp/file", "");
	assert_int_equal(try("/tmp/char", false, 1, 3), 0);
	assert_int_equal(try("/tmp/block", true, 1, 3), 0);
	assert_int_equal(try("/tmp/char", false, 2, 3), -ENODEV);
	assert_int_equal(try("/tmp/char", false, 1, 5), -ENODEV);
	assert_int_equal(try("/tmp/char", true, 1, 3), -ENODEV);
	assert_int_equal(try("/tmp/block", false, 1, 3), -ENODEV);
	assert_int_equal(try("/tmp/link", false, 1, 3), -ENODEV);
	assert_int_equal(try("/tmp/file", false, 0, 0), -ENODEV);
	assert_int_equal(try("/tmp", false, 0, 0), -ENODEV);
	assert_int_equal(try("/tmp/nowhere", false, 1, 3), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_is_what_it_should_be),
	};

	if (help_unshare())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
