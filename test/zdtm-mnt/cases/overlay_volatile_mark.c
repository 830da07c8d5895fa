// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* A kernel that does not know the options, or the filesystem below, says EINVAL. */
static void mount_layers(const char *path, const char *options)
{
	make_dir(path);
	if (mount("overlay", path, "overlay", 0, options))
		skip("overlay with %s: %s", options, strerror(errno));
}

static void build(void)
{
	make_file("/layers/lower/file", "lower\n");
	make_dir("/layers/upper");
	make_dir("/layers/work");
	mount_layers("/merged",
		     "lowerdir=/layers/lower,upperdir=/layers/upper,workdir=/layers/work,volatile");
	make_file("/merged/added", "upper\n");
	mount_new("tmpfs", "/run", 0, NULL);
	make_dir("/run/upper");
	make_dir("/run/work");
	mount_layers("/other",
		     "lowerdir=/layers/lower,upperdir=/run/upper,workdir=/run/work,volatile");
	make_file("/other/added", "of the tmpfs\n");
	make_dir("/run/u:p");
	make_dir("/run/w\\o:r,k");
	mount_layers(
		"/odd",
		"lowerdir=/layers/lower,upperdir=/run/u\\:p,workdir=/run/w\\\\o\\:r\\,k,volatile");
}

static void check(void)
{
	expect_text("/merged/file", "lower\n");
	expect_text("/merged/added", "upper\n");
	expect_writable("/merged");
	expect_text("/other/added", "of the tmpfs\n");
	expect_writable("/other");
	expect_writable("/odd");
}

const struct zdtm_case zdtm_case = {
	.about =
		"A volatile overlay is restored where the kernel has marked its layers as those of one.",
	.build = build,
	.check = check,
};
