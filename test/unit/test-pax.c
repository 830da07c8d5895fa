// SPDX-License-Identifier: LGPL-2.1-or-later
/* Archives that rebind wrote, read without libarchive; test-archive.c has them come back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "archive/archive.h"
#include "model/mount.h"

static const char long_name[] =
	"./d/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234"
	"567890123456789012345678901234567890123456789";

/* What archive/archive-pack.c had libarchive write before it wrote itself. */
static struct archive *start(int fd)
{
	struct archive *a = archive_write_new();

	archive_write_add_filter_none(a);
	archive_write_set_format_pax(a);
	archive_write_set_format_option(a, "pax", "xattrheader", "SCHILY");
	assert_int_equal(archive_write_open_fd(a, fd), ARCHIVE_OK);
	return a;
}

static struct archive_entry *entry_of(const char *path, mode_t mode)
{
	struct archive_entry *e = archive_entry_new();

	archive_entry_set_pathname(e, path);
	archive_entry_set_mode(e, mode);
	archive_entry_set_uid(e, 12);
	archive_entry_set_gid(e, 345678901);
	archive_entry_set_mtime(e, 1767323045, 678900001);
	archive_entry_set_atime(e, -7, 5);
	archive_entry_set_size(e, 0);
	return e;
}

static void put(struct archive *a, struct archive_entry *e, const char *data)
{
	int r = archive_write_header(a, e);

	assert_true(r == ARCHIVE_OK || r == ARCHIVE_WARN);
	if (data)
		assert_int_equal(archive_write_data(a, data, strlen(data)), strlen(data));
	archive_entry_free(e);
}

static void put_attributes(struct archive *a)
{
	struct archive_entry *e = entry_of("./attributes", S_IFREG | 0640);

	archive_entry_xattr_add_entry(e, "user.a", "x=y\nz\0", 6);
	archive_entry_xattr_add_entry(e, "user.empty", "", 0);
	archive_entry_set_fflags(e, FS_NODUMP_FL | FS_NOATIME_FL | FS_APPEND_FL | FS_IMMUTABLE_FL,
				 0);
	archive_entry_acl_add_entry(e, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, 6, ARCHIVE_ENTRY_ACL_USER,
				    1000, NULL);
	archive_entry_acl_add_entry(e, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, 5, ARCHIVE_ENTRY_ACL_GROUP, 7,
				    NULL);
	archive_entry_acl_add_entry(e, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, 4, ARCHIVE_ENTRY_ACL_MASK, -1,
				    NULL);
	put(a, e, NULL);
	e = entry_of("./default", S_IFDIR | 0750);
	archive_entry_acl_add_entry(e, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, 7,
				    ARCHIVE_ENTRY_ACL_USER_OBJ, -1, NULL);
	archive_entry_acl_add_entry(e, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, 5,
				    ARCHIVE_ENTRY_ACL_GROUP_OBJ, -1, NULL);
	archive_entry_acl_add_entry(e, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, 1, ARCHIVE_ENTRY_ACL_OTHER,
				    -1, NULL);
	put(a, e, NULL);
}

static void put_sparse(struct archive *a)
{
	struct archive_entry *e = entry_of("./sparse", S_IFREG | 0600);
	static const char zeros[65536];

	archive_entry_set_size(e, 3 * 65536);
	archive_entry_sparse_add_entry(e, 65536, 4);
	archive_entry_sparse_add_entry(e, 2 * 65536, 3);
	assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, zeros, 65536), 65536);
	assert_int_equal(archive_write_data(a, "data", 4), 4);
	assert_int_equal(archive_write_data(a, zeros, 65532), 65532);
	assert_int_equal(archive_write_data(a, "end", 3), 3);
	assert_int_equal(archive_write_data(a, zeros, 65533), 65533);
	archive_entry_free(e);
}

static void put_others(struct archive *a)
{
	struct archive_entry *e = entry_of("./link", S_IFREG | 0644);

	archive_entry_set_hardlink(e, "./attributes");
	put(a, e, NULL);
	e = entry_of("./symlink", S_IFLNK | 0777);
	archive_entry_set_symlink(e, long_name);
	put(a, e, NULL);
	e = entry_of("./null", S_IFCHR | 0666);
	archive_entry_set_rdev(e, makedev(1, 3));
	put(a, e, NULL);
	put(a, entry_of("./fifo", S_IFIFO | 0600), NULL);
	put(a, entry_of("./d", S_IFDIR | 0755), NULL);
	e = entry_of(long_name, S_IFREG | 04755);
	archive_entry_set_size(e, 5);
	put(a, e, "hello");
	put(a, entry_of("./\377bytes\303\244", S_IFREG | 0644), NULL);
}

static int older_archive(void)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);
	struct archive *a = start(fd);

	put(a, entry_of("./", S_IFDIR | 01777), NULL);
	put_attributes(a);
	put_sparse(a);
	put_others(a);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	return fd;
}

static int make_tmpfs(void)
{
	int context = fsopen("tmpfs", FSOPEN_CLOEXEC);

	assert_int_equal(fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0), 0);
	int fd = fsmount(context, FSMOUNT_CLOEXEC, 0);

	close(context);
	return fd;
}

/* @dir: negative to look at it only */
static int unpack(int in, int dir, enum archive_writer writer, struct archive_fault *fault)
{
	struct archive_rules rules = {
		.writer = writer,
		.policy = ARCHIVE_ANY_DEVICES | (dir < 0 ? ARCHIVE_LIST_ONLY : 0),
		.memory = 64 << 20,
	};
	cleanup_archive_flags struct archive_flags flags = { 0 };
	struct mount_contents done;

	assert_int_equal(lseek(in, 0, SEEK_SET), 0);
	int err = archive_unpack(in, dir, &rules, &done, &flags, NULL, NULL, fault);

	return !err && dir >= 0 ? archive_flags_set(&flags, dir, fault) : err;
}

static struct archive_list list_below(int dir)
{
	cleanup_fd int fd = memfd_create("again", MFD_CLOEXEC);
	struct mount_contents contents;
	struct archive_list list = { 0 };
	struct archive_fault fault = { "" };
	cleanup_fd int open_dir = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = archive_pack(open_dir, fd, &contents, NULL, &fault);

	if (err)
		print_message("%s\n", fault.text);
	assert_int_equal(err, 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(archive_list(fd, &(struct archive_rules){ 0 }, &list, &fault), 0);
	return list;
}

static void what_libarchive_wrote_for_us_is_read_as_libarchive_reads_it(void **state)
{
	cleanup_fd int in = older_archive(), ours = make_tmpfs(), theirs = make_tmpfs();
	struct archive_fault fault = { "" };

	cleanup_fd int dir = openat(ours, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fsetxattr(dir, "user.any", "", 0, 0) < 0 && errno == EOPNOTSUPP) {
		print_message("a tmpfs has no user.* before Linux 6.6\n");
		skip();
	}
	assert_int_equal(fremovexattr(dir, "user.any"), 0);
	if (unpack(in, ours, ARCHIVE_OURS, &fault) || unpack(in, theirs, ARCHIVE_ANYBODY, &fault))
		fail_msg("%s", fault.text);
	struct archive_list a = list_below(ours), b = list_below(theirs);

	assert_int_equal(a.n, 11);
	assert_int_equal(b.n, a.n);
	for (size_t i = 0; i < a.n; i++) {
		assert_string_equal(a.list[i].path, b.list[i].path);
		assert_string_equal(a.list[i].describe, b.list[i].describe);
	}
	assert_non_null(strstr(a.list[1].describe, "flags="));
	archive_list_free(&a);
	archive_list_free(&b);
}

static void an_archive_that_is_cut_off_is_damaged(void **state)
{
	cleanup_fd int in = older_archive();
	off_t end = lseek(in, 0, SEEK_END);
	struct archive_fault fault;

	/* What follows the last entry is two blocks of zeros; libarchive fills up a tape's block.
	 */
	for (off_t size = 0; size < end - 10240; size += 64) {
		cleanup_fd int cut = memfd_create("cut", MFD_CLOEXEC);
		cleanup_free char *data = malloc((size_t)size + 1);

		assert_int_equal(pread(in, data, (size_t)size, 0), size);
		assert_int_equal(write(cut, data, (size_t)size), size);
		assert_int_equal(unpack(cut, -1, ARCHIVE_OURS, &fault), -EBADMSG);
	}
}

/* Every byte of the headers, in several ways: nothing is read that is not there. */
static void no_changed_byte_does_harm(void **state)
{
	static const unsigned char changes[] = { 1, 0x10, 0x80, '0' ^ '9', ' ', 0xff };
	cleanup_fd int in = older_archive();
	off_t end = lseek(in, 0, SEEK_END);
	struct archive_fault fault;

	for (off_t at = 0; at < end - 10240; at += 3)
		for (size_t i = (size_t)at % 2; i < ARRAY_SIZE(changes); i += 2) {
			unsigned char before, after;

			assert_int_equal(pread(in, &before, 1, at), 1);
			after = before ^ changes[i];
			assert_int_equal(pwrite(in, &after, 1, at), 1);
			int err = unpack(in, -1, ARCHIVE_OURS, &fault);

			assert_true(err == 0 || err == -EBADMSG || err == -EXDEV || err == -ELOOP ||
				    err == -EFBIG);
			assert_int_equal(pwrite(in, &before, 1, at), 1);
		}
}

static const struct {
	const char *what, *records;
} strange[] = {
	{ "no length", "path=./x\n" },
	{ "a length of nothing", "0 path=./x\n" },
	{ "a length beyond the end", "99 path=./x\n" },
	{ "a length that ends early", "9 path=./x\n" },
	{ "a length of 20 digits", "00000000000000000013 path=./x\n" },
	{ "no equals sign", "8 path\n\n" },
	{ "an unknown key", "13 unknown=1\n" },
	{ "an unknown key of star's", "20 SCHILY.unknown=1\n" },
	{ "an attribute without a name", "18 SCHILY.xattr.=1\n" },
	{ "a size that is no number", "11 size=1x\n" },
	{ "a negative size", "11 size=-1\n" },
	{ "a size of 20 digits", "29 size=99999999999999999999\n" },
	{ "a time of letters", "14 mtime=12a4\n" },
	{ "an unknown flag", "22 SCHILY.fflags=uchg\n" },
	{ "an ACL of letters", "23 SCHILY.acl.access=x\n" },
	{ "an ACL without a number", "35 SCHILY.acl.access=user:name:rwx\n" },
	{ "half a sparse file", "22 GNU.sparse.major=1\n" },
	{ "a link of what is none", "14 linkpath=x\n" },
};

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100],
		magic[8], rest[247];
};

static void write_header(int fd, char type, size_t size)
{
	struct header h = {
		.name = "./x", .mode = "0000644", .uid = "0", .gid = "0", .mtime = "0", .type = type
	};
	unsigned int sum = 8 * ' ';

	memcpy(h.magic,
	       "ustar\0"
	       "00",
	       8);
	snprintf(h.size, sizeof(h.size), "%011o", (unsigned int)size);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += ((unsigned char *)&h)[i];
	snprintf(h.checksum, sizeof(h.checksum), "%06o", sum);
	h.checksum[7] = ' ';
	assert_int_equal(write(fd, &h, 512), 512);
}

static int with_records(const char *records)
{
	int fd = memfd_create("strange", MFD_CLOEXEC);
	char block[1024] = "";

	write_header(fd, 'x', strlen(records));
	memcpy(block, records, strlen(records));
	assert_int_equal(write(fd, block, 512), 512);
	write_header(fd, '0', 0);
	memset(block, 0, sizeof(block));
	assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
	return fd;
}

static void a_header_that_rebind_does_not_write_is_refused(void **state)
{
	cleanup_fd int good = with_records("14 mtime=1234\n");
	struct archive_fault fault;

	assert_int_equal(unpack(good, -1, ARCHIVE_OURS, &fault), 0);
	for (size_t i = 0; i < ARRAY_SIZE(strange); i++) {
		cleanup_fd int in = with_records(strange[i].records);
		int err = unpack(in, -1, ARCHIVE_OURS, &fault);

		if (err != -EBADMSG)
			print_message("%s: %d\n", strange[i].what, err);
		assert_int_equal(err, -EBADMSG);
	}
}

static void an_entry_of_another_type_is_refused(void **state)
{
	static const char types[] = { 'g', 'L', 'K', 'S', 'A', '7', '\0', 'D', 'x' };
	struct archive_fault fault;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		cleanup_fd int in = memfd_create("type", MFD_CLOEXEC);
		static const char zeros[1024];

		write_header(in, types[i], 0);
		assert_int_equal(write(in, zeros, sizeof(zeros)), sizeof(zeros));
		assert_int_equal(unpack(in, -1, ARCHIVE_OURS, &fault), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_libarchive_wrote_for_us_is_read_as_libarchive_reads_it),
		cmocka_unit_test(an_archive_that_is_cut_off_is_damaged),
		cmocka_unit_test(no_changed_byte_does_harm),
		cmocka_unit_test(a_header_that_rebind_does_not_write_is_refused),
		cmocka_unit_test(an_entry_of_another_type_is_refused),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
