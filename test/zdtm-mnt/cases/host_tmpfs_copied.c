// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	mount_named("secret", "tmpfs", "src/secret", 0, "size=1m");
	volume("secret");
}

static void build(void)
{
	bind("secret", "/run/secret");
}

static void check(void)
{
	expect_text("/run/secret/marker", "secret of the old side\n");
}

const struct zdtm_case zdtm_case = {
	.about = "With --copy, a tmpfs of the host is restored as one of the namespace's own.",
	.dump = LIST("--copy", "/run/secret"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.differs = LIST("/run/secret: filesystem: outside | own"),
};
