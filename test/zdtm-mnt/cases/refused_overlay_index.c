// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void mount_layers(const char *path, const char *words)
{
	char options[512], name[64];
	static const char *const parts[] = { "l/dir", "u", "w", "m" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", path, parts[i]);
		make_dir(name);
	}
	snprintf(name, sizeof(name), "%s/l/one", path);
	make_file(name, "lower\n");
	snprintf(options, sizeof(options), "%s/l/two", path);
	expect(!link(name, options), "link: %s", strerror(errno));
	snprintf(options, sizeof(options), "lowerdir=%s/l,upperdir=%s/u,workdir=%s/w,%s", path,
		 path, path, words);
	snprintf(name, sizeof(name), "%s/m", path);
	if (mount("overlay", name, "overlay", 0, options))
		skip("overlay with %s: %s", words, strerror(errno));
}

/* The other name of what was written to is in the lower layer, and shows what is in the upper one
 * by the index alone. */
static void build(void)
{
	mount_new("tmpfs", "/t", 0, NULL);
	mount_layers("/t/links", "index=on");
	make_file("/t/links/m/one", "written\n");
	expect_text("/t/links/m/two", "written\n");
	mount_layers("/t/export", "index=on,nfs_export=on");
	make_file("/t/export/m/dir/file", "in a directory of both\n");
}

const struct zdtm_case zdtm_case = {
	.about =
		"An overlay whose index would lead nowhere in copied layers is refused at the dump.",
	.build = build,
	.flavours = FLAVOUR_HOST,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("/t/links/m", "its index (index=on) has entries",
		     "--external 'mnt[/t/links/m]:KEY'", "/t/export/m",
		     "its index (index=on, nfs_export=on) has entries"),
};
