// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/xattr.h>

#include "case.h"

/* A kernel that does not know the options, or the filesystem below, says EINVAL. */
static void mount_layers(const char *options)
{
	make_dir("/merged");
	if (mount("overlay", "/merged", "overlay", 0, options))
		skip("overlay with %s: %s", options, strerror(errno));
}

static void build(void)
{
	make_file("/layers/lower/dir/hidden", "lower\n");
	make_file("/layers/lower/file", "lower\n");
	make_file("/layers/upper/dir/seen", "upper\n");
	if (setxattr("/layers/upper/dir", "user.overlay.opaque", "y", 1, 0))
		skip("no user xattrs here: %s", strerror(errno));
	make_dir("/layers/work");
	mount_layers(
		"lowerdir=/layers/lower,upperdir=/layers/upper,workdir=/layers/work,userxattr");
}

static void check(void)
{
	expect_text("/merged/file", "lower\n");
	expect_text("/merged/dir/seen", "upper\n");
	expect_absent("/merged/dir/hidden");
}

const struct zdtm_case zdtm_case = {
	.about = "An overlay with userxattr obeys the user's xattrs again.",
	.build = build,
	.check = check,
};
