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

const struct zdtm_case zdtm_case = {
	.about = "A tmpfs that the host mounts too is never copied without being told to.",
	.prepare = prepare,
	.build = build,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("/run/secret"),
};
