// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "case.h"

/* What may not be changed may not be made any more: links, sockets, times come before. */
static const struct {
	const char *path;
	int flags;
} files[] = {
	{ "/t/dir/immutable", FS_IMMUTABLE_FL },
	{ "/t/log", FS_APPEND_FL },
	{ "/t/nodump", FS_NODUMP_FL | FS_NOATIME_FL },
	{ "/t/dir", FS_IMMUTABLE_FL },
	{ "/t/append", FS_APPEND_FL },
	{ "/t", FS_NODUMP_FL },
};

static int flags_of(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), flags = 0;

	expect(fd >= 0, "%s: %s", path, strerror(errno));
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		skip("tmpfs has no inode flags: %s", strerror(errno));
	close(fd);
	return flags;
}

static void set_flags(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	flags |= flags_of(path);
	expect(!ioctl(fd, FS_IOC_SETFLAGS, &flags), "%s: %s", path, strerror(errno));
	close(fd);
}

static void build(void)
{
	mount_new("tmpfs", "/t", 0, NULL);
	make_file("/t/dir/immutable", "forever\n");
	expect(!link("/t/dir/immutable", "/t/link"), "link: %s", strerror(errno));
	make_node("/t/dir/socket", S_IFSOCK | 0600, 0, 0);
	make_file("/t/log", "line\n");
	make_file("/t/nodump", "scratch\n");
	make_file("/t/append/file", "");
	make_file("/t/plain", "");
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		set_flags(files[i].path, files[i].flags);
}

static void check(void)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		expect((flags_of(files[i].path) & files[i].flags) == files[i].flags,
		       "%s has the flags 0x%x", files[i].path, flags_of(files[i].path));
	expect(!flags_of("/t/plain"), "a flag that was not there");
	expect_errno(open("/t/dir/immutable", O_WRONLY), EPERM);
	expect_errno(unlink("/t/dir/socket"), EPERM);
	expect_errno(open("/t/log", O_WRONLY), EPERM);
}

const struct zdtm_case zdtm_case = {
	.about =
		"Immutable, append-only, nodump and noatime files and directories of a tmpfs are so again.",
	.build = build,
	.check = check,
	.flavours = FLAVOUR_HOST, /* immutable takes the host's privileges */
};
