// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/ipc/action.h"

#include "base/fd.h"
#include "base/log.h"

static int call(const struct action *action, const char *name, pid_t pid)
{
	struct caps_state none = { 0 };
	cleanup_caps struct caps_state ours = caps_lend(action->caps ? action->caps : &none);

	if (action->has_limit)
		fd_limit_lower();
	int err = action->fn(action->data, name, pid);

	if (action->has_limit)
		fd_limit_raise();
	return err;
}

int action_run(const struct action *action, const char *name, pid_t pid)
{
	log_debug("action %s, process %d", name, (int)pid);
	if (!action->fn)
		return 0;
	int err = call(action, name, pid);

	/* To us that one means: try it all again. */
	if (err == -EAGAIN)
		return -ECANCELED;
	return err < 0 ? err : 0;
}
