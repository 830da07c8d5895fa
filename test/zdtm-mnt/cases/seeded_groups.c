// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/*
 * One group none of whose members shows the whole; a second one, its slave, that does not either;
 * a third, the slave of that; and a private mount that does, and hears of nothing.
 */
static void build(void)
{
	mount_new("tmpfs", "/t", 0, "size=1m");
	make_dir("/t/a/b/c/p");
	make_dir("/t/a/x/p");
	make_dir("/t/y/p");
	propagation("/t", MS_SHARED);
	bind("/t/a", "/a");
	bind("/t/a/b", "/b");
	bind("/t/y", "/y");
	bind("/t/a/b/c", "/slave");
	propagation("/slave", MS_SLAVE);
	bind("/t/a", "/left");
	propagation("/left", MS_SLAVE);
	propagation("/left", MS_SHARED);
	bind("/left/b", "/second");
	bind("/left/x", "/second-x");
	bind("/second/c", "/third");
	propagation("/third", MS_SLAVE);
	propagation("/third", MS_SHARED);
	propagation("/left", MS_PRIVATE);
	propagation("/t", MS_UNBINDABLE);
}

static void check(void)
{
	expect_propagation("/a/b/c/p", LIST("/b/c/p", "/slave/p", "/second/c/p", "/third/p"),
			   LIST("/t/a/b/c/p", "/left/b/c/p"));
	expect_propagation("/b/c/p", LIST("/a/b/c/p", "/slave/p", "/second/c/p", "/third/p"),
			   LIST("/t/a/b/c/p", "/left/b/c/p"));
	expect_propagation("/a/x/p", LIST("/second-x/p"), LIST("/t/a/x/p", "/left/x/p"));
	expect_propagation("/second/c/p", LIST("/third/p"),
			   LIST("/a/b/c/p", "/b/c/p", "/slave/p", "/left/b/c/p"));
	expect_propagation("/third/p", NULL, LIST("/second/c/p", "/a/b/c/p", "/slave/p"));
	expect_propagation("/slave/p", NULL, LIST("/second/c/p", "/a/b/c/p", "/t/a/b/c/p"));
	expect_propagation("/y/p", NULL, LIST("/t/y/p"));
	expect_propagation("/t/y/p", NULL, LIST("/y/p"));
}

const struct zdtm_case zdtm_case = {
	.about = "Masters and slaves that are groups of parts, whose whole has left them.",
	.build = build,
	.check = check,
};
