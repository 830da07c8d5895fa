// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* A directory stands for what may be in it. */
static void build(void)
{
	mount_new("bpf", "/seen", 0, NULL);
	make_dir("/seen/pinned");
	mount_new("bpf", "/covered", 0, NULL);
	mount_new("tmpfs", "/covered", 0, "size=1m");
}

const struct zdtm_case zdtm_case = {
	.about = "What is pinned in a bpf filesystem is not kept, and not lost unsaid.",
	.dump = LIST("--enable-fs", "bpf"),
	.build = build,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("/seen", "it holds 'pinned'", "mnt[/seen]", "/covered", "cannot be seen",
		     "mnt[#@ID:/covered#1@]"),
	.flavours = FLAVOUR_HOST, /* a user namespace needs the host's consent in its options */
};
