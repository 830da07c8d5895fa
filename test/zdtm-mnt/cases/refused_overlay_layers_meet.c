// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void overlay(const char *path, const char *options)
{
	make_dir(path);
	mount_named("overlay", "overlay", path, 0, options);
}

/* Of what is covered nobody can see what it shows. */
static void build(void)
{
	make_dir("/top");
	make_dir("/bottom/in");
	make_dir("/up/upper/in");
	make_dir("/up/work");
	overlay("/m/renamed", "lowerdir=/top:/bottom");
	overlay("/m/bound", "lowerdir=/bottom/in,upperdir=/up/upper,workdir=/up/work");
	mount_new("tmpfs", "/m", 0, NULL);
	expect(!rename("/top", "/bottom/top"), "rename: %s", strerror(errno));
	make_dir("/top");
	bind("/bottom/top", "/top");
	bind("/up/upper/in", "/bottom/in");
}

const struct zdtm_case zdtm_case = {
	.about =
		"An overlay one of whose layers lies in another one by now is refused: the kernel makes none.",
	.build = build,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("/m/renamed", "its overlay layer '/top' lies in another one, '/bottom'",
		     "/m/bound", "its overlay layer '/bottom/in' lies in another one, '/up/upper'"),
};
