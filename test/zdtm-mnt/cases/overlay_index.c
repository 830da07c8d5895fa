// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* Without what the overlay below has by handle: hard links, directories that were copied up. */
static void mount_layers(const char *path, const char *words)
{
	char options[512], name[64];
	static const char *const parts[] = { "l/dir", "u", "w", "m" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", path, parts[i]);
		make_dir(name);
	}
	snprintf(name, sizeof(name), "%s/l/file", path);
	make_file(name, "lower\n");
	snprintf(options, sizeof(options), "lowerdir=%s/l,upperdir=%s/u,workdir=%s/w,%s", path,
		 path, path, words);
	snprintf(name, sizeof(name), "%s/m", path);
	if (mount("overlay", name, "overlay", 0, options))
		skip("overlay with %s: %s", words, strerror(errno));
	snprintf(name, sizeof(name), "%s/m/added", path);
	make_file(name, "upper\n");
}

static void build(void)
{
	mount_new("tmpfs", "/t", 0, NULL);
	mount_layers("/t/index", "index=on");
	mount_layers("/t/export", "index=on,nfs_export=on");
	mount_layers("/t/uuid", "index=on,uuid=on");
	mount_layers("/t/xino", "index=on,xino=on,redirect_dir=on,metacopy=on");
	expect(!chmod("/t/index/m/file", 0600), "chmod: %s", strerror(errno));
	make_file("/t/index/m/dir/added", "in a directory of both\n");
	/* In the root, of which a restore has a copy. */
	mount_layers("/root", "index=on");
	expect(!chmod("/root/m/file", 0600), "chmod: %s", strerror(errno));
}

static void check(void)
{
	static const char *const all[] = { "/t/index", "/t/export", "/t/uuid", "/t/xino", "/root" };
	char path[64];

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(path, sizeof(path), "%s/m/file", all[i]);
		expect_text(path, "lower\n");
		snprintf(path, sizeof(path), "%s/m/added", all[i]);
		expect_text(path, "upper\n");
	}
	expect_text("/t/index/m/dir/added", "in a directory of both\n");
	expect_mode("/t/index/m/file", S_IFREG | 0600);
	expect_mode("/root/m/file", S_IFREG | 0600);
}

const struct zdtm_case zdtm_case = {
	.about =
		"An overlay with index=on, nfs_export=on, uuid=on or xino=on is made again over layers that were copied.",
	.build = build,
	.check = check,
	.flavours = FLAVOUR_HOST, /* the kernel has an index for the host's root alone */
};
