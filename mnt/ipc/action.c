// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/ipc/action.h"

#include <fcntl.h>

#include "base/fd.h"
#include "base/log.h"

#define SPARE 64 /* descriptors that the caller's function can open in any case */

static rlim_t count_open(void)
{
	cleanup_dirp DIR *dir = fd_open_dir(AT_FDCWD, "/proc/self/fd");
	const struct dirent *entry;
	rlim_t n = 0;

	while (dir && fd_next_entry(dir, &entry) > 0)
		n++;
	return n;
}

static int call(const struct action *action, const char *name, pid_t pid)
{
	struct caps_state none = { 0 };
	cleanup_caps struct caps_state ours = caps_lend(action->caps ? action->caps : &none);

	/* What we have open is left open meanwhile: it must not take all that the caller may open. */
	if (action->has_limit)
		fd_limit_lend(count_open() + SPARE);
	int err = action->fn(action->data, name, pid);

	if (action->has_limit)
		fd_limit_take_back();
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
