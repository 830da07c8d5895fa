// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

#define DEPTH 20

static char name[256];

static void enter_top(void)
{
	memset(name, 'n', 255);
	expect(!chdir("/t"), "chdir: %s", strerror(errno));
}

/* Twenty names of 255 bytes: 5,120, where a path may have 4,096. */
static void build(void)
{
	int fd;

	mount_new("tmpfs", "/t", 0, NULL);
	enter_top();
	for (int i = 0; i < DEPTH; i++)
		expect(!mkdir(name, 0700) && !chdir(name), "level %d: %s", i, strerror(errno));
	fd = open("\xff\n\xfe", O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	expect(fd >= 0 && write(fd, "deep\n", 5) == 5, "write: %s", strerror(errno));
	close(fd);
	expect(!link("\xff\n\xfe", "link") && !mkdir("empty", 0711), "link: %s", strerror(errno));
	expect(!chdir("/"), "chdir: %s", strerror(errno));
}

static void check(void)
{
	struct stat a, b;

	enter_top();
	for (int i = 0; i < DEPTH; i++)
		expect(!chdir(name), "level %d: %s", i, strerror(errno));
	expect_text("link", "deep\n");
	expect(!stat("link", &a) && !stat("\xff\n\xfe", &b) && a.st_ino == b.st_ino, "a hard link");
	expect_mode("empty", S_IFDIR | 0711);
	expect(!chdir("/"), "chdir: %s", strerror(errno));
}

const struct zdtm_case zdtm_case = {
	.about = "A tmpfs with directories deeper than a path can be long.",
	.build = build,
	.check = check,
};
