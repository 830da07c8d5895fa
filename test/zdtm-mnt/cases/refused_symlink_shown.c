// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	make_link("/shown", "/etc");
	make_link("/place", "/tmp");
	int tree = open_tree(AT_FDCWD, "/shown", OPEN_TREE_CLONE | O_CLOEXEC | AT_SYMLINK_NOFOLLOW);

	expect(tree >= 0, "open_tree: %s", strerror(errno));
	expect(!move_mount(tree, "", AT_FDCWD, "/place", MOVE_MOUNT_F_EMPTY_PATH), "move_mount: %s",
	       strerror(errno));
}

const struct zdtm_case zdtm_case = {
	.about =
		"A mount that shows a symlink is refused at the dump, as no restore would make it.",
	.build = build,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("/place", "/shown' of a", "--skip-mnt '/place'"),
};
