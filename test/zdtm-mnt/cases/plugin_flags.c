// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("strict");
	volume_file("file");
	plugin_map(LIST("/strict", "strict", "/etc/file", "file"));
}

static void build(void)
{
	bind("strict", "/strict");
	attributes("/strict", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
				      MOUNT_ATTR_NOATIME | MOUNT_ATTR_NOSYMFOLLOW);
	bind("file", "/etc/file");
	attributes("/etc/file", MOUNT_ATTR_RDONLY | MOUNT_ATTR_STRICTATIME);
}

static void check(void)
{
	expect_volume("/strict", "strict");
	expect_flags("/strict", ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME | ST_NOSYMFOLLOW);
	expect_volume_file("/etc/file", "file");
	expect_flags("/etc/file", ST_RDONLY);
}

const struct zdtm_case zdtm_case = {
	.about =
		"What a plugin mounted gets every flag of the image, a file as well as a directory.",
	.dump = LIST("-L", "@BUILD@/plugins"),
	.restore = LIST("-L", "@BUILD@/plugins"),
	.env = LIST("BINDMOUNT_EXAMPLE_MAP=@SIDE@/map"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.flavours = FLAVOUR_HOST, /* a user namespace may not set the access time mode */
};
