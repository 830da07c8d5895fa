// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	make_dir("src/vol/below");
	plugin_map(LIST("/one", "vol", "/two", "vol", "/slave", "vol", "/other", "vol"));
}

static void build(void)
{
	bind("vol", "/one");
	propagation("/one", MS_SHARED);
	bind("/one", "/two");
	bind("/one", "/slave");
	propagation("/slave", MS_SLAVE);
	bind("vol", "/other");
	propagation("/other", MS_UNBINDABLE);
}

static void check(void)
{
	expect_volume("/one", "vol");
	expect_propagation("/one/below", LIST("/two/below", "/slave/below"), LIST("/other/below"));
	expect_propagation("/slave/below", LIST(NULL), LIST("/one/below", "/two/below"));
	make_dir("/bound");
	expect_errno(mount("/other", "/bound", NULL, MS_BIND, NULL), EINVAL);
	expect(!rmdir("/bound"), "rmdir: %s", strerror(errno));
}

const struct zdtm_case zdtm_case = {
	.about =
		"What a plugin mounted gets the propagation of the image: peers, a slave, unbindable.",
	.dump = LIST("-L", "@BUILD@/plugins"),
	.restore = LIST("-L", "@BUILD@/plugins"),
	.env = LIST("BINDMOUNT_EXAMPLE_MAP=@SIDE@/map"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
