// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* Each pair is a filesystem, the first mount with the first flags, its bind with the others. */
static const struct {
	unsigned long long first, bind;
	unsigned long first_flags, bind_flags;
} pairs[] = {
	{ 0, MOUNT_ATTR_RDONLY, ST_RELATIME, ST_RDONLY | ST_RELATIME },
	{ MOUNT_ATTR_RDONLY, 0, ST_RDONLY | ST_RELATIME, ST_RELATIME },
	{ MOUNT_ATTR_NOATIME, 0, ST_NOATIME, ST_RELATIME },
	{ MOUNT_ATTR_STRICTATIME, MOUNT_ATTR_NOATIME, 0, ST_NOATIME },
	{ MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NODIRATIME,
	  ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_RELATIME, ST_NODIRATIME | ST_RELATIME },
	{ MOUNT_ATTR_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW | MOUNT_ATTR_RDONLY,
	  ST_NOSYMFOLLOW | ST_RELATIME, ST_NOSYMFOLLOW | ST_RDONLY | ST_RELATIME },
};

#define COUNT (sizeof(pairs) / sizeof(pairs[0]))

/* Which of the two is made first when it is restored depends on the names: each order once. */
static const char *mountpoint(char buf[32], size_t i, int turned, int bind)
{
	snprintf(buf, 32, "/t/%zu%s-%c", i, turned ? "x" : "", turned == bind ? 'a' : 'b');
	return buf;
}

static void set(const char *path, unsigned long long wanted)
{
	if (wanted)
		attributes(path, wanted);
}

static void build(void)
{
	char first[32], second[32], file[48];

	for (size_t k = 0; k < 2 * COUNT; k++) {
		mount_new("tmpfs", mountpoint(first, k / 2, k & 1, 0), 0, NULL);
		snprintf(file, sizeof(file), "%s/file", first);
		make_file(file, first);
		bind(first, mountpoint(second, k / 2, k & 1, 1));
		set(first, pairs[k / 2].first);
		set(second, pairs[k / 2].bind);
	}
}

static void check(void)
{
	char first[32], second[32], file[48];

	for (size_t k = 0; k < 2 * COUNT; k++) {
		mountpoint(first, k / 2, k & 1, 0);
		snprintf(file, sizeof(file), "%s/file", mountpoint(second, k / 2, k & 1, 1));
		expect_text(file, first);
		expect_one_superblock(first, second);
		expect_flags(first, pairs[k / 2].first_flags);
		expect_flags(second, pairs[k / 2].bind_flags);
	}
}

const struct zdtm_case zdtm_case = {
	.about = "A tmpfs and its bind have flags of their own, whichever of them is made first.",
	.build = build,
	.check = check,
};
