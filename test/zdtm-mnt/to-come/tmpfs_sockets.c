// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* Archives know no sockets: tar leaves them out. */
static void build(void)
{
	mount_new("tmpfs", "/run", 0, NULL);
	make_node("/run/socket", S_IFSOCK | 0620, 0, 0);
	make_node("/run/dir/private", S_IFSOCK | 0600, 0, 0);
	expect(!chown("/run/dir/private", 7, 8), "chown: %s", strerror(errno));
	expect(!link("/run/socket", "/run/dir/link"), "link: %s", strerror(errno));
	expect(!chmod("/run/dir", 01750), "chmod: %s", strerror(errno));
}

static void check(void)
{
	struct stat a, b;

	expect_mode("/run/socket", S_IFSOCK | 0620);
	expect_mode("/run/dir/private", S_IFSOCK | 0600);
	expect(!stat("/run/dir/private", &a) && a.st_uid == 7 && a.st_gid == 8, "owner");
	expect(!stat("/run/socket", &a) && !stat("/run/dir/link", &b) && a.st_ino == b.st_ino,
	       "a hard link to a socket is lost");
}

const struct zdtm_case zdtm_case = {
	.about =
		"Sockets in a tmpfs have their modes, owners, times and links, and so do their directories.",
	.build = build,
	.check = check,
};
