// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	make_file("/l/one", "lower\n");
	expect(!link("/l/one", "/l/two"), "link: %s", strerror(errno));
	make_dir("/u");
	make_dir("/w");
	make_dir("/m");
	if (mount("overlay", "/m", "overlay", 0, "index=on,lowerdir=/l,upperdir=/u,workdir=/w"))
		skip("overlay with index=on: %s", strerror(errno));
	make_file("/m/one", "written\n");
}

const struct zdtm_case zdtm_case = {
	.about =
		"An overlay whose index has entries is refused over copies of its layers in a new root, with what to do.",
	.build = build,
	.flavours = FLAVOUR_HOST,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("the overlay of mount", "'/m': its layers are copies",
		     "empty the directory 'index' in its work directory"),
};
