// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	make_dir("src/vol/gone");
}

static void build(void)
{
	bind("vol", "/vol");
	bind("/vol/gone", "/kept");
	make_file("/file", "");
	make_dir("/here");
	bind("/file", "/kept2");
	bind("/here", "/kept3");
	expect(!link("/file", "/other-name"), "link: %s", strerror(errno));
	expect(!unlink("/file") && !rmdir("/vol/gone") && !rmdir("/here"), "rmdir: %s",
	       strerror(errno));
	make_file("/here", "");
}

const struct zdtm_case zdtm_case = {
	.about =
		"A deleted root in a filesystem that is not ours is said, each with what would help.",
	.dump = LIST("--external", "mnt[/vol]:vol"),
	.prepare = prepare,
	.build = build,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("/kept (mount", "gone' has been deleted", "--external 'mnt[/kept]:KEY'",
		     "/kept2 (mount",
		     "file' has been deleted, and cannot be made and deleted again",
		     "the file has another name", "--external 'mnt[/kept2]:KEY'", "/kept3 (mount",
		     "something else has that name by now"),
};
