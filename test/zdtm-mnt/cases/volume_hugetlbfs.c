// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	make_dir("src/huge");
	if (mount("none", "src/huge", "hugetlbfs", 0, "mode=1777"))
		return;
	/* Files there can be made, but not written. */
	make_node(on_new_side() ? "src/huge/new" : "src/huge/old", S_IFREG | 0644, 0, 0);
}

static void build(void)
{
	if (access("huge/old", F_OK))
		skip("this kernel mounts no hugetlbfs");
	bind("huge", "/dev/hugepages");
}

static void check(void)
{
	expect_type("/dev/hugepages", "hugetlbfs");
	expect_mode("/dev/hugepages", S_IFDIR | 01777);
	expect(!access(on_new_side() ? "/dev/hugepages/new" : "/dev/hugepages/old", F_OK),
	       "the hugetlbfs of the other side");
}

const struct zdtm_case zdtm_case = {
	.about = "A hugetlbfs of the host is a volume like others.",
	.dump = LIST("--external", "mnt[/dev/hugepages]:huge"),
	.restore = LIST("--external", "mnt[huge]:@SRC@/huge"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
