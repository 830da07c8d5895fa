// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/m", 0, NULL);
	make_dir("/m/one/two/three/point");
	make_dir("/m/one/other");
	propagation("/m", MS_SHARED);
	bind("/m/one", "/s1");
	propagation("/s1", MS_SLAVE);
	propagation("/s1", MS_SHARED);
	bind("/s1/two", "/s2");
	propagation("/s2", MS_SLAVE);
	propagation("/s2", MS_SHARED);
	bind("/s2/three", "/s3");
	propagation("/s3", MS_SLAVE);
	/* Another branch of the family, of the first master. */
	bind("/m/one/other", "/t1");
	propagation("/t1", MS_SLAVE);
}

static void mount_at(const char *path)
{
	char file[64];

	mount_new("tmpfs", path, 0, "size=1m");
	snprintf(file, sizeof(file), "%s/file", path);
	make_file(file, "x");
}

static void check(void)
{
	mount_at("/m/one/two/three/point");
	expect_text("/s1/two/three/point/file", "x");
	expect_text("/s2/three/point/file", "x");
	expect_text("/s3/point/file", "x");
	unmount("/m/one/two/three/point");
	expect_absent("/s3/point/file");
	mount_at("/s2/three/point");
	expect_text("/s3/point/file", "x");
	expect_absent("/s1/two/three/point/file");
	expect_absent("/m/one/two/three/point/file");
	unmount("/s2/three/point");
	expect_absent("/s3/point/file");
}

const struct zdtm_case zdtm_case = {
	.about = "Three levels of masters, each with a root inside of its master's.",
	.build = build,
	.check = check,
};
