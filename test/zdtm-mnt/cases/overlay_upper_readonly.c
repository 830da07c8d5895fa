// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void overlay(const char *path, const char *dir)
{
	char options[256];

	snprintf(options, sizeof(options), "lowerdir=/lower,upperdir=%s/upper,workdir=%s/work", dir,
		 dir);
	mount_named("overlay", "overlay", path, 0, options);
}

static void layers(const char *dir)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/upper", dir);
	make_dir(path);
	snprintf(path, sizeof(path), "%s/work", dir);
	make_dir(path);
}

static void build(void)
{
	make_file("/lower/file", "lower\n");
	make_dir("/of-root");
	bind("/of-root", "/of-root");
	layers("/of-root");
	mount_new("tmpfs", "/run", 0, NULL);
	layers("/run");
	mount_new("tmpfs", "/sealed", 0, NULL);
	layers("/sealed");
	overlay("/one", "/of-root");
	overlay("/two", "/run");
	overlay("/three", "/sealed");
	attributes("/of-root", MOUNT_ATTR_RDONLY);
	attributes("/run", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV);
	expect(!mount(NULL, "/sealed", NULL, MS_REMOUNT | MS_RDONLY, NULL), "remount: %s",
	       strerror(errno));
}

static void check(void)
{
	expect_text("/one/file", "lower\n");
	expect_writable("/one");
	expect_writable("/two");
	expect_readonly("/three");
	expect_readonly("/of-root");
	expect_readonly("/run");
	expect_readonly("/sealed");
}

const struct zdtm_case zdtm_case = {
	.about =
		"An overlay whose upper layer has become read-only since: by its mount it still writes, by its filesystem not.",
	.build = build,
	.check = check,
};
