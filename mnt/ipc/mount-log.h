/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names the mount in log lines of code that only knows its number or a temporary path. */
#ifndef REBIND_MNT_IPC_MOUNT_LOG_H
#define REBIND_MNT_IPC_MOUNT_LOG_H

#include "base/log.h"
#include "model/mount.h"

struct mount_log {
	struct log_state outer;
	const struct mount *mount;
};

/**
 * mount_log_begin - until mount_log_end(), the mount's name is added to each line without it
 * @log: must live until then
 */
void mount_log_begin(struct mount_log *log, const struct mount *m);
void mount_log_end(struct mount_log *log);

#endif
