// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* From the last nanosecond before 1970 to beyond what 32 bits hold. */
static const struct {
	const char *path;
	struct timespec times[2]; /* used, changed */
} entries[] = {
	{ "/t/dir/before", { { -1, 999999999 }, { -2208988800, 1 } } },
	{ "/t/dir/after", { { 4294967296, 1 }, { 2147483648, 999999999 } } },
	{ "/t/dir/zero", { { 0, 0 }, { 0, 0 } } },
	{ "/t/dir/link", { { 7258118400, 5 }, { -5, 7 } } },
	{ "/t/dir/fifo", { { 5, 5 }, { -86400, 3 } } },
	{ "/t/dir/empty", { { 9, 9 }, { 10, 10 } } },
	{ "/t/dir", { { 1, 1 }, { -3, 123456789 } } },
	{ "/t", { { 2, 2 }, { 8589934592, 987654321 } } },
};

static void build(void)
{
	mount_new("tmpfs", "/t", 0, NULL);
	make_file("/t/dir/before", "x");
	make_file("/t/dir/after", "");
	make_file("/t/dir/zero", "");
	make_link("/t/dir/link", "before");
	make_dir("/t/dir/empty");
	expect(!mkfifo("/t/dir/fifo", 0600), "mkfifo: %s", strerror(errno));
	expect(!chown("/t", 12, 34) && !chmod("/t", 03751), "the root: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++)
		expect(!utimensat(AT_FDCWD, entries[i].path, entries[i].times, AT_SYMLINK_NOFOLLOW),
		       "%s: %s", entries[i].path, strerror(errno));
}

/* Who reads a link or a directory uses it; files here are only looked at. */
static void check(void)
{
	struct stat st;

	for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++) {
		const struct timespec *want = entries[i].times;

		expect(!lstat(entries[i].path, &st), "%s: %s", entries[i].path, strerror(errno));
		expect(st.st_mtim.tv_sec == want[1].tv_sec && st.st_mtim.tv_nsec == want[1].tv_nsec,
		       "%s was changed at %lld.%09ld", entries[i].path,
		       (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
		if (S_ISFIFO(st.st_mode))
			expect(st.st_atim.tv_sec == 5 && st.st_atim.tv_nsec == 5,
			       "%s was used at %lld.%09ld", entries[i].path,
			       (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec);
	}
	expect_mode("/t", S_IFDIR | 03751);
	expect(!stat("/t", &st) && st.st_uid == 12 && st.st_gid == 34, "the root's owner");
}

const struct zdtm_case zdtm_case = {
	.about =
		"Times before 1970 and after 2038 come back to the nanosecond, those of directories and links too.",
	.build = build,
	.check = check,
};
