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
	make_file("/layers/lower/old-name/file", "of a directory that was renamed\n");
	make_file("/layers/lower/big", "of a file whose mode was changed\n");
	make_dir("/layers/upper");
	make_dir("/layers/work");
	mount_layers(
		"lowerdir=/layers/lower,upperdir=/layers/upper,workdir=/layers/work,redirect_dir=on,metacopy=on");
	expect(!rename("/merged/old-name", "/merged/new-name"), "rename: %s", strerror(errno));
	expect(!chmod("/merged/big", 0600), "chmod: %s", strerror(errno));
}

static void check(void)
{
	expect_text("/merged/new-name/file", "of a directory that was renamed\n");
	expect_absent("/merged/old-name");
	expect_text("/merged/big", "of a file whose mode was changed\n");
	expect_mode("/merged/big", S_IFREG | 0600);
	expect(getxattr("/layers/upper/big", "trusted.overlay.metacopy", NULL, 0) >= 0,
	       "the data was copied up");
}

const struct zdtm_case zdtm_case = {
	.about = "An overlay with redirect_dir and metacopy finds what was renamed and changed.",
	.build = build,
	.check = check,
	.flavours = FLAVOUR_HOST, /* these write trusted xattrs */
};
