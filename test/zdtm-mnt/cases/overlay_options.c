// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void mount_with(const char *name, const char *words)
{
	char path[64], options[256];
	static const char *const parts[] = { "l", "u", "w", "m" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(path, sizeof(path), "/%s/%s", name, parts[i]);
		make_dir(path);
	}
	snprintf(options, sizeof(options), "/%s/l/file", name);
	make_file(options, name);
	snprintf(options, sizeof(options), "lowerdir=/%s/l,upperdir=/%s/u,workdir=/%s/w,%s", name,
		 name, name, words);
	if (mount(name, path, "overlay", MS_NODEV, options))
		skip("overlay with %s: %s", words, strerror(errno));
}

static void build(void)
{
	mount_with("auto", "xino=auto");
	mount_with("follow", "redirect_dir=follow");
	mount_with("nofollow", "redirect_dir=nofollow");
	mount_with("metacopy", "metacopy=on");
	mount_with("null", "uuid=null");
	mount_with("off", "uuid=off");
	mount_with("permissions", "default_permissions");
	/* What lies in one layer is looked for in those of data alone. */
	make_file("/data/top/file", "top\n");
	make_dir("/data/one");
	make_dir("/data/two");
	make_dir("/data/merged");
	if (mount("data", "/data/merged", "overlay", 0,
		  "metacopy=on,redirect_dir=on,lowerdir=/data/top::/data/one::/data/two"))
		skip("overlay with layers of data: %s", strerror(errno));
}

static void check(void)
{
	expect_text("/auto/m/file", "auto");
	expect_text("/metacopy/m/file", "metacopy");
	expect_text("/permissions/m/file", "permissions");
	expect_text("/data/merged/file", "top\n");
	expect_readonly("/data/merged");
}

const struct zdtm_case zdtm_case = {
	.about = "An overlay has its other options again: uuid, metacopy, layers of data alone.",
	.build = build,
	.check = check,
	.flavours = FLAVOUR_HOST, /* a user namespace may not give most of them */
};
