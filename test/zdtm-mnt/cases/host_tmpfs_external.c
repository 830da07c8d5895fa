// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* As a Kubernetes secret: a tmpfs of the host, bound into the container. */
static void prepare(void)
{
	mount_named("secret", "tmpfs", "src/secret", 0, "size=1m");
	volume("secret");
}

static void build(void)
{
	bind_ro("secret", "/run/secret");
}

static void check(void)
{
	expect_volume("/run/secret", "secret");
	expect_readonly("/run/secret");
}

const struct zdtm_case zdtm_case = {
	.about = "A tmpfs that the host mounts too is a volume like others, not contents to copy.",
	.dump = LIST("--external", "mnt[/run/secret]:secret"),
	.restore = LIST("--external", "mnt[secret]:@SRC@/secret"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
