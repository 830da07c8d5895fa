// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

/* Nobody answers: whoever asks the filesystem for anything waits for ever. */
static void build(void)
{
	char options[96];
	int fd;

	make_file("/dev/fuse", "");
	bind_host("/dev/fuse", "/dev/fuse");
	fd = open("/dev/fuse", O_RDWR);
	if (fd < 0)
		skip("no /dev/fuse here: %s", strerror(errno));
	expect(!umount2("/dev/fuse", MNT_DETACH), "umount: %s", strerror(errno));
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	make_link("/link", "fuse");
	mount_new("fuse.silent", "/fuse", MS_NOSUID | MS_NODEV, options);
}

static void check(void)
{
	if (on_new_side())
		expect_volume("/fuse", "vol");
}

const struct zdtm_case zdtm_case = {
	.about = "A fuse filesystem is external; a server that does not answer stops no dump.",
	.dump = LIST("--external", "mnt[/link]:fuse"),
	.restore = LIST("--external", "mnt[fuse]:@SRC@/vol"),
	.differs = LIST("/fuse: filesystem: own | outside", "/fuse: root: / | @/src/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
