// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/options.h"

int verb_criu(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "dump") == 0)
		return criu_verb_dump(argc - 1, argv + 1, NULL);
	if (argc > 1 && strcmp(argv[1], "restore") == 0)
		return criu_verb_restore(argc - 1, argv + 1, NULL);
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		printf("usage: rebind criu dump | restore ...\n\n"
		       "Dumps and restores a whole container: the mounts by rebind, the processes by "
		       "CRIU.\n");
		return STATUS_OK;
	}
	if (argc > 1)
		return usage_error("criu", "unknown verb '%s': give dump or restore", argv[1]);
	return usage_error("criu", "a verb is missing: dump or restore");
}
