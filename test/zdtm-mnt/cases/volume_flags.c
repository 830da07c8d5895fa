// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static const struct {
	const char *path;
	unsigned long long attribute;
	unsigned long flags;
} mounts[] = {
	{ "/none", 0, ST_RELATIME },
	{ "/ro", MOUNT_ATTR_RDONLY, ST_RDONLY | ST_RELATIME },
	{ "/nosuid", MOUNT_ATTR_NOSUID, ST_NOSUID | ST_RELATIME },
	{ "/nodev", MOUNT_ATTR_NODEV, ST_NODEV | ST_RELATIME },
	{ "/noexec", MOUNT_ATTR_NOEXEC, ST_NOEXEC | ST_RELATIME },
	{ "/noatime", MOUNT_ATTR_NOATIME, ST_NOATIME },
	{ "/nodiratime", MOUNT_ATTR_NODIRATIME, ST_NODIRATIME | ST_RELATIME },
	{ "/strictatime", MOUNT_ATTR_STRICTATIME, 0 },
	{ "/nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, ST_NOSYMFOLLOW | ST_RELATIME },
};

#define COUNT (sizeof(mounts) / sizeof(mounts[0]))

static void describe(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		dump_option("--external");
		dump_option("mnt[%s]:%s", mounts[i].path, mounts[i].path + 1);
		restore_option("--external");
		restore_option("mnt[%s]:@SRC@/vol", mounts[i].path + 1);
	}
}

static void prepare(void)
{
	volume("vol");
	make_link("src/vol/link", "marker");
	make_file("src/vol/script", "#!/bin/busybox true\n");
	expect(!chmod("src/vol/script", 0755), "chmod: %s", strerror(errno));
}

static void build(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		bind("vol", mounts[i].path);
		attributes(mounts[i].path, mounts[i].attribute);
	}
}

static void check(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		expect_volume(mounts[i].path, "vol");
		expect_flags(mounts[i].path, mounts[i].flags);
	}
	expect_readonly("/ro");
	expect_writable("/none");
	expect(!access("/none/script", X_OK), "a program of /none cannot be run");
	expect_errno(access("/noexec/script", X_OK), EACCES);
	expect_errno(open("/nosymfollow/link", O_RDONLY), ELOOP);
	expect(open("/none/link", O_RDONLY) >= 0, "a link of /none cannot be followed");
}

const struct zdtm_case zdtm_case = {
	.about = "Each per-mount flag of an external mount comes back, and no other.",
	.describe = describe,
	.prepare = prepare,
	.build = build,
	.check = check,
	.flavours = FLAVOUR_HOST, /* the access time mode is locked in a user namespace */
};
