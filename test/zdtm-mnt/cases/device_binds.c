// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static const char *const devices[] = { "/dev/null",   "/dev/zero",    "/dev/full",
				       "/dev/random", "/dev/urandom", "/dev/tty" };

#define COUNT (sizeof(devices) / sizeof(devices[0]))

static void build(void)
{
	mount_new("tmpfs", "/dev", MS_NOSUID | MS_NODEV, "mode=755");
	for (size_t i = 0; i < COUNT; i++) {
		bind_host(devices[i], devices[i]);
		attributes(devices[i], MOUNT_ATTR_NOSUID);
	}
	make_dir("/dev/shm");
}

static void check(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		struct stat st;

		expect(!stat(devices[i], &st) && S_ISCHR(st.st_mode), "%s is no device",
		       devices[i]);
		expect_flags(devices[i], ST_NOSUID | ST_RELATIME);
	}
	expect(open("/dev/null", O_RDWR) >= 0, "/dev/null cannot be opened: %s", strerror(errno));
	expect_errno(write(open("/dev/full", O_WRONLY), "x", 1), ENOSPC);
}

const struct zdtm_case zdtm_case = {
	.about = "Binds of the host's devices, in a tmpfs that is nodev, as bwrap makes them.",
	.build = build,
	.check = check,
};
