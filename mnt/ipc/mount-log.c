// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/ipc/mount-log.h"

#include <stdio.h>
#include <string.h>

static void name_mount(void *data, enum log_level level, const char *line)
{
	struct mount_log *log = data;
	const struct mount *m = log->mount;
	cleanup_free char *quoted = NULL;
	bool named = asprintf(&quoted, "%s'", m->mountpoint) < 0 || strstr(line, quoted);

	log_restore(log->outer);
	if (named)
		log_line(level, "%s", line);
	else
		log_line(level, "%s (mount %u '%s')", line, m->id, m->mountpoint);
	log_to(name_mount, log, log->outer.max);
}

void mount_log_begin(struct mount_log *log, const struct mount *m)
{
	*log = (struct mount_log){ .outer = log_save(), .mount = m };
	log_to(name_mount, log, log->outer.max);
}

void mount_log_end(struct mount_log *log)
{
	log_restore(log->outer);
}
