// SPDX-License-Identifier: LGPL-2.1-or-later
/* Runs as root: device nodes, owners, and a tmpfs that is mounted nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <endian.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "archive/archive.h"
#include "archive/digest.h"

#define SAMPLE "test/data/criu-images/"

static const struct archive_rules no_rules, list_only = { .policy = ARCHIVE_LIST_ONLY };

/* A detached mount is in no namespace, and gone with its last descriptor. */
static int make_tmpfs(void)
{
	cleanup_fd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	assert_true(fs >= 0);
	assert_int_equal(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), 0);
	int fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);

	assert_true(fd >= 0);
	int dir = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	close(fd);
	assert_true(dir >= 0);
	return dir;
}

static int make_file(void)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void rewind_fd(int fd)
{
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
}

static void make(int dir, const char *name, mode_t mode, const char *data)
{
	cleanup_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, data, strlen(data)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
}

static void set_times(int dir, const char *name, time_t seconds, long ns)
{
	struct timespec times[2] = { { seconds - 1000, 42 }, { seconds, ns } };

	assert_int_equal(utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW), 0);
}

static struct stat look(int dir, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static void pack(int dir, int out, struct mount_contents *contents)
{
	struct archive_fault fault = { 0 };
	int err = archive_pack(dir, out, contents, NULL, &fault);

	if (err)
		print_message("pack: %s\n", fault.text);
	assert_int_equal(err, 0);
	rewind_fd(out);
}

static void unpack_as(enum archive_writer writer, int in, int dir, unsigned int policy,
		      struct mount_contents *done)
{
	struct archive_fault fault = { 0 };
	cleanup_archive_flags struct archive_flags flags = { 0 };
	struct archive_rules rules = { .writer = writer, .policy = policy };
	int err = archive_unpack(in, dir, &rules, done, &flags, NULL, NULL, &fault);

	if (!err && dir >= 0)
		err = archive_flags_set(&flags, dir, &fault);

	if (err)
		print_message("unpack: %s\n", fault.text);
	assert_int_equal(err, 0);
	rewind_fd(in);
}

static void unpack(int in, int dir, unsigned int policy, struct mount_contents *done)
{
	unpack_as(ARCHIVE_ANYBODY, in, dir, policy, done);
}

static struct archive_list list_of(int in)
{
	struct archive_fault fault = { 0 };
	struct archive_list list = { 0 };
	int err = archive_list(in, &(struct archive_rules){ 0 }, &list, &fault);

	if (err)
		print_message("list: %s\n", fault.text);
	assert_int_equal(err, 0);
	rewind_fd(in);
	return list;
}

static void assert_same_lists(const struct archive_list *a, const struct archive_list *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		assert_string_equal(a->list[i].path, b->list[i].path);
		assert_string_equal(a->list[i].describe, b->list[i].describe);
	}
}

/*
 * Pack, unpack, pack again: the lists are equal, however it is unpacked: by libarchive, as the
 * lists are read, or without it. Returns the copy.
 */
static int round_trip(int dir, struct mount_contents *contents)
{
	cleanup_fd int first = make_file(), second = make_file(), third = make_file();
	cleanup_fd int by_others = make_tmpfs();
	struct mount_contents done, again;
	int copy = make_tmpfs();

	pack(dir, first, contents);
	unpack(first, by_others, ARCHIVE_ANY_DEVICES, &done);
	pack(by_others, third, &again);
	mount_contents_clear(&again);
	unpack_as(ARCHIVE_OURS, first, copy, ARCHIVE_ANY_DEVICES, &done);
	assert_int_equal(done.entries, contents->entries);
	assert_int_equal(done.bytes, contents->bytes);
	unpack(first, -EBADF, ARCHIVE_ANY_DEVICES | ARCHIVE_LIST_ONLY, &done);
	assert_int_equal(done.entries, contents->entries);
	assert_int_equal(done.bytes, contents->bytes);
	pack(copy, second, &again);
	mount_contents_clear(&again);
	struct archive_list before = list_of(first), after = list_of(second),
			    others = list_of(third);

	assert_same_lists(&before, &after);
	assert_same_lists(&before, &others);
	archive_list_free(&before);
	archive_list_free(&after);
	archive_list_free(&others);
	return copy;
}

static void modes_owners_and_times_come_back(void **state)
{
	cleanup_fd int dir = make_tmpfs();
	struct mount_contents contents;
	mode_t mask = umask(027);

	make(dir, "setuid", 06755, "abc");
	assert_int_equal(fchownat(dir, "setuid", 1000, 2000, 0), 0);
	assert_int_equal(fchmodat(dir, "setuid", 06755, 0), 0);
	make(dir, "open", 0666, "");
	assert_int_equal(mkdirat(dir, "sticky", 0700), 0);
	assert_int_equal(fchmodat(dir, "sticky", 01777, 0), 0);
	assert_int_equal(mkdirat(dir, "closed", 0700), 0);
	make(dir, "closed/x", 0, "y");
	assert_int_equal(fchmodat(dir, "closed", 0, 0), 0);
	assert_int_equal(symlinkat("/nowhere", dir, "link"), 0);
	assert_int_equal(fchownat(dir, "link", 5, 6, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(fchown(dir, 77, 78), 0);
	assert_int_equal(fchmod(dir, 01751), 0);
	set_times(dir, "setuid", 1234567890, 123456789);
	set_times(dir, "link", 1234567891, 999999999);
	set_times(dir, "sticky", 1, 1);
	set_times(dir, "closed", -5, 7);
	set_times(dir, ".", 1700000000, 5);
	cleanup_fd int copy = round_trip(dir, &contents);
	struct stat st = look(copy, "setuid");

	assert_int_equal(umask(mask), 027);
	assert_int_equal(contents.entries, 7);
	assert_int_equal(contents.bytes, 4);
	assert_int_equal(st.st_mode & 07777, 06755);
	assert_int_equal(st.st_uid, 1000);
	assert_int_equal(st.st_gid, 2000);
	assert_int_equal(st.st_mtim.tv_sec, 1234567890);
	assert_int_equal(st.st_mtim.tv_nsec, 123456789);
	assert_int_equal(st.st_atim.tv_nsec, 42);
	assert_int_equal(look(copy, "open").st_mode & 07777, 0666);
	assert_int_equal(look(copy, "sticky").st_mode & 07777, 01777);
	assert_int_equal(look(copy, "sticky").st_mtim.tv_nsec, 1);
	assert_int_equal(look(copy, "closed").st_mode & 07777, 0);
	assert_int_equal(look(copy, "closed").st_mtim.tv_sec, -5);
	assert_int_equal(look(copy, "closed/x").st_mode & 07777, 0);
	assert_int_equal(look(copy, "link").st_uid, 5);
	assert_int_equal(look(copy, "link").st_mtim.tv_nsec, 999999999);
	st = look(copy, ".");
	assert_int_equal(st.st_mode & 07777, 01751);
	assert_int_equal(st.st_uid, 77);
	assert_int_equal(st.st_mtim.tv_sec, 1700000000);
	assert_int_equal(st.st_mtim.tv_nsec, 5);
}

static void packing_leaves_no_trace_in_the_source(void **state)
{
	cleanup_fd int dir = make_tmpfs(), out = make_file();
	struct mount_contents contents;

	assert_int_equal(mkdirat(dir, "d", 0755), 0);
	make(dir, "d/f", 0644, "data");
	set_times(dir, "d/f", 1000000, 1);
	set_times(dir, "d", 1000000, 1);
	set_times(dir, ".", 1000000, 1);
	pack(dir, out, &contents);
	assert_int_equal(look(dir, "d/f").st_atim.tv_sec, 999000);
	assert_int_equal(look(dir, "d").st_atim.tv_sec, 999000);
	assert_int_equal(look(dir, ".").st_atim.tv_sec, 999000);
}

static void hard_links_are_archived_once(void **state)
{
	cleanup_fd int dir = make_tmpfs();
	struct mount_contents contents;

	assert_int_equal(mkdirat(dir, "d", 0755), 0);
	make(dir, "a", 0644, "12345");
	assert_int_equal(linkat(dir, "a", dir, "d/b", 0), 0);
	assert_int_equal(linkat(dir, "a", dir, "c", 0), 0);
	assert_int_equal(symlinkat("a", dir, "s"), 0);
	assert_int_equal(linkat(dir, "s", dir, "s2", 0), 0);
	assert_int_equal(mkfifoat(dir, "f", 0600), 0);
	assert_int_equal(linkat(dir, "f", dir, "f2", 0), 0);
	cleanup_fd int copy = round_trip(dir, &contents);

	assert_int_equal(contents.entries, 9);
	assert_int_equal(contents.bytes, 5);
	assert_int_equal(look(copy, "a").st_nlink, 3);
	assert_int_equal(look(copy, "a").st_ino, look(copy, "d/b").st_ino);
	assert_int_equal(look(copy, "c").st_size, 5);
	assert_true(S_ISLNK(look(copy, "s2").st_mode));
	assert_int_equal(look(copy, "s").st_ino, look(copy, "s2").st_ino);
	assert_int_equal(look(copy, "f").st_ino, look(copy, "f2").st_ino);
}

static void holes_stay_holes(void **state)
{
	cleanup_fd int dir = make_tmpfs();
	struct mount_contents contents;
	char text[4] = "";

	make(dir, "middle", 0644, "begin");
	make(dir, "end", 0644, "");
	make(dir, "all", 0644, "");
	make(dir, "many", 0644, "");
	cleanup_fd int fd = openat(dir, "middle", O_WRONLY);
	cleanup_fd int many = openat(dir, "many", O_WRONLY);

	assert_int_equal(pwrite(fd, "end", 3, 200 << 20), 3);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(pwrite(many, "x", 1, i * 12288 + 4096), 1);
	cleanup_fd int end = openat(dir, "end", O_WRONLY);

	assert_int_equal(pwrite(end, "x", 1, 10000), 1);
	assert_int_equal(ftruncate(end, 1 << 20), 0);
	cleanup_fd int all = openat(dir, "all", O_WRONLY);

	assert_int_equal(ftruncate(all, 1LL << 33), 0);
	cleanup_fd int copy = round_trip(dir, &contents);

	assert_int_equal(look(copy, "middle").st_size, (200 << 20) + 3);
	assert_true(look(copy, "middle").st_blocks <= 16);
	assert_int_equal(look(copy, "end").st_size, 1 << 20);
	assert_int_equal(look(copy, "all").st_size, 1LL << 33);
	assert_int_equal(look(copy, "all").st_blocks, 0);
	assert_int_equal(look(copy, "many").st_size, look(dir, "many").st_size);
	assert_true(look(copy, "many").st_blocks <= look(dir, "many").st_blocks);
	cleanup_fd int back = openat(copy, "middle", O_RDONLY);

	assert_int_equal(pread(back, text, 3, 200 << 20), 3);
	assert_string_equal(text, "end");
}

static void set_attribute(int fd, const char *name, const void *value, size_t size)
{
	if (fsetxattr(fd, name, value, size, 0) < 0)
		print_message("%s: %s\n", name, strerror(errno));
}

static void assert_attribute(int dir, const char *name, const char *key, const void *value,
			     size_t size)
{
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_NONBLOCK);
	char buf[8192];

	assert_int_equal(fgetxattr(fd, key, buf, sizeof(buf)), size);
	assert_memory_equal(buf, value, size);
}

/* VFS_CAP_REVISION_2, cap_net_raw permitted and effective. */
static const unsigned char capability[20] = { 1, 0, 0, 2, 0, 0x20 };

static void attributes_and_capabilities_come_back(void **state)
{
	cleanup_fd int dir = make_tmpfs();
	struct mount_contents contents;
	char large[4000];

	memset(large, 'x', sizeof(large));
	large[7] = '\0';
	make(dir, "f", 0755, "program");
	assert_int_equal(mkdirat(dir, "d", 0755), 0);
	cleanup_fd int fd = openat(dir, "f", O_RDONLY), sub = openat(dir, "d", O_RDONLY);

	set_attribute(fd, "user.one", "1\0\n2", 4);
	set_attribute(fd, "user.empty", "", 0);
	set_attribute(fd, "user.large", large, sizeof(large));
	set_attribute(fd, "trusted.t", "t", 1);
	set_attribute(fd, "security.capability", capability, sizeof(capability));
	set_attribute(sub, "trusted.overlay.opaque", "y", 1);
	set_attribute(dir, "trusted.root", "r", 1);
	cleanup_fd int copy = round_trip(dir, &contents);

	assert_attribute(copy, "f", "security.capability", capability, sizeof(capability));
	assert_attribute(copy, "f", "trusted.t", "t", 1);
	assert_attribute(copy, "d", "trusted.overlay.opaque", "y", 1);
	assert_attribute(copy, ".", "trusted.root", "r", 1);
	/* user.* on tmpfs: since 6.6 */
	if (fgetxattr(fd, "user.one", NULL, 0) < 0)
		return;
	assert_attribute(copy, "f", "user.one", "1\0\n2", 4);
	assert_attribute(copy, "f", "user.empty", "", 0);
	assert_attribute(copy, "f", "user.large", large, sizeof(large));
}

static void an_attribute_that_tar_cannot_name_is_refused(void **state)
{
	static const char *const names[] = { "trusted.a=b", "trusted.%41", "trusted.\xff",
					     "trusted.\n" };
	cleanup_fd int out = make_file();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_fd int dir = make_tmpfs();
		struct mount_contents contents;
		struct archive_fault fault;

		make(dir, "f", 0644, "");
		cleanup_fd int fd = openat(dir, "f", O_RDONLY);

		assert_int_equal(fsetxattr(fd, names[i], "x", 1, 0), 0);
		assert_int_equal(archive_pack(dir, out, &contents, NULL, &fault), -EINVAL);
		assert_non_null(strstr(fault.text, "'./f' has the attribute 'trusted."));
	}
}

struct acl {
	uint32_t version;
	struct {
		uint16_t tag, perm;
		uint32_t id;
	} entries[6];
};

static void access_control_lists_come_back(void **state)
{
	/* user::rw- user:1000:r-x group::r-- group:2000:-w- mask::rwx other::--- */
	const struct acl acl = {
		2,
		{ { 1, 6, -1U },
		  { 2, 5, 1000 },
		  { 4, 4, -1U },
		  { 8, 2, 2000 },
		  { 16, 7, -1U },
		  { 32, 0, -1U } },
	};
	cleanup_fd int dir = make_tmpfs();
	struct mount_contents contents;

	make(dir, "f", 0644, "x");
	assert_int_equal(mkdirat(dir, "d", 0700), 0);
	cleanup_fd int fd = openat(dir, "f", O_RDONLY), sub = openat(dir, "d", O_RDONLY);

	if (fsetxattr(fd, "system.posix_acl_access", &acl, sizeof(acl), 0) < 0) {
		assert_int_equal(errno, EOPNOTSUPP);
		print_message("this kernel's tmpfs has no ACLs\n");
		skip();
	}
	assert_int_equal(fsetxattr(sub, "system.posix_acl_access", &acl, sizeof(acl), 0), 0);
	assert_int_equal(fsetxattr(sub, "system.posix_acl_default", &acl, sizeof(acl), 0), 0);
	make(dir, "d/inherits", 0640, "");
	set_times(dir, "d", 1600000000, 9);
	cleanup_fd int copy = round_trip(dir, &contents);

	assert_attribute(copy, "f", "system.posix_acl_access", &acl, sizeof(acl));
	assert_attribute(copy, "d", "system.posix_acl_access", &acl, sizeof(acl));
	assert_attribute(copy, "d", "system.posix_acl_default", &acl, sizeof(acl));
	assert_int_equal(look(copy, "f").st_mode, look(dir, "f").st_mode);
	assert_int_equal(look(copy, "d").st_mode, look(dir, "d").st_mode);
	assert_int_equal(look(copy, "d/inherits").st_mode, look(dir, "d/inherits").st_mode);
}

/* systemd's inaccessible nodes are of no driver. */
static void devices_of_no_driver_take_no_consent(void **state)
{
	cleanup_fd int dir = make_tmpfs();
	struct mount_contents contents;

	assert_int_equal(mknodat(dir, "chr", S_IFCHR, makedev(0, 0)), 0);
	assert_int_equal(mknodat(dir, "blk", S_IFBLK, makedev(0, 0)), 0);
	cleanup_fd int copy = round_trip(dir, &contents);

	assert_int_equal(contents.takes, MOUNT_TAKES_MKNOD);
	assert_int_equal(look(copy, "blk").st_rdev, makedev(0, 0));
	assert_true(S_ISBLK(look(copy, "blk").st_mode));
}

static void fifos_and_devices_come_back(void **state)
{
	cleanup_fd int dir = make_tmpfs();
	struct mount_contents contents;

	assert_int_equal(mkfifoat(dir, "fifo", 0640), 0);
	assert_int_equal(mknodat(dir, "null", S_IFCHR | 0666, makedev(1, 3)), 0);
	assert_int_equal(mknodat(dir, "big", S_IFBLK | 0600, makedev(259, 0x12345)), 0);
	cleanup_fd int copy = round_trip(dir, &contents);

	assert_true(S_ISFIFO(look(copy, "fifo").st_mode));
	assert_true(S_ISCHR(look(copy, "null").st_mode));
	assert_int_equal(look(copy, "null").st_rdev, makedev(1, 3));
	assert_int_equal(look(copy, "big").st_rdev, makedev(259, 0x12345));
}

static void sockets_are_listed(void **state)
{
	cleanup_fd int dir = make_tmpfs(), out = make_file();
	struct mount_contents contents;
	char path[64];

	assert_int_equal(mkdirat(dir, "d", 0755), 0);
	assert_int_equal(mknodat(dir, "a", S_IFSOCK | 0750, 0), 0);
	assert_int_equal(mknodat(dir, "d/b", S_IFSOCK | 0600, 0), 0);
	assert_int_equal(fchownat(dir, "d/b", 3, 4, 0), 0);
	set_times(dir, "d/b", -5, 999);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/a", dir);
	assert_int_equal(lsetxattr(path, "trusted.one", "1", 1, 0), 0);
	assert_int_equal(lsetxattr(path, "trusted.two", "\0\0", 2, 0), 0);
	pack(dir, out, &contents);
	assert_int_equal(contents.entries, 2);
	assert_int_equal(contents.n_sockets, 2);
	assert_string_equal(contents.sockets[0].path, "/a");
	assert_int_equal(contents.sockets[0].mode, 0750);
	assert_string_equal(contents.sockets[1].path, "/d/b");
	assert_int_equal(contents.sockets[1].uid, 3);
	assert_int_equal(contents.sockets[1].gid, 4);
	assert_int_equal(contents.sockets[1].inode, look(dir, "d/b").st_ino);
	assert_true(contents.sockets[1].has_times);
	assert_int_equal(contents.sockets[1].mtime.seconds, -5);
	assert_int_equal(contents.sockets[1].mtime.nanoseconds, 999);
	assert_int_equal(contents.sockets[1].atime.seconds, -1005);
	assert_int_equal(contents.sockets[0].n_attributes, 2);
	assert_int_equal(contents.sockets[1].n_attributes, 0);
	assert_int_equal(contents.n_attributes, 2);
	for (int i = 0; i < 2; i++) {
		const struct mount_attribute *a = &contents.attributes[i];
		bool one = strcmp(a->name, "trusted.one") == 0;

		assert_string_equal(a->name, one ? "trusted.one" : "trusted.two");
		assert_int_equal(a->size, one ? 1 : 2);
		assert_memory_equal(a->value, one ? "1" : "\0\0", a->size);
	}
	mount_contents_clear(&contents);
}

/* The names of one inode are links, whatever their order on the list. */
static void a_list_tells_sockets(void **state)
{
	static const uint8_t value[] = { 0xab };
	struct mount_attribute attribute = { .name = "trusted.a", .value = value, .size = 1 };
	struct mount_socket sockets[] = {
		{ .path = "/z", .mode = 0600, .uid = 1, .gid = 2, .inode = 7 },
		{ .path = "/a", .mode = 0600, .uid = 1, .gid = 2, .inode = 7 },
		{ .path = "/m", .mode = 04755, .inode = 8, .has_times = true, .n_attributes = 1 },
	};
	struct mount_contents contents = {
		.sockets = sockets,
		.n_sockets = 3,
		.attributes = &attribute,
		.n_attributes = 1,
	};
	struct archive_list list = { .list = calloc(1, sizeof(*list.list)), .n = 1 };

	list.list[0] = (struct archive_entry_info){ strdup("./file"), strdup("file") };
	sockets[2].mtime.seconds = 1;
	assert_int_equal(archive_list_add_sockets(&list, &contents), 0);
	assert_int_equal(list.n, 4);
	assert_string_equal(list.list[0].path, "./a");
	assert_string_equal(list.list[0].describe, "socket 0600 1:2");
	assert_string_equal(list.list[1].path, "./file");
	assert_string_equal(list.list[2].path, "./m");
	assert_string_equal(list.list[2].describe,
			    "socket 4755 0:0 1970-01-01T00:00:01.000000000 trusted.a=ab");
	assert_string_equal(list.list[3].path, "./z");
	assert_string_equal(list.list[3].describe, "link to ./a");
	archive_list_free(&list);
}

static void names_are_bytes(void **state)
{
	cleanup_fd int dir = make_tmpfs();
	struct mount_contents contents;
	char name[256];

	memset(name, 'n', 255);
	name[255] = '\0';
	make(dir, name, 0644, "long");
	memset(name, '\xff', 255);
	make(dir, name, 0644, "long and odd");
	make(dir, "\xff\xfe", 0644, "odd");
	make(dir, "\xc3\xa4\xe2\x82\xac", 0644, "utf-8");
	make(dir, " new\nline\t\\", 0644, "strange");
	assert_int_equal(symlinkat("\xff/\xc3\xa4", dir, "link"), 0);
	assert_int_equal(linkat(dir, "\xff\xfe", dir, "hard\xfe", 0), 0);
	assert_int_equal(linkat(dir, "\xc3\xa4\xe2\x82\xac", dir, "\xc3\xa4", 0), 0);
	cleanup_fd int copy = round_trip(dir, &contents);

	assert_int_equal(look(copy, name).st_size, 12);
	assert_int_equal(look(copy, "\xff\xfe").st_ino, look(copy, "hard\xfe").st_ino);
	assert_int_equal(look(copy, "\xc3\xa4").st_nlink, 2);
	assert_int_equal(look(copy, " new\nline\t\\").st_size, 7);
}

static int descend(int dir, const char *name)
{
	assert_int_equal(mkdirat(dir, name, 0755), 0);
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	close(dir);
	assert_true(fd >= 0);
	return fd;
}

static void deep_trees_need_few_descriptors(void **state)
{
	cleanup_fd int dir = make_tmpfs();
	struct mount_contents contents;
	struct rlimit before, few = { 24, 24 };
	int fd = dup(dir);

	for (int i = 0; i < 2040; i++)
		fd = descend(fd, "d");
	make(fd, "file", 0644, "deep");
	close(fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	cleanup_fd int copy = round_trip(dir, &contents);

	assert_true(copy >= 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(contents.entries, 2042);
}

/* Longer than the kernel takes in one piece, a directory's times among them. */
static void paths_longer_than_path_max_come_back(void **state)
{
	cleanup_fd int dir = make_tmpfs();
	struct mount_contents contents;
	char name[256];
	int fd = dup(dir);

	memset(name, 'x', 255);
	name[255] = '\0';
	for (int i = 0; i < 40; i++)
		fd = descend(fd, name);
	make(fd, "file", 0644, "deep");
	assert_int_equal(linkat(fd, "file", fd, "link", 0), 0);
	assert_int_equal(mkdirat(fd, "end", 0711), 0);
	set_times(fd, "end", 1500000000, 3);
	close(fd);
	cleanup_fd int copy = round_trip(dir, &contents);

	assert_true(copy >= 0);
	assert_int_equal(contents.entries, 44);
}

static void a_path_that_cannot_be_unpacked_is_not_packed(void **state)
{
	cleanup_fd int dir = make_tmpfs(), out = make_file();
	struct mount_contents contents;
	struct archive_fault fault;
	char before[4096], after[4096], name[256];
	int fd = dup(dir);

	memset(name, 'x', 255);
	name[255] = '\0';
	for (int i = 0; i < 256; i++)
		fd = descend(fd, name);
	close(fd);
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(archive_pack(dir, out, &contents, NULL, &fault), -ENAMETOOLONG);
	assert_non_null(getcwd(after, sizeof(after)));
	assert_string_equal(before, after);
}

static void the_longest_path_comes_back(void **state)
{
	cleanup_fd int dir = make_tmpfs();
	struct mount_contents contents;
	char name[256];
	int fd = dup(dir);

	memset(name, 'x', 255);
	name[255] = '\0';
	for (int i = 0; i < 15; i++)
		fd = descend(fd, name);
	/* "./" and 15 times "<name>/" are 3842 bytes. */
	name[4094 - 3842] = '\0';
	make(fd, name, 0644, "end");
	name[4094 - 3842 - 1] = '\0';
	assert_int_equal(mkdirat(fd, name, 0751), 0);
	set_times(fd, name, 1500000000, 3);
	close(fd);
	cleanup_fd int copy = round_trip(dir, &contents);

	assert_true(copy >= 0);
	assert_int_equal(contents.entries, 18);
}

/* In a mount namespace of its own: something is mounted below what is packed. */
static void child_packs_around_a_mount(void)
{
	cleanup_fd int out = make_file();
	struct mount_contents contents;
	char path[] = "/tmp/rebind-test-archive-XXXXXX";

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    !mkdtemp(path) || mount("t", path, "tmpfs", 0, NULL))
		_exit(2);
	cleanup_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (mkdirat(dir, "d", 0700) || mkdirat(dir, "e", 0700) || mkdirat(dir, "e/f", 0700) ||
	    fchdir(dir) || mount("u", "d", "tmpfs", 0, NULL) ||
	    mount("e", "d", NULL, MS_BIND, NULL) || mkdirat(dir, "d/hidden", 0700) ||
	    mount("e", "e/f", NULL, MS_BIND, NULL))
		_exit(3);
	int err = archive_pack(dir, out, &contents, NULL, NULL);
	int good = !err && contents.entries == 5;

	/* ".", "d", "e", "e/f", "e/hidden"; the bind e/f is not entered though the device is one */
	fchdir(out);
	chdir("/");
	umount2(path, MNT_DETACH);
	rmdir(path);
	_exit(good ? 0 : 4);
}

static void other_mounts_are_not_entered(void **state)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		child_packs_around_a_mount();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_small_disk_is_an_error(void **state)
{
	cleanup_fd int dir = make_tmpfs(), out = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct mount_contents contents;
	struct archive_fault fault;

	make(dir, "f", 0644, "x");
	assert_int_equal(archive_pack(dir, out, &contents, NULL, &fault), -ENOSPC);
}

/* ---- what is long enough to be packed and unpacked in a second thread ---- */

#define LONG_SIZE (8 << 20)

/* Nothing that gzip could make smaller. */
static void make_long(int dir, const char *name)
{
	cleanup_free unsigned char *data = malloc(LONG_SIZE);
	uint64_t x = 1;

	assert_non_null(data);
	for (size_t i = 0; i < LONG_SIZE; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		data[i] = (unsigned char)(x >> 56);
	}
	make(dir, name, 0644, "");
	cleanup_fd int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);

	assert_int_equal(fd_write_all(fd, data, LONG_SIZE), 0);
}

static void a_full_disk_is_an_error_on_the_way(void **state)
{
	cleanup_fd int dir = make_tmpfs(), out = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct mount_contents contents = { .entries = 42 };
	struct archive_fault fault;

	make_long(dir, "f");
	assert_int_equal(archive_pack(dir, out, &contents, NULL, &fault), -ENOSPC);
	assert_string_equal(fault.text, "'./f' cannot be archived: No space left on device");
	assert_int_equal(contents.entries, 42);
}

/* What happens to a file half way, and what is told of it. */
struct meddler {
	int fd;
	void (*meddle)(int fd);
	unsigned int told;
	char path[32];
};

static void shrink(int fd)
{
	assert_int_equal(ftruncate(fd, 4096), 0);
}

static void grow(int fd)
{
	assert_int_equal(ftruncate(fd, 64 << 20), 0);
}

static void overwrite(int fd)
{
	assert_int_equal(pwrite(fd, "other", 5, 0), 5);
}

/* The size and the mtime are those from before. */
static void overwrite_and_hide(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	overwrite(fd);
	assert_int_equal(futimens(fd, (struct timespec[]){ st.st_atim, st.st_mtim }), 0);
}

static void leave_alone(int fd)
{
}

static void meddle_once(void *data, uint64_t bytes)
{
	struct meddler *meddler = data;

	if (meddler->meddle)
		meddler->meddle(meddler->fd);
	meddler->meddle = NULL;
}

static int note_changed(void *data, const char *path)
{
	struct meddler *meddler = data;

	meddler->told++;
	snprintf(meddler->path, sizeof(meddler->path), "%s", path);
	return 0;
}

static void a_file_that_changes_while_it_is_packed_is_told(void **state)
{
	static const struct {
		void (*meddle)(int fd);
		unsigned int told;
	} cases[] = { { shrink, 1 },
		      { grow, 1 },
		      { overwrite, 1 },
		      { overwrite_and_hide, 1 },
		      { leave_alone, 0 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_fd int dir = make_tmpfs(), out = make_file();
		struct mount_contents contents = { 0 };
		struct archive_fault fault;

		make_long(dir, "f");
		cleanup_fd int fd = openat(dir, "f", O_WRONLY | O_CLOEXEC);
		struct meddler meddler = { .fd = fd, .meddle = cases[i].meddle };
		struct archive_watch watch = { meddle_once, note_changed, &meddler };

		assert_int_equal(archive_pack(dir, out, &contents, &watch, &fault), 0);
		assert_null(meddler.meddle);
		assert_int_equal(meddler.told, cases[i].told);
		if (meddler.told)
			assert_string_equal(meddler.path, "./f");
		mount_contents_clear(&contents);
	}
}

/* Both within a tick of the clock that files have. */
static void a_change_right_after_another_is_told(void **state)
{
	for (int i = 0; i < 20; i++) {
		cleanup_fd int dir = make_tmpfs(), out = make_file();
		struct mount_contents contents = { 0 };
		struct archive_fault fault;

		make_long(dir, "f");
		cleanup_fd int fd = openat(dir, "f", O_WRONLY | O_CLOEXEC);
		struct meddler meddler = { .fd = fd, .meddle = overwrite_and_hide };
		struct archive_watch watch = { meddle_once, note_changed, &meddler };

		overwrite(fd);
		assert_int_equal(archive_pack(dir, out, &contents, &watch, &fault), 0);
		assert_int_equal(meddler.told, 1);
		mount_contents_clear(&contents);
	}
}

static int refuse_changed(void *data, const char *path)
{
	return -EIO;
}

static void a_change_that_cannot_be_told_is_an_error(void **state)
{
	cleanup_fd int dir = make_tmpfs(), out = make_file();
	struct mount_contents contents;
	struct archive_fault fault;

	make_long(dir, "f");
	cleanup_fd int fd = openat(dir, "f", O_WRONLY | O_CLOEXEC);
	struct meddler meddler = { .fd = fd, .meddle = shrink };
	struct archive_watch watch = { meddle_once, refuse_changed, &meddler };

	assert_int_equal(archive_pack(dir, out, &contents, &watch, &fault), -EIO);
	assert_non_null(strstr(fault.text, "'./f'"));
}

/* Where the end is missing, and where a byte in the middle is another. */
static void damage_far_inside_is_an_error(void **state)
{
	cleanup_fd int dir = make_tmpfs(), out = make_file(), copy = make_tmpfs();
	struct mount_contents contents;
	struct archive_fault fault;
	char byte;

	make_long(dir, "f");
	pack(dir, out, &contents);
	assert_int_equal(pread(out, &byte, 1, LONG_SIZE / 2), 1);
	byte ^= 1;
	assert_int_equal(pwrite(out, &byte, 1, LONG_SIZE / 2), 1);
	assert_int_equal(archive_unpack(out, copy, &no_rules, &contents, NULL, NULL, NULL, &fault),
			 -EBADMSG);
	byte ^= 1;
	assert_int_equal(pwrite(out, &byte, 1, LONG_SIZE / 2), 1);
	rewind_fd(out);
	assert_int_equal(ftruncate(out, LONG_SIZE / 2), 0);
	assert_int_equal(archive_unpack(out, copy, &no_rules, &contents, NULL, NULL, NULL, &fault),
			 -EBADMSG);
	assert_non_null(strstr(fault.text, "the gzip is cut off"));
}

/* While blocks are on their way. */
static void what_failed_early_can_be_tried_again(void **state)
{
	cleanup_fd int dir = make_tmpfs(), out = make_file(), small = make_tmpfs();
	cleanup_fd int copy = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct mount_contents contents;
	struct archive_fault fault;

	make_long(dir, "f");
	pack(dir, out, &contents);
	assert_true(archive_unpack(out, copy, &no_rules, &contents, NULL, NULL, NULL, &fault) < 0);
	rewind_fd(out);
	unpack(out, small, 0, &contents);
	assert_int_equal(contents.bytes, LONG_SIZE);
}

/* ---- what others made ---- */

static void gnu_tars_archives_unpack(void **state)
{
	cleanup_fd int in = open(SAMPLE "flat-ext-binds/img/tmpfs-dev-45.tar.gz.img", O_RDONLY);
	cleanup_fd int dir = make_tmpfs();
	struct mount_contents done;
	char text[8] = "";

	unpack(in, dir, 0, &done);
	assert_int_equal(done.entries, 6);
	assert_int_equal(done.bytes, 102402 + 5);
	assert_int_equal(look(dir, ".").st_mode & 07777, 01777);
	assert_int_equal(look(dir, "sparse").st_size, 102402);
	assert_true(look(dir, "sparse").st_blocks <= 8);
	cleanup_fd int fd = openat(dir, "sparse", O_RDONLY);

	assert_int_equal(pread(fd, text, 8, 102400), 2);
	assert_string_equal(text, "x\n");
	assert_true(S_ISFIFO(look(dir, "ff").st_mode));
	assert_true(S_ISLNK(look(dir, "lnk").st_mode));
	assert_true(S_ISDIR(look(dir, "dir").st_mode));
}

static const char *const criu_archives[] = {
	"crun-container/img/tmpfs-dev-47",	"crun-container/img/tmpfs-dev-49",
	"crun-container/img/tmpfs-dev-51",	"crun-container/img/tmpfs-dev-52",
	"crun-container/img/tmpfs-dev-53",	"flat-ext-binds/img/tmpfs-dev-45",
	"overmounts/img/tmpfs-dev-51",		"overmounts/img/tmpfs-dev-52",
	"overmounts/img/tmpfs-dev-53",		"overmounts/img/tmpfs-dev-54",
	"overmounts/img/tmpfs-dev-55",		"shared-slave-groups/img/tmpfs-dev-46",
	"shared-slave-groups/img/tmpfs-dev-51", "shared-slave-groups/img/tmpfs-dev-52",
};

static void every_archive_of_criu_unpacks_to_what_it_lists(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(criu_archives); i++) {
		char path[128];
		struct mount_contents done, contents;

		snprintf(path, sizeof(path), SAMPLE "%s.tar.gz.img", criu_archives[i]);
		cleanup_fd int in = open(path, O_RDONLY), dir = make_tmpfs(), out = make_file();

		assert_true(in >= 0);
		unpack(in, dir, 0, &done);
		pack(dir, out, &contents);
		struct archive_list before = list_of(in), after = list_of(out);

		assert_same_lists(&before, &after);
		archive_list_free(&before);
		archive_list_free(&after);
	}
}

static int run(const char *const argv[], int in, int out, int dir)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (fchdir(dir) || dup2(in, 0) < 0 || dup2(out, 1) < 0)
			_exit(126);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void fill_for_tar(int dir)
{
	make(dir, "file", 04755, "data");
	make(dir, "\xc3\xa4", 0644, "utf-8");
	assert_int_equal(linkat(dir, "file", dir, "hard", 0), 0);
	make(dir, "sparse", 0644, "begin");
	cleanup_fd int fd = openat(dir, "sparse", O_WRONLY);

	assert_int_equal(pwrite(fd, "end", 3, 10 << 20), 3);
	assert_int_equal(symlinkat("file", dir, "link"), 0);
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	assert_int_equal(mkdirat(dir, "d", 0711), 0);
	make(dir, "d/x", 0600, "");
	for (int i = 0; i < 9; i++) {
		const char *names[] = { "file", "\xc3\xa4", "hard", "sparse", "link",
					"fifo", "d/x",	    "d",    "." };

		set_times(dir, names[i], 1500000000 + i, 0);
	}
}

/* CRIU unpacks what we packed: with this very command. */
static void gnu_tar_unpacks_ours(void **state)
{
	static const char *const argv[] = { "tar",	    "--extract",      "--gzip",
					    "--no-unquote", "--no-wildcards", NULL };
	cleanup_fd int dir = make_tmpfs(), copy = make_tmpfs();
	cleanup_fd int first = make_file(), second = make_file();
	struct mount_contents contents;

	fill_for_tar(dir);
	pack(dir, first, &contents);
	assert_int_equal(run(argv, first, 1, copy), 0);
	rewind_fd(first);
	assert_true(look(copy, "sparse").st_blocks <= 16);
	pack(copy, second, &contents);
	struct archive_list before = list_of(first), after = list_of(second);

	assert_same_lists(&before, &after);
	archive_list_free(&before);
	archive_list_free(&after);
}

static void we_unpack_gnu_tars_as_criu_calls_it(void **state)
{
	static const char *const argv[] = {
		"tar",
		"--create",
		"--gzip",
		"--no-unquote",
		"--no-wildcards",
		"--one-file-system",
		"--check-links",
		"--preserve-permissions",
		"--sparse",
		"--numeric-owner",
		".",
		NULL,
	};
	cleanup_fd int dir = make_tmpfs(), copy = make_tmpfs();
	cleanup_fd int first = make_file(), ours = make_file(), again = make_file();
	struct mount_contents contents, done;

	fill_for_tar(dir);
	assert_int_equal(run(argv, 0, first, dir), 0);
	rewind_fd(first);
	unpack(first, copy, 0, &done);
	pack(dir, ours, &contents);
	pack(copy, again, &contents);
	assert_int_equal(done.entries, contents.entries);
	assert_int_equal(done.bytes, contents.bytes);
	struct archive_list a = list_of(first), b = list_of(ours), c = list_of(again);

	assert_same_lists(&b, &c);
	assert_same_lists(&a, &b);
	archive_list_free(&a);
	archive_list_free(&b);
	archive_list_free(&c);
}

/* ---- hostile archives ---- */

struct hostile {
	const char *path;
	mode_t mode;
	const char *target; /* of a symlink; of a hard link if mode is 0 */
	dev_t device;
};

static int make_archive(const struct hostile *entries, size_t n)
{
	struct archive *a = archive_write_new();
	int fd = make_file();

	archive_write_add_filter_none(a);
	archive_write_set_format_gnutar(a);
	assert_int_equal(archive_write_open_fd(a, fd), ARCHIVE_OK);
	for (size_t i = 0; i < n; i++) {
		struct archive_entry *e = archive_entry_new();

		archive_entry_set_pathname(e, entries[i].path);
		archive_entry_set_mode(e, entries[i].mode ? entries[i].mode : S_IFREG | 0644);
		archive_entry_set_size(e, 0);
		archive_entry_set_rdev(e, entries[i].device);
		if (!entries[i].mode)
			archive_entry_set_hardlink(e, entries[i].target);
		else if (entries[i].target)
			archive_entry_set_symlink(e, entries[i].target);
		assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
		archive_entry_free(e);
	}
	archive_write_free(a);
	rewind_fd(fd);
	return fd;
}

#define FILE_MODE (S_IFREG | 0644)
#define LINK_MODE (S_IFLNK | 0777)

static const struct {
	const char *what;
	struct hostile entries[3];
	int result;
} hostiles[] = {
	{ "absolute", { { "/rebind-test-absolute", FILE_MODE } }, -EXDEV },
	{ "climbs", { { "../x", FILE_MODE } }, -EXDEV },
	{ "climbs inside", { { "a/../x", FILE_MODE } }, -EXDEV },
	{ "climbs at the end", { { "a/..", S_IFDIR | 0755 } }, -EXDEV },
	{ "through", { { "l", LINK_MODE, "/tmp" }, { "l/x", FILE_MODE } }, -ELOOP },
	{ "through in disguise", { { "./l", LINK_MODE, "." }, { ".//l/./x", FILE_MODE } }, -ELOOP },
	{ "through a directory", { { "l", LINK_MODE, "." }, { "l/d", S_IFDIR | 0755 } }, -ELOOP },
	{ "through the twin of a symlink",
	  { { "l", LINK_MODE, "/tmp" }, { "m", 0, "l" }, { "m/x", FILE_MODE } },
	  -ELOOP },
	{ "links to absolute", { { "h", 0, "/etc/passwd" } }, -EXDEV },
	{ "links upwards", { { "h", 0, "../../etc/passwd" } }, -EXDEV },
	{ "links through", { { "l", LINK_MODE, "/etc" }, { "h", 0, "l/passwd" } }, -ELOOP },
	{ "disk", { { "sda", S_IFBLK | 0600, NULL, 0x800 } }, -EPERM },
	{ "disk 1:3", { { "sda", S_IFBLK | 0600, NULL, 0x103 } }, -EPERM },
	{ "memory", { { "mem", S_IFCHR | 0600, NULL, 0x101 } }, -EPERM },
	{ "root is a symlink", { { "./", LINK_MODE, "/tmp" } }, -EBADMSG },
};

static size_t count_entries(const struct hostile entries[3])
{
	size_t n = 0;

	while (n < 3 && entries[n].path)
		n++;
	return n;
}

static void hostile_archives_are_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(hostiles); i++) {
		size_t n = count_entries(hostiles[i].entries);
		cleanup_fd int in = make_archive(hostiles[i].entries, n), dir = make_tmpfs();
		struct mount_contents done;
		struct archive_fault fault = { 0 };
		int err = archive_unpack(in, dir, &no_rules, &done, NULL, NULL, NULL, &fault);

		rewind_fd(in);
		int check = archive_unpack(in, -EBADF, &list_only, &done, NULL, NULL, NULL, &fault);

		if (err != hostiles[i].result || check != err)
			print_message("%s: %d, %d: %s\n", hostiles[i].what, err, check, fault.text);
		assert_int_equal(err, hostiles[i].result);
		assert_int_equal(check, err);
		assert_true(fault.text[0]);
	}
	assert_int_equal(access("/rebind-test-absolute", F_OK), -1);
}

static void a_symlink_on_the_disk_is_not_followed(void **state)
{
	const struct hostile entries[] = { { "l/x", FILE_MODE } };
	cleanup_fd int in = make_archive(entries, 1), dir = make_tmpfs();
	struct mount_contents done;
	struct archive_fault fault;

	assert_int_equal(mkdirat(dir, "d", 0755), 0);
	assert_int_equal(symlinkat("d", dir, "l"), 0);
	assert_true(archive_unpack(in, dir, &no_rules, &done, NULL, NULL, NULL, &fault) < 0);
	assert_int_equal(faccessat(dir, "d/x", F_OK, 0), -1);
}

static void devices_need_consent(void **state)
{
	const struct hostile good[] = { { "tty", S_IFCHR | 0666, NULL, 0x500 },
					{ "whiteout", S_IFCHR | 0600, NULL, 0 },
					{ "inaccessible", S_IFBLK | 0600, NULL, 0 } };
	const struct hostile disk[] = { { "sda", S_IFBLK | 0600, NULL, 0x800 } };
	cleanup_fd int in = make_archive(good, ARRAY_SIZE(good)), bad = make_archive(disk, 1);
	struct archive_fault fault;
	cleanup_fd int dir = make_tmpfs();
	struct mount_contents done;

	unpack(in, dir, 0, &done);
	assert_int_equal(look(dir, "whiteout").st_rdev, 0);
	assert_int_equal(archive_unpack(bad, dir, &no_rules, &done, NULL, NULL, NULL, &fault),
			 -EPERM);
	assert_string_equal(fault.text,
			    "'sda' is the block device 8:0, which takes --allow-devices");
	rewind_fd(bad);
	unpack(bad, dir, ARCHIVE_ANY_DEVICES, &done);
	assert_true(S_ISBLK(look(dir, "sda").st_mode));
}

static void damaged_archives_are_refused(void **state)
{
	cleanup_fd int dir = make_tmpfs(), out = make_file();
	struct mount_contents contents, done;
	struct archive_fault fault;
	struct archive_list list;
	char block[4096];

	memset(block, 'x', sizeof(block));
	make(dir, "f", 0644, "");
	cleanup_fd int f = openat(dir, "f", O_WRONLY);

	for (int i = 0; i < 100; i++) {
		block[i] = (char)i;
		assert_int_equal(write(f, block, sizeof(block)), sizeof(block));
	}
	pack(dir, out, &contents);
	off_t size = lseek(out, 0, SEEK_END);
	cleanup_fd int copy = make_tmpfs();

	for (off_t cut = size - 9; cut > 0; cut -= 97) {
		assert_int_equal(ftruncate(out, cut), 0);
		rewind_fd(out);
		assert_int_equal(
			archive_unpack(out, copy, &no_rules, &done, NULL, NULL, NULL, &fault),
			-EBADMSG);
		rewind_fd(out);
		assert_int_equal(archive_list(out, &(struct archive_rules){ 0 }, &list, &fault),
				 -EBADMSG);
	}
	assert_int_equal(ftruncate(out, 0), 0);
	rewind_fd(out);
	assert_int_equal(archive_unpack(out, copy, &no_rules, &done, NULL, NULL, NULL, &fault),
			 -EBADMSG);
}

static void digest_file(int fd, uint8_t ret[DIGEST_SIZE])
{
	struct digest digest;
	size_t size;
	char *data;

	rewind_fd(fd);
	assert_int_equal(fd_slurp(fd, &data, &size), 0);
	rewind_fd(fd);
	digest_start(&digest);
	digest_add(&digest, data, size);
	digest_end(&digest, ret);
	free(data);
}

static void the_digest_is_of_the_whole_file(void **state)
{
	cleanup_fd int dir = make_tmpfs(), copy = make_tmpfs(), out = make_file();
	struct mount_contents contents, done;
	uint8_t digest[DIGEST_SIZE];

	make(dir, "f", 0644, "data");
	pack(dir, out, &contents);
	digest_file(out, digest);
	assert_true(contents.has_digest);
	assert_memory_equal(contents.digest, digest, sizeof(digest));
	unpack(out, copy, 0, &done);
	assert_true(done.has_digest);
	assert_memory_equal(done.digest, digest, sizeof(digest));
	/* More than what is read ahead, behind the end: nothing that unpacking would look at. */
	cleanup_fd int more = make_tmpfs();
	char block[4096] = "";

	lseek(out, 0, SEEK_END);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(fd_write_all(out, block, sizeof(block)), 0);
	digest_file(out, digest);
	unpack(out, more, 0, &done);
	assert_memory_equal(done.digest, digest, sizeof(digest));
	assert_memory_not_equal(done.digest, contents.digest, sizeof(digest));
}

/* As CRIU's archives are: nothing says what they should be but the gzip itself. */
static int two_members(const char *command)
{
	const char *const argv[] = { "sh", "-c", command, NULL };
	cleanup_fd int dir = make_tmpfs();
	int out = make_file();

	make(dir, "a", 0644, "first\n");
	make(dir, "b", 0644, "second\n");
	assert_int_equal(run(argv, 0, out, dir), 0);
	rewind_fd(out);
	return out;
}

static const struct {
	const char *what, *command;
	int result;
} gzips[] = {
	{ "one member", "tar -c . | gzip", 0 },
	{ "two members", "tar -c . | (dd bs=1 count=700 status=none | gzip; cat | gzip)", 0 },
	{ "three, one of them empty",
	  "tar -c . | (dd bs=1 count=512 status=none | gzip; gzip </dev/null; cat | gzip)", 0 },
	{ "padded", "tar -c . | gzip; head -c 100000 /dev/zero", 0 },
	{ "garbage", "tar -c . | gzip; echo x", -EBADMSG },
	{ "garbage far behind", "tar -c . | gzip; head -c 1000000 /dev/zero; echo x", -EBADMSG },
	{ "a gzip that begins", "tar -c . | gzip; printf '\\037\\213\\010'", -EBADMSG },
	{ "garbage in the gzip", "(tar -c .; echo x) | gzip", -EBADMSG },
	{ "a second archive in it", "(tar -c a; tar -c b) | gzip", -EBADMSG },
	{ "a second archive", "tar -c a | gzip; tar -c b | gzip", -EBADMSG },
	{ "nothing", "true", -EBADMSG },
	{ "a wrong CRC",
	  "tar -c . | gzip | (f=$(mktemp); cat >$f; truncate -s -8 $f; cat $f; rm $f; "
	  "printf '12345678')",
	  -EBADMSG },
	{ "no CRC", "tar -c . | gzip | head -c -8", -EBADMSG },
	{ "half a CRC", "tar -c . | gzip | head -c -4", -EBADMSG },
	{ "plain", "tar -c .", 0 },
	{ "plain with garbage", "tar -c .; echo x", -EBADMSG },
};

static void what_is_wrong_with_a_gzip_is_seen(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(gzips); i++) {
		cleanup_fd int in = two_members(gzips[i].command), dir = make_tmpfs();
		struct archive_fault fault = { 0 };
		struct archive_list list = { 0 };
		struct mount_contents done;
		int err = archive_unpack(in, dir, &no_rules, &done, NULL, NULL, NULL, &fault);

		rewind_fd(in);
		int listed = archive_list(in, &(struct archive_rules){ 0 }, &list, &fault);

		if (err != gzips[i].result || listed != err)
			print_message("%s: %d, %d: %s\n", gzips[i].what, err, listed, fault.text);
		assert_int_equal(err, gzips[i].result);
		assert_int_equal(listed, err);
		if (!err)
			assert_int_equal(look(dir, "b").st_size, 7);
		archive_list_free(&list);
	}
}

/*
 * Bytes changed one after the other: what libarchive would let pass, gzip's CRC does not. What
 * passes is the same: the header's time and system mean nothing, and a repeat can be had from
 * several distances.
 */
static void no_changed_byte_changes_what_is_unpacked(void **state)
{
	cleanup_fd int in = two_members("tar -c --format=gnu . | gzip -n");
	off_t size = lseek(in, 0, SEEK_END);
	struct archive_list before, after;
	struct archive_fault fault;
	int refused = 0;

	rewind_fd(in);
	before = list_of(in);
	for (off_t at = 0; at < size; at++) {
		unsigned char c, changed;

		assert_int_equal(pread(in, &c, 1, at), 1);
		changed = (unsigned char)(c ^ (1 << (at % 8)));
		assert_int_equal(pwrite(in, &changed, 1, at), 1);
		rewind_fd(in);
		if (archive_list(in, &(struct archive_rules){ 0 }, &after, &fault) == 0) {
			assert_same_lists(&before, &after);
			archive_list_free(&after);
		} else {
			refused++;
		}
		assert_int_equal(pwrite(in, &c, 1, at), 1);
	}
	assert_true(refused > size / 2);
	archive_list_free(&before);
}

/* The archive's own digest finds what means nothing to gzip as well. */
static void no_changed_byte_unpacks_to_the_same_digest(void **state)
{
	cleanup_fd int dir = make_tmpfs(), out = make_file();
	struct mount_contents contents, done;
	struct archive_fault fault;
	int unpacked = 0;

	make(dir, "f", 0644, "some data that is long enough to be there as it is");
	pack(dir, out, &contents);
	off_t size = lseek(out, 0, SEEK_END);

	for (off_t i = 0; i < size; i++) {
		cleanup_fd int copy = make_tmpfs();
		char c;

		assert_int_equal(pread(out, &c, 1, i), 1);
		c ^= 1;
		assert_int_equal(pwrite(out, &c, 1, i), 1);
		rewind_fd(out);
		if (archive_unpack(out, copy, &no_rules, &done, NULL, NULL, NULL, &fault) == 0) {
			assert_memory_not_equal(done.digest, contents.digest, DIGEST_SIZE);
			unpacked++;
		}
		c ^= 1;
		assert_int_equal(pwrite(out, &c, 1, i), 1);
	}
	/* Six bytes of the header mean nothing to an unpacker: a time, a hint, a system. */
	assert_true(unpacked >= 6);
}

/* ---- lists ---- */

static char *describe(const struct archive_list *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->list[i].path, path) == 0)
			return list->list[i].describe;
	return NULL;
}

static void a_list_tells_everything_but_holes(void **state)
{
	cleanup_fd int dir = make_tmpfs(), first = make_file(), second = make_file();
	struct mount_contents contents;

	make(dir, "f", 0640, "hello");
	make(dir, "hole", 0644, "");
	assert_int_equal(linkat(dir, "f", dir, "a", 0), 0);
	set_times(dir, "f", 1767323045, 678900000);
	cleanup_fd int fd = openat(dir, "hole", O_RDWR);

	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	set_times(dir, "hole", 1, 0);
	set_times(dir, ".", 2, 0);
	pack(dir, first, &contents);
	assert_int_equal(fallocate(fd, 0, 0, 1 << 20), 0);
	set_times(dir, "hole", 1, 0);
	pack(dir, second, &contents);
	struct archive_list list = list_of(first), full = list_of(second);

	assert_same_lists(&list, &full);
	assert_int_equal(list.n, 4);
	assert_string_equal(list.list[0].path, "./");
	assert_string_equal(describe(&list, "./"),
			    "directory 1777 0:0 1970-01-01T00:00:02.000000000");
	assert_string_equal(describe(&list, "./f"), "link to ./a");
	const char *a = "file 0640 0:0 2026-01-02T03:04:05.678900000 5 bytes ";

	assert_memory_equal(describe(&list, "./a"), a, strlen(a));
	archive_list_free(&list);
	archive_list_free(&full);
}

static void an_archive_without_entries_has_an_empty_list(void **state)
{
	cleanup_fd int in = make_archive(NULL, 0);
	struct archive_list list = list_of(in);

	assert_int_equal(list.n, 0);
	archive_list_free(&list);
}

static void the_digest_is_sha_256(void **state)
{
	struct digest digest;
	char hex[65];

	digest_start(&digest);
	assert_string_equal(digest_end_hex(&digest, hex), "e3b0c44298fc1c149afbf4c8996fb924"
							  "27ae41e4649b934ca495991b7852b855");
	digest_start(&digest);
	digest_add(&digest, "abcdbcdecdefdefgefghfghi", 24);
	digest_add(&digest, "ghijhijkijkljklmklmnlmnomnopnopq", 32);
	assert_string_equal(digest_end_hex(&digest, hex), "248d6a61d20638b8e5c026930c3e6039"
							  "a33ce45964ff2167f6ecedd419db06c1");
}

/* sha256sum(1) of the 1000 bytes below */
#define DIGEST_OF_SEVENS "89f4ff56a25dd1db06a4ce6033603775d705fb96f30f8693733fef602a1ca532"

/* However it is cut into pieces. */
static void a_digest_does_not_depend_on_the_pieces(void **state)
{
	static const size_t steps[] = { 1, 3, 55, 56, 63, 64, 65, 127, 128, 200, 1000 };
	unsigned char data[1000];
	char hex[65];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct digest digest;

		digest_start(&digest);
		for (size_t at = 0; at < sizeof(data); at += steps[i])
			digest_add(&digest, data + at,
				   sizeof(data) - at < steps[i] ? sizeof(data) - at : steps[i]);
		assert_string_equal(digest_end_hex(&digest, hex), DIGEST_OF_SEVENS);
	}
}

/* ---- amount ---- */

static void note(void *data, uint64_t bytes)
{
	assert_true(bytes > *(uint64_t *)data);
	*(uint64_t *)data = bytes;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void count_reports(void *data, uint64_t bytes)
{
	++*(int *)data;
}

/* A hundred thousand of them are a few MiB, and seconds. */
static void many_small_files_make_progress(void **state)
{
	cleanup_fd int dir = make_tmpfs(), copy = make_tmpfs(), out = make_file();
	struct mount_contents contents, done;
	struct archive_fault fault;
	int packed = 0, unpacked = 0;
	char name[16];

	for (int i = 0; i < 3500; i++) {
		snprintf(name, sizeof(name), "%d", i);
		make(dir, name, 0644, "");
	}
	assert_int_equal(archive_pack(dir, out, &contents,
				      &(struct archive_watch){ count_reports, NULL, &packed },
				      &fault),
			 0);
	rewind_fd(out);
	assert_int_equal(
		archive_unpack(out, copy, &no_rules, &done, NULL, count_reports, &unpacked, &fault),
		0);
	assert_int_equal(packed, 3);
	assert_int_equal(unpacked, 3);
}

static void a_large_file_packs_in_little_memory(void **state)
{
	cleanup_fd int dir = make_tmpfs(), copy = make_tmpfs(), out = make_file();
	cleanup_free char *data = malloc(1 << 20);
	struct mount_contents contents, done;
	struct archive_fault fault;
	struct rusage before, after;
	uint64_t progress = 0;
	const int mib = 256;

	for (int i = 0; i < 1 << 20; i++)
		data[i] = (char)(i * 2654435761u >> 24);
	make(dir, "f", 0644, "");
	cleanup_fd int fd = openat(dir, "f", O_WRONLY);

	for (int i = 0; i < mib; i++)
		assert_int_equal(fd_write_all(fd, data, 1 << 20), 0);
	getrusage(RUSAGE_SELF, &before);
	double t0 = now();

	assert_int_equal(archive_pack(dir, out, &contents,
				      &(struct archive_watch){ note, NULL, &progress }, &fault),
			 0);
	rewind_fd(out);
	double t1 = now();

	uint64_t packed = progress;

	progress = 0;
	assert_int_equal(archive_unpack(out, copy, &no_rules, &done, NULL, note, &progress, &fault),
			 0);
	double t2 = now();

	getrusage(RUSAGE_SELF, &after);
	print_message("%d MiB: packed in %.2f s, unpacked in %.2f s, %ld KiB more memory\n", mib,
		      t1 - t0, t2 - t1, after.ru_maxrss - before.ru_maxrss);
	assert_true(packed > (uint64_t)(mib - 8) << 20);
	assert_true(progress > (uint64_t)(mib - 8) << 20);
	assert_int_equal(contents.bytes, (uint64_t)mib << 20);
	assert_int_equal(done.bytes, contents.bytes);
	assert_true(after.ru_maxrss - before.ru_maxrss < 32 << 10);
}

/* Two files, of three pages of data behind a hole of a gigabyte, and of one byte. */
static int pack_two_files(struct mount_contents *contents)
{
	cleanup_fd int dir = make_tmpfs();
	cleanup_fd int large = openat(dir, "large", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	cleanup_fd int small = openat(dir, "small", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	char data[3 * 4096];
	int out = make_file();

	memset(data, 'x', sizeof(data));
	assert_int_equal(pwrite(large, data, sizeof(data), 1 << 30), sizeof(data));
	assert_int_equal(write(small, "x", 1), 1);
	pack(dir, out, contents);
	return out;
}

static int unpack_by(int in, const struct archive_rules *rules)
{
	cleanup_fd int dir = make_tmpfs();
	struct archive_fault fault = { "" };
	struct mount_contents done;
	struct archive_rules look = *rules;
	uint64_t taken = rules->taken ? *rules->taken : 0;

	look.policy = ARCHIVE_LIST_ONLY;
	look.taken = &taken;
	int looked = archive_unpack(in, -EBADF, &look, &done, NULL, NULL, NULL, &fault);

	rewind_fd(in);
	int to_disk = archive_unpack(in, dir, rules, &done, NULL, NULL, NULL, &fault);

	assert_int_equal(to_disk, looked);
	rewind_fd(in);
	assert_true(!to_disk || strstr(fault.text, rules->entries ? "recorded" : "--max-contents"));
	return to_disk;
}

static void what_was_recorded_is_a_limit(void **state)
{
	struct mount_contents contents;
	cleanup_fd int in = pack_two_files(&contents);
	struct archive_rules rules = { .entries = contents.entries, .bytes = contents.bytes };

	(void)state;
	assert_int_equal(unpack_by(in, &rules), 0);
	rules.entries--;
	assert_int_equal(unpack_by(in, &rules), -EFBIG);
	rules.entries++;
	rules.bytes--;
	assert_int_equal(unpack_by(in, &rules), -EFBIG);
	mount_contents_clear(&contents);
}

static void memory_is_a_limit_and_holes_take_none(void **state)
{
	struct mount_contents contents;
	cleanup_fd int in = pack_two_files(&contents);
	uint64_t taken = 0;
	struct archive_rules rules = { .memory = 3 * 1024 + 4 * 4096,
				       .taken = &taken,
				       .option = "--max-contents" };

	(void)state;
	assert_int_equal(unpack_by(in, &rules), 0);
	assert_int_equal(taken, rules.memory);
	/* The next archive of the same restore has no room. */
	assert_int_equal(unpack_by(in, &(struct archive_rules){ .memory = taken + 1,
								.taken = &taken,
								.option = "--max-contents" }),
			 -EFBIG);
	taken = 0;
	rules.memory--;
	assert_int_equal(unpack_by(in, &rules), -EFBIG);
	mount_contents_clear(&contents);
}

static void every_compression_unpacks(void **state)
{
	static const char *const words[] = { "gzip", "gzip:1", "gzip:9", "gzip:0", "none" };
	static const char *const wrong[] = { "",       "zip",	 "gzip:", "gzip:10",
					     "gzip:a", "none:1", "gzip1" };
	const struct timespec times[2] = { { 1000000000, 123456789 }, { 1000000001, 987654321 } };
	off_t sizes[ARRAY_SIZE(words)];
	unsigned int compress;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(archive_compress(wrong[i], &compress), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		cleanup_fd int dir = make_tmpfs(), out = make_file(), copy = make_tmpfs();
		struct archive_watch watch = { 0 };
		struct mount_contents contents;
		struct archive_fault fault;

		make(dir, "f", 0644, "");
		cleanup_fd int fd = openat(dir, "f", O_WRONLY);

		for (int k = 0; k < 100; k++)
			dprintf(fd, "%0999d\n", k);
		/* All that is in the archive is the same each time. */
		assert_int_equal(futimens(fd, times), 0);
		assert_int_equal(futimens(dir, times), 0);
		assert_int_equal(archive_compress(words[i], &watch.compress), 0);
		assert_int_equal(archive_pack(dir, out, &contents, &watch, &fault), 0);
		sizes[i] = lseek(out, 0, SEEK_END);
		rewind_fd(out);
		unpack(out, copy, 0, &contents);
		assert_int_equal(look(copy, "f").st_size, 100000);
	}
	/* Digits are nearly nothing, but where nothing is compressed. */
	assert_int_equal(sizes[0], sizes[1]);
	assert_true(sizes[2] < sizes[1]);
	assert_true(sizes[3] > 100000);
	assert_int_equal(sizes[3], sizes[4]);
}

static int unpack_stored(int in)
{
	const struct archive_rules rules = { .policy = ARCHIVE_LIST_ONLY,
					     .writer = ARCHIVE_STORED };
	struct mount_contents done;
	struct archive_fault fault;

	rewind_fd(in);
	return archive_unpack(in, -EBADF, &rules, &done, NULL, NULL, NULL, &fault);
}

static void what_is_small_is_stored(void **state)
{
	cleanup_fd int dir = make_tmpfs(), small = make_file(), copy = make_tmpfs();
	cleanup_fd int large = make_file(), asked = make_file(), plain = make_file();
	const struct archive_watch level = { .compress = 7 };
	struct mount_contents contents;
	struct archive_fault fault;

	make(dir, "f", 0640, "hello");
	pack(dir, small, &contents);
	assert_int_equal(contents.packing, MOUNT_PACKED_STORED);
	assert_int_equal(unpack_stored(small), 0);
	/* For everybody else it is a gzip. */
	rewind_fd(small);
	unpack(small, copy, 0, &contents);
	assert_int_equal(look(copy, "f").st_size, 5);
	assert_int_equal(archive_pack(dir, asked, &contents, &level, &fault), 0);
	assert_int_equal(contents.packing, MOUNT_PACKED_GZIP);
	cleanup_fd int fd = openat(dir, "f", O_WRONLY);

	assert_int_equal(ftruncate(fd, 0), 0);
	for (int i = 0; i < 20; i++)
		dprintf(fd, "%0999d\n", i);
	pack(dir, large, &contents);
	assert_int_equal(contents.packing, MOUNT_PACKED_GZIP);
	/* An image that says so of something else is wrong. */
	assert_int_equal(unpack_stored(asked), -EBADMSG);
	assert_int_equal(unpack_stored(large), -EBADMSG);
	assert_int_equal(unpack_stored(plain), -EBADMSG);
}

static void damage_in_what_is_stored_is_seen(void **state)
{
	cleanup_fd int dir = make_tmpfs(), out = make_file();
	struct mount_contents contents;
	char c;

	make(dir, "f", 0644, "data");
	pack(dir, out, &contents);
	off_t size = lseek(out, 0, SEEK_END);

	for (off_t i = 0; i < size; i++) {
		assert_int_equal(pread(out, &c, 1, i), 1);
		c ^= 4;
		assert_int_equal(pwrite(out, &c, 1, i), 1);
		assert_int_equal(unpack_stored(out), -EBADMSG);
		c ^= 4;
		assert_int_equal(pwrite(out, &c, 1, i), 1);
	}
	assert_int_equal(unpack_stored(out), 0);
	assert_int_equal(pwrite(out, "", 1, size), 1);
	assert_int_equal(unpack_stored(out), -EBADMSG);
	for (off_t i = size; i-- > 0;) {
		assert_int_equal(ftruncate(out, i), 0);
		assert_int_equal(unpack_stored(out), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_compression_unpacks),
		cmocka_unit_test(what_is_small_is_stored),
		cmocka_unit_test(damage_in_what_is_stored_is_seen),
		cmocka_unit_test(what_was_recorded_is_a_limit),
		cmocka_unit_test(memory_is_a_limit_and_holes_take_none),
		cmocka_unit_test(modes_owners_and_times_come_back),
		cmocka_unit_test(packing_leaves_no_trace_in_the_source),
		cmocka_unit_test(hard_links_are_archived_once),
		cmocka_unit_test(holes_stay_holes),
		cmocka_unit_test(attributes_and_capabilities_come_back),
		cmocka_unit_test(an_attribute_that_tar_cannot_name_is_refused),
		cmocka_unit_test(access_control_lists_come_back),
		cmocka_unit_test(fifos_and_devices_come_back),
		cmocka_unit_test(devices_of_no_driver_take_no_consent),
		cmocka_unit_test(sockets_are_listed),
		cmocka_unit_test(a_list_tells_sockets),
		cmocka_unit_test(names_are_bytes),
		cmocka_unit_test(deep_trees_need_few_descriptors),
		cmocka_unit_test(paths_longer_than_path_max_come_back),
		cmocka_unit_test(a_path_that_cannot_be_unpacked_is_not_packed),
		cmocka_unit_test(the_longest_path_comes_back),
		cmocka_unit_test(other_mounts_are_not_entered),
		cmocka_unit_test(a_small_disk_is_an_error),
		cmocka_unit_test(a_full_disk_is_an_error_on_the_way),
		cmocka_unit_test(a_file_that_changes_while_it_is_packed_is_told),
		cmocka_unit_test(a_change_right_after_another_is_told),
		cmocka_unit_test(a_change_that_cannot_be_told_is_an_error),
		cmocka_unit_test(damage_far_inside_is_an_error),
		cmocka_unit_test(what_failed_early_can_be_tried_again),
		cmocka_unit_test(gnu_tars_archives_unpack),
		cmocka_unit_test(every_archive_of_criu_unpacks_to_what_it_lists),
		cmocka_unit_test(gnu_tar_unpacks_ours),
		cmocka_unit_test(we_unpack_gnu_tars_as_criu_calls_it),
		cmocka_unit_test(hostile_archives_are_refused),
		cmocka_unit_test(a_symlink_on_the_disk_is_not_followed),
		cmocka_unit_test(devices_need_consent),
		cmocka_unit_test(damaged_archives_are_refused),
		cmocka_unit_test(the_digest_is_of_the_whole_file),
		cmocka_unit_test(what_is_wrong_with_a_gzip_is_seen),
		cmocka_unit_test(no_changed_byte_changes_what_is_unpacked),
		cmocka_unit_test(no_changed_byte_unpacks_to_the_same_digest),
		cmocka_unit_test(a_list_tells_everything_but_holes),
		cmocka_unit_test(an_archive_without_entries_has_an_empty_list),
		cmocka_unit_test(the_digest_is_sha_256),
		cmocka_unit_test(a_digest_does_not_depend_on_the_pieces),
		cmocka_unit_test(many_small_files_make_progress),
		cmocka_unit_test(a_large_file_packs_in_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
