// SPDX-License-Identifier: LGPL-2.1-or-later
/* Archives that are what they should be, and hostile ones. Those are made by libarchive. */
#include <archive.h>
#include <archive_entry.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "archive/checkpoint.h"
#include "test/unit/help.h"

struct entry {
	const char *name;
	mode_t type;
	const char *data; /* or the target of a link */
	bool hard;
};

enum packing { PLAIN, GZIP, ZSTD };

static void put(struct archive *a, const struct entry *e)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, e->name);
	archive_entry_set_mode(entry, e->type | 06777);
	if (e->hard)
		archive_entry_set_hardlink(entry, e->data);
	else if (e->type == S_IFLNK)
		archive_entry_set_symlink(entry, e->data);
	else if (e->type == S_IFREG)
		archive_entry_set_size(entry, (la_int64_t)strlen(e->data));
	assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
	if (e->type == S_IFREG && !e->hard && *e->data)
		assert_int_equal(archive_write_data(a, e->data, strlen(e->data)), strlen(e->data));
	archive_entry_free(entry);
}

static int make(enum packing packing, const struct entry *list, size_t n)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);
	struct archive *a = archive_write_new();

	archive_write_set_format_gnutar(a);
	if (packing == GZIP)
		archive_write_add_filter_gzip(a);
	if (packing == ZSTD)
		archive_write_add_filter_zstd(a);
	assert_int_equal(archive_write_open_fd(a, fd), ARCHIVE_OK);
	for (size_t i = 0; i < n; i++)
		put(a, &list[i]);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* A new, empty directory. */
static int fresh(void)
{
	static int number;
	char name[32];

	snprintf(name, sizeof(name), "/tmp/%d", number++);
	assert_int_equal(mkdir(name, 0700), 0);
	int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void is_file(int dir, const char *name, const char *data)
{
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_free char *text = NULL;
	struct stat st;
	size_t size;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(fd_slurp(fd, &text, &size), 0);
	assert_string_equal(text, data);
}

static const struct entry sample[] = {
	{ "checkpoint/", S_IFDIR, "" },
	{ "checkpoint/inventory.img", S_IFREG, "inventory" },
	{ "./checkpoint//mountpoints-1.img", S_IFREG, "mounts" },
	{ "checkpoint/pages-1.img", S_IFREG, "memory" },
	{ "checkpoint/of/a-plugin", S_IFREG, "plugin" },
	{ "rootfs-diff.tar", S_IFREG, "diff" },
	{ "spec.dump", S_IFREG, "{}" },
	{ "config.dump", S_IFREG, "" },
	{ "checkpoints", S_IFREG, "another" },
};

static void what_is_wanted_is_unpacked_in_each_packing(void **state)
{
	for (enum packing packing = PLAIN; packing <= ZSTD; packing++) {
		struct archive_fault fault = { "" };
		cleanup_fd int in = make(packing, sample, ARRAY_SIZE(sample));
		cleanup_fd int dir = fresh();

		assert_int_equal(checkpoint_unpack(in, dir, 100, 0, NULL, &fault), 0);
		is_file(dir, "checkpoint/inventory.img", "inventory");
		is_file(dir, "checkpoint/mountpoints-1.img", "mounts");
		is_file(dir, "checkpoint/of/a-plugin", "plugin");
		is_file(dir, "spec.dump", "{}");
		is_file(dir, "config.dump", "");
		assert_int_equal(faccessat(dir, "checkpoint/pages-1.img", F_OK, 0), -1);
		assert_int_equal(faccessat(dir, "rootfs-diff.tar", F_OK, 0), -1);
		assert_int_equal(faccessat(dir, "checkpoints", F_OK, 0), -1);
	}
}

static void hostile_entries_are_refused(void **state)
{
	static const struct {
		struct entry entries[2];
		int result;
		const char *said;
	} cases[] = {
		{ { { "/etc/passwd", S_IFREG, "x" } }, -EXDEV, "is an absolute name" },
		{ { { "../x", S_IFREG, "x" } }, -EXDEV, "leaves the directory" },
		{ { { "checkpoint/../../x", S_IFREG, "x" } }, -EXDEV, "leaves the directory" },
		{ { { "checkpoint/..", S_IFDIR, "" } }, -EXDEV, "leaves the directory" },
		{ { { "checkpoint", S_IFLNK, "/etc" } }, -EBADMSG, "neither a file nor" },
		{ { { "elsewhere", S_IFLNK, "/etc" } }, -EBADMSG, "neither a file nor" },
		{ { { "spec.dump", S_IFREG, "x" }, { "checkpoint/x", S_IFREG, "spec.dump", true } },
		  -EBADMSG,
		  "neither a file nor" },
		{ { { "checkpoint/null", S_IFCHR, "" } }, -EBADMSG, "neither a file nor" },
		{ { { "checkpoint/disk", S_IFBLK, "" } }, -EBADMSG, "neither a file nor" },
		{ { { "checkpoint/pipe", S_IFIFO, "" } }, -EBADMSG, "neither a file nor" },
		{ { { "spec.dump", S_IFREG, "1" }, { "./spec.dump", S_IFREG, "2" } },
		  -EBADMSG,
		  "stands in it twice" },
		{ { { "spec.dump", S_IFREG, "1" }, { "spec.dump/", S_IFDIR, "" } },
		  -EBADMSG,
		  "stands in it twice" },
		{ { { "checkpoint", S_IFREG, "1" }, { "checkpoint/x", S_IFREG, "2" } },
		  -EBADMSG,
		  "stands in it twice" },
		{ { { "spec.dump", S_IFREG, "nine bytes" } }, -EFBIG, "no room" },
		{ { { "spec.dump", S_IFREG, "seven b" }, { "config.dump", S_IFREG, "three" } },
		  -EFBIG,
		  "no room" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct archive_fault fault = { "" };
		cleanup_fd int in = make(PLAIN, cases[i].entries, cases[i].entries[1].name ? 2 : 1);
		cleanup_fd int dir = fresh();
		int err = checkpoint_unpack(in, dir, 8, 0, NULL, &fault);

		if (err != cases[i].result || !strstr(fault.text, cases[i].said))
			fail_msg("%zu: %d, %s", i, err, fault.text);
	}
}

static void damage_is_found(void **state)
{
	for (enum packing packing = PLAIN; packing <= ZSTD; packing++) {
		struct archive_fault fault = { "" };
		cleanup_fd int in = make(packing, sample, ARRAY_SIZE(sample));
		cleanup_fd int dir = fresh();
		struct stat st;

		assert_int_equal(fstat(in, &st), 0);
		/* Of a plain one: in the middle of an entry, not between two. */
		assert_int_equal(ftruncate(in, packing == PLAIN ? 512 + 200 : st.st_size / 2), 0);
		int err = checkpoint_unpack(in, dir, 100, 0, NULL, &fault);

		assert_int_equal(err, -EBADMSG);
		assert_true(*fault.text);
	}
}

static void what_is_no_archive_is_refused(void **state)
{
	struct archive_fault fault = { "" };
	cleanup_fd int in = memfd_create("garbage", MFD_CLOEXEC);
	cleanup_fd int dir = fresh();

	for (int i = 0; i < 1000; i++)
		assert_int_equal(write(in, "garbage!", 8), 8);
	lseek(in, 0, SEEK_SET);
	assert_int_equal(checkpoint_unpack(in, dir, 100, 0, NULL, &fault), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wanted_is_unpacked_in_each_packing),
		cmocka_unit_test(hostile_entries_are_refused),
		cmocka_unit_test(damage_is_found),
		cmocka_unit_test(what_is_no_archive_is_refused),
	};

	if (help_unshare())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
