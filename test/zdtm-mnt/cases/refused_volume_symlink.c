// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol/dir");
	volume("vol/deep/dir");
	volume("given/dir");
	mount_new("tmpfs", "src/vol/sub", 0, NULL);
	volume("vol/sub/dir");
	volume("secret");
}

static void build(void)
{
	make_dir("/vol");
	expect(!mount("vol", "/vol", NULL, MS_BIND | MS_REC, NULL), "rbind: %s", strerror(errno));
	bind("given", "/given");
	bind("vol/dir", "/part");
	bind("vol/deep/dir", "/deep");
	bind("given/dir", "/of-fd");
	bind("/vol/sub/dir", "/of-submount");
}

/* As whoever is in the container can do it, at any time. */
static void lead_out(const char *path, const char *to)
{
	char away[64];

	snprintf(away, sizeof(away), "%s.away", path);
	expect(!rename(path, away), "rename '%s': %s", path, strerror(errno));
	make_link(path, to);
}

static void alter(void)
{
	lead_out("src/vol/dir", "../secret");
	lead_out("src/vol/deep", "..");
	lead_out("src/given/dir", "/");
	lead_out("src/vol/sub/dir", "../../secret");
}

const struct zdtm_case zdtm_case = {
	.about = "A symlink in a volume leads none of what came along with it out of the volume.",
	.dump = LIST("--external", "mnt[/vol]:vol", "--external", "mnt[/given]:given"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol", "--inherit-fd", "fd[7]:mnt[given]"),
	.inherit = LIST("7=@SRC@/given"),
	.prepare = prepare,
	.build = build,
	.alter = alter,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("/part", "/vol/dir' cannot be opened: a symlink is on the way", "/deep",
		     "/vol/deep/dir' cannot be opened: a symlink is on the way", "/of-fd",
		     "no 'dir' below descriptor 7: a symlink is on the way", "/of-submount",
		     "/vol/sub/dir' cannot be opened: a symlink is on the way"),
};
