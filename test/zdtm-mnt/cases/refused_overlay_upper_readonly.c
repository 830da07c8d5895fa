// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	make_dir("/lower");
	make_dir("/changes/upper");
	make_dir("/changes/work");
	make_dir("/merged");
	mount_named("overlay", "overlay", "/merged", 0,
		    "lowerdir=/lower,upperdir=/changes/upper,workdir=/changes/work");
	attributes("/", MOUNT_ATTR_RDONLY);
}

const struct zdtm_case zdtm_case = {
	.about =
		"An overlay whose upper layer is in a root that has become read-only since is refused: the new root's source must stay as it is.",
	.build = build,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("/merged", "its overlay layer '/changes/upper' has become read-only"),
};
