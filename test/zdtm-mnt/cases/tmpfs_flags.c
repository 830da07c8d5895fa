// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static const struct {
	const char *path;
	unsigned long long attribute;
	unsigned long flags;
} mounts[] = {
	{ "/t/none", 0, ST_RELATIME },
	{ "/t/ro", MOUNT_ATTR_RDONLY, ST_RDONLY | ST_RELATIME },
	{ "/t/nosuid", MOUNT_ATTR_NOSUID, ST_NOSUID | ST_RELATIME },
	{ "/t/nodev", MOUNT_ATTR_NODEV, ST_NODEV | ST_RELATIME },
	{ "/t/noexec", MOUNT_ATTR_NOEXEC, ST_NOEXEC | ST_RELATIME },
	{ "/t/noatime", MOUNT_ATTR_NOATIME, ST_NOATIME },
	{ "/t/nodiratime", MOUNT_ATTR_NODIRATIME, ST_NODIRATIME | ST_RELATIME },
	{ "/t/strictatime", MOUNT_ATTR_STRICTATIME, 0 },
	{ "/t/nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, ST_NOSYMFOLLOW | ST_RELATIME },
	{ "/t/strict-files", MOUNT_ATTR_STRICTATIME | MOUNT_ATTR_NODIRATIME, ST_NODIRATIME },
	{ "/t/no-files", MOUNT_ATTR_NOATIME | MOUNT_ATTR_NODIRATIME, ST_NOATIME | ST_NODIRATIME },
	{ "/t/many",
	  MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
		  MOUNT_ATTR_NOATIME | MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOSYMFOLLOW,
	  ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME | ST_NODIRATIME |
		  ST_NOSYMFOLLOW },
};

#define COUNT (sizeof(mounts) / sizeof(mounts[0]))

static void build(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		char path[64];

		mount_new("tmpfs", mounts[i].path, 0, NULL);
		snprintf(path, sizeof(path), "%s/file", mounts[i].path);
		make_file(path, mounts[i].path);
		attributes(mounts[i].path, mounts[i].attribute);
	}
}

static void check(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/file", mounts[i].path);
		expect_text(path, mounts[i].path);
		expect_flags(mounts[i].path, mounts[i].flags);
	}
	expect_readonly("/t/ro");
	expect_readonly("/t/many");
	expect_writable("/t/none");
}

const struct zdtm_case zdtm_case = {
	.about = "Each per-mount flag of a tmpfs comes back, also ro of one with contents.",
	.build = build,
	.check = check,
};
