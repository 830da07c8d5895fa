// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	make_dir("/one/p");
	make_dir("/two/p");
	mount_new("tmpfs", "/tmp", 0, "size=1m");
}

/* The root was in the group, and is no more; what shows all of it is a slave. */
static void settle(void)
{
	propagation("/", MS_SHARED);
	bind("/one", "/peer-of-one");
	bind("/", "/slave");
	propagation("/slave", MS_SLAVE);
	bind("/two", "/peer-of-two");
	propagation("/", MS_PRIVATE);
	propagation("/tmp", MS_UNBINDABLE);
}

static void check(void)
{
	expect_propagation("/peer-of-one/p", LIST("/slave/one/p"), LIST("/one/p"));
	expect_propagation("/peer-of-two/p", LIST("/slave/two/p"), LIST("/two/p"));
	expect_propagation("/slave/one/p", NULL, LIST("/peer-of-one/p", "/one/p"));
	expect_propagation("/one/p", NULL, LIST("/peer-of-one/p", "/slave/one/p"));
}

const struct zdtm_case zdtm_case = {
	.about = "Peers that are parts of the root, and a slave that shows all of it.",
	.build = build,
	.settle = settle,
	.check = check,
};
