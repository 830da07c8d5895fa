// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	struct stat st;

	mount_new("bpf", "/sys/fs/bpf", MS_NOSUID | MS_NOEXEC, "mode=0750,uid=3,gid=4");
	/* It ignores what it does not know. */
	if (!stat("/sys/fs/bpf", &st) && st.st_uid != 3)
		skip("the kernel: a bpf has no owner but root");
}

static void check(void)
{
	struct stat st;

	expect_type("/sys/fs/bpf", "bpf");
	expect_mode("/sys/fs/bpf", S_IFDIR | 01750);
	expect(!stat("/sys/fs/bpf", &st) && st.st_uid == 3 && st.st_gid == 4, "it is %u:%u",
	       st.st_uid, st.st_gid);
}

const struct zdtm_case zdtm_case = {
	.about = "A bpf filesystem without pinned objects is mounted again by --enable-fs.",
	.dump = LIST("--enable-fs", "bpf"),
	.restore = LIST("--enable-fs", "bpf"),
	.build = build,
	.check = check,
	.flavours = FLAVOUR_HOST, /* a user namespace needs the host's consent in its options */
};
