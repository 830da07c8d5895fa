// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* In a group on the side that is dumped, and in none where the restore finds them. */
static void prepare(void)
{
	const char *const names[] = { "src/shared", "src/slave" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		volume(names[i] + 4);
		bind(names[i], names[i]);
		if (!on_new_side())
			propagation(names[i], MS_SHARED);
	}
}

static void build(void)
{
	bind("shared", "/shared");
	bind("slave", "/slave");
	propagation("/slave", MS_SLAVE);
}

const struct zdtm_case zdtm_case = {
	.about =
		"A source without a peer group is refused, with the two ways out, for each volume.",
	.dump = LIST("--external", "mnt[/shared]:shared", "--external", "mnt[/slave]:slave"),
	.restore = LIST("--sharing", "strict", "--external", "mnt[shared]:@SRC@/shared",
			"--external", "mnt[slave]:@SRC@/slave"),
	.prepare = prepare,
	.build = build,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("/shared", "/slave", "--sharing slave", "--sharing private"),
};
