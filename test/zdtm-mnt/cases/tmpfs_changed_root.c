// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/t", 0, "mode=700,uid=1,gid=2");
	expect(!chmod("/t", 03771) && !chown("/t", 3, 4), "chmod, chown: %s", strerror(errno));
}

static void check(void)
{
	struct stat st;

	expect_mode("/t", S_IFDIR | 03771);
	expect(!stat("/t", &st) && st.st_uid == 3 && st.st_gid == 4, "owner %u:%u", st.st_uid,
	       st.st_gid);
}

const struct zdtm_case zdtm_case = {
	.about = "The root directory of a tmpfs has its mode and owner of now, not of the options.",
	.build = build,
	.check = check,
};
