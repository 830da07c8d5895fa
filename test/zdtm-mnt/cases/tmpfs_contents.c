// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/xattr.h>
#include <utime.h>

#include "case.h"

static void must(bool done, const char *what)
{
	expect(done, "%s: %s", what, strerror(errno));
}

static void build_sparse(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	must(fd >= 0, path);
	must(pwrite(fd, "begin", 5, 0) == 5, path);
	must(pwrite(fd, "end", 3, 8 << 20) == 3, path);
	close(fd);
}

static void build(void)
{
	const struct timespec times[2] = { { 1000000000, 1 }, { 1234567890, 123456789 } };

	mount_new("tmpfs", "/tmp", 0, "mode=1777");
	make_file("/tmp/file", "text\n");
	make_file("/tmp/empty", "");
	make_file("/tmp/dir/sub/file", "deep\n");
	make_dir("/tmp/dir/nothing");
	make_link("/tmp/link", "dir/sub/file");
	make_link("/tmp/dangling", "/no/such/file");
	must(!mkfifo("/tmp/fifo", 0620), "mkfifo");
	must(!link("/tmp/file", "/tmp/dir/same"), "link");
	build_sparse("/tmp/sparse");
	must(!chmod("/tmp/fifo", 0620), "chmod");
	make_file("/tmp/secret", "root's\n");
	must(!chmod("/tmp/secret", 0600), "chmod");
	make_file("/tmp/owned", "somebody's\n");
	must(!lchown("/tmp/owned", 1234, 4321), "chown");
	make_file("/tmp/setuid", "");
	must(!lchown("/tmp/setuid", 1, 1), "chown");
	must(!chmod("/tmp/setuid", 06755), "chmod");
	must(!lchown("/tmp/dangling", 5, 6), "chown");
	must(!chmod("/tmp/dir/nothing", 02711), "chmod");
	must(!setxattr("/tmp/file", "trusted.zdtm", "a\0b", 3, 0), "setxattr");
	must(!setxattr("/tmp/dir", "trusted.zdtm", "of a directory", 14, 0), "setxattr");
	must(!utimensat(AT_FDCWD, "/tmp/file", times, 0), "utimensat");
	must(!utimensat(AT_FDCWD, "/tmp/dir/sub", times, 0), "utimensat");
}

static void check(void)
{
	struct stat a, b;
	char value[8];

	expect_text("/tmp/file", "text\n");
	expect_text("/tmp/link", "deep\n");
	expect_mode("/tmp", S_IFDIR | 01777);
	expect_mode("/tmp/fifo", S_IFIFO | 0620);
	expect_mode("/tmp/secret", S_IFREG | 0600);
	expect_mode("/tmp/setuid", S_IFREG | 06755);
	expect_mode("/tmp/dir/nothing", S_IFDIR | 02711);
	must(!stat("/tmp/file", &a) && !stat("/tmp/dir/same", &b), "stat");
	expect(a.st_ino == b.st_ino && a.st_nlink == 2, "the hard link is a file of its own");
	expect(a.st_mtim.tv_nsec == 123456789, "nanoseconds are lost: %ld", a.st_mtim.tv_nsec);
	must(!stat("/tmp/owned", &a), "stat");
	expect(a.st_uid == 1234 && a.st_gid == 4321, "owner %u:%u", a.st_uid, a.st_gid);
	must(!stat("/tmp/sparse", &a), "stat");
	expect(a.st_size == (8 << 20) + 3, "the sparse file has %lld bytes", (long long)a.st_size);
	expect(a.st_blocks < 1024, "the sparse file is full: %lld blocks", (long long)a.st_blocks);
	expect(getxattr("/tmp/file", "trusted.zdtm", value, sizeof(value)) == 3 &&
		       !memcmp(value, "a\0b", 3),
	       "the extended attribute is lost");
}

const struct zdtm_case zdtm_case = {
	.about =
		"What a tmpfs holds comes back: types, modes, owners, times, links, holes, xattrs.",
	.build = build,
	.check = check,
	.flavours = FLAVOUR_HOST, /* trusted.* takes the host's privileges */
};
