// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_named("one", "devpts", "/one", 0, "newinstance,ptmxmode=0666,mode=0620,gid=5,max=2");
	mount_named("two", "devpts", "/two", MS_NOEXEC, "newinstance,ptmxmode=0600,mode=0600");
	mount_named("default", "devpts", "/default", 0, NULL);
	bind("/one", "/one-again");
	bind("/one/ptmx", "/dev/ptmx");
}

static void expect_terminal(const char *ptmx, const char *terminal, mode_t mode)
{
	int master = open(ptmx, O_RDWR | O_NOCTTY | O_CLOEXEC);

	expect(master >= 0, "%s: %s", ptmx, strerror(errno));
	expect_mode(terminal, S_IFCHR | mode);
	close(master);
	expect_absent(terminal);
}

static void check(void)
{
	expect_terminal("/one/ptmx", "/one/0", 0620);
	expect_terminal("/dev/ptmx", "/one-again/0", 0620);
	expect_terminal("/two/ptmx", "/two/0", 0600);
	expect_mode("/default/ptmx", S_IFCHR);
	expect_one_superblock("/one", "/one-again");
}

const struct zdtm_case zdtm_case = {
	.about = "Three instances of devpts, with options of their own, and binds of one of them.",
	.build = build,
	.check = check,
};
