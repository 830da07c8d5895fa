// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/*
 * Parts of one volume, which itself is nowhere in the namespace: /a, /b and /rest, which comes
 * along with /a, in a group; a slave that shows what no member does; a second group of parts, the
 * slave of the first; and one beside them.
 */
static void prepare(void)
{
	volume("vol");
	make_dir("src/vol/a/in/p");
	make_dir("src/vol/b/p");
	make_dir("src/vol/c/p");
}

static void build(void)
{
	bind("vol", "/whole");
	propagation("/whole", MS_SHARED);
	bind("/whole/a", "/a");
	bind("/whole/b", "/b");
	bind("/whole/a/in", "/rest");
	bind("/whole/c", "/slave");
	propagation("/slave", MS_SLAVE);
	bind("/whole", "/second");
	propagation("/second", MS_SLAVE);
	propagation("/second", MS_SHARED);
	bind("/second/a", "/second-a");
	bind("/second/c", "/second-c");
	unmount("/second");
	unmount("/whole");
	bind("vol", "/apart");
}

static void check(void)
{
	expect_propagation("/a/in/p", LIST("/rest/p", "/second-a/in/p"), LIST("/apart/a/in/p"));
	expect_propagation("/rest/p", LIST("/a/in/p", "/second-a/in/p"), LIST("/apart/a/in/p"));
	expect_propagation("/b/p", NULL, LIST("/apart/b/p"));
	expect_propagation("/second-c/p", NULL, LIST("/slave/p", "/apart/c/p"));
	expect_propagation("/second-a/in/p", NULL, LIST("/a/in/p", "/rest/p", "/apart/a/in/p"));
	expect_propagation("/slave/p", NULL, LIST("/second-c/p", "/apart/c/p"));
	expect_propagation("/apart/a/in/p", NULL, LIST("/a/in/p", "/second-a/in/p"));
}

const struct zdtm_case zdtm_case = {
	.about =
		"Peers and slaves that are parts of one volume, none of which has the others in it.",
	.dump = LIST("--external", "mnt[/a]:a", "--external", "mnt[/b]:b", "--external",
		     "mnt[/slave]:slave", "--external", "mnt[/second-a]:sa", "--external",
		     "mnt[/second-c]:sc", "--external", "mnt[/apart]:apart"),
	.restore = LIST("--external", "mnt[a]:@SRC@/vol/a", "--external", "mnt[b]:@SRC@/vol/b",
			"--external", "mnt[slave]:@SRC@/vol/c", "--external", "mnt[sa]:@SRC@/vol/a",
			"--external", "mnt[sc]:@SRC@/vol/c", "--external", "mnt[apart]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
