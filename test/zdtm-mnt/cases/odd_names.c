// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static const char *const names[] = {
	"with space",	     "new\nline", "tab\there",
	"back\\slash",	     "#hash",	  "\\040octal",
	"not-\xff\xfe-utf8", "bell\a",	  "colon:comma,equals=",
	"[brackets]",	     "\"quotes'", "...",
};

#define COUNT (sizeof(names) / sizeof(names[0]))

static void path_of(char *path, size_t size, const char *parent, size_t i)
{
	snprintf(path, size, "%s/%s", parent, names[i]);
}

static void build(void)
{
	const struct timespec long_ago[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
	char path[128], file[160];

	for (size_t i = 0; i < COUNT; i++) {
		path_of(path, sizeof(path), "/odd", i);
		mount_named(names[i], "tmpfs", path, 0, "size=64k");
		path_of(file, sizeof(file), path, i);
		make_file(file, names[i]);
		/* So that nothing else in there can have its times. */
		expect(!utimensat(AT_FDCWD, file, long_ago, 0), "utimensat: %s", strerror(errno));
		path_of(file, sizeof(file), "/bound", i);
		bind(path, file);
	}
}

static void check(void)
{
	char path[128], file[160];

	for (size_t i = 0; i < COUNT; i++) {
		path_of(path, sizeof(path), "/bound", i);
		path_of(file, sizeof(file), path, i);
		expect_text(file, names[i]);
	}
}

const struct zdtm_case zdtm_case = {
	.about =
		"Names with spaces, newlines, tabs, backslashes, hashes and bytes that are no UTF-8.",
	.build = build,
	.check = check,
};
