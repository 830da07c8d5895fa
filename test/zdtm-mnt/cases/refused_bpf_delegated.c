// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	make_dir("/bpf");
	if (mount("bpf", "/bpf", "bpf", 0, "delegate_cmds=0x3,mode=0700"))
		skip("this kernel delegates nothing of bpf: %s", strerror(errno));
}

const struct zdtm_case zdtm_case = {
	.about = "An option that is on no list is said when the filesystem is dumped.",
	.dump = LIST("--enable-fs", "bpf"),
	.build = build,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("/bpf (mount", "the bpf option 'delegate_cmds'", "--external 'mnt[/bpf]:KEY'"),
	.flavours = FLAVOUR_HOST, /* who may give it */
};
