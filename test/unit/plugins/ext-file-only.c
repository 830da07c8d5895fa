/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As small as a plugin gets. */
#include <criu-plugin.h>

static int dump_file(int fd, int id)
{
	return fd >= 0 && id > 0 ? 0 : -1;
}

CR_PLUGIN_REGISTER_DUMMY("ext-file-only")
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_FILE, dump_file)
