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

/* What we have open is left open meanwhile: it must not take all that the caller may open. */
static void give_limit_back(const struct rlimit *was)
{
	struct rlimit limit = *was;
	rlim_t least = count_open() + SPARE;

	if (limit.rlim_cur < least)
		limit.rlim_cur = least < limit.rlim_max ? least : limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int call(const struct action *action, const char *name, pid_t pid)
{
	struct caps_state none = { 0 };
	cleanup_caps struct caps_state ours = caps_lend(action->caps ? action->caps : &none);

	if (action->limit)
		give_limit_back(action->limit);
	int err = action->fn(action->data, name, pid);

	if (action->limit)
		fd_raise_limit();
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
