// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* Two pairs of peers: the sources of one lie in two filesystems, those of the other on two mounts,
 * neither of which has what the other shows. */
static void prepare(void)
{
	volume("vol");
	make_dir("src/vol/a/in");
	make_dir("src/vol/b/in");
	if (on_new_side()) {
		mount_new("tmpfs", "src/tmp", 0, "size=64k");
		make_dir("src/one");
		make_dir("src/two");
		bind("src/vol/a", "src/one");
		bind("src/vol/b", "src/two");
	}
}

static void build(void)
{
	bind("vol", "/whole");
	propagation("/whole", MS_SHARED);
	bind("/whole/a", "/a");
	bind("/whole/b", "/b");
	unmount("/whole");
	bind("vol", "/whole");
	propagation("/whole", MS_SHARED);
	bind("/whole/a", "/c");
	bind("/whole/b", "/d");
	unmount("/whole");
}

const struct zdtm_case zdtm_case = {
	.about = "Peers whose sources no mount has in common are refused before anything is built.",
	.dump = LIST("--external", "mnt[/a]:a", "--external", "mnt[/b]:b", "--external",
		     "mnt[/c]:c", "--external", "mnt[/d]:d"),
	.restore = LIST("--dry-run", "--external", "mnt[a]:@SRC@/vol/a", "--external",
			"mnt[b]:@SRC@/tmp", "--external", "mnt[c]:@SRC@/one/in", "--external",
			"mnt[d]:@SRC@/two/in"),
	.prepare = prepare,
	.build = build,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("/b (mount", "'/a' it must show", "lie in different ones", "/d (mount",
		     "'/c' it must show", "no mount that the sources",
		     "give them sources on one mount"),
};
