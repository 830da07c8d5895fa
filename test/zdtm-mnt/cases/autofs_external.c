// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

static void build(void)
{
	char options[96];
	int ends[2];

	expect(!pipe(ends), "pipe: %s", strerror(errno));
	snprintf(options, sizeof(options), "fd=%d,minproto=5,maxproto=5,indirect", ends[1]);
	mount_named("automounter", "autofs", "/auto", 0, options);
}

static void check(void)
{
	if (on_new_side())
		expect_volume("/auto", "vol");
}

const struct zdtm_case zdtm_case = {
	.about = "An autofs is external: its daemon lives outside; it triggers nothing meanwhile.",
	.dump = LIST("--external", "mnt[/auto]:auto"),
	.restore = LIST("--external", "mnt[auto]:@SRC@/vol"),
	.differs = LIST("/auto: filesystem: own | outside", "/auto: root: / | @/src/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.flavours = FLAVOUR_HOST, /* a user namespace may not mount it */
};
