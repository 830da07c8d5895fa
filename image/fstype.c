// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/fstype.h"

#include <string.h>

static const char *const names[] = {
	[0] = FSTYPE_NO_NAME, [1] = "proc",	  [2] = "sysfs",    [3] = "devtmpfs",
	[4] = "binfmt_misc",  [5] = "tmpfs",	  [6] = "devpts",   [7] = "simfs",
	[8] = "pstore",	      [9] = "securityfs", [10] = "fusectl", [11] = "debugfs",
	[12] = "cgroup",      [13] = "aufs",	  [14] = "mqueue",  [15] = "fuse",
	[16] = NULL, /* auto */
	[17] = "overlay",     [18] = "autofs",	  [19] = "tracefs", [23] = "cgroup2",
};

const char *fstype_name(uint32_t number)
{
	return number < ARRAY_SIZE(names) ? names[number] : NULL;
}

uint32_t fstype_number(const char *name)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i] && strcmp(names[i], name) == 0)
			return i;
	return FSTYPE_AUTO;
}
