// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "inside/inside.h"

static int door_make(struct inside *in)
{
	if (unshare(CLONE_NEWNS) < 0)
		return log_error(-errno, "cannot make a mount namespace of the user namespace's");
	cleanup_fd int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : inside_leave_root();

	if (!err)
		err = inside_drop(false);
	if (!err && prctl(PR_SET_DUMPABLE, 1) < 0)
		err = -errno;
	return err ? log_error(err, "cannot show a mount namespace to its user namespace")
		   : ipc_answer(in->sock, 0, fd);
}

int inside_door(struct inside *in)
{
	/* The first answer must have been read. */
	int err = ipc_await(in->sock, IPC_GO, NULL, NULL);

	if (!err)
		err = ipc_answer(in->sock, 0, -1);
	if (!err)
		err = door_make(in);
	return err ? err : ipc_await(in->sock, IPC_GO, NULL, NULL);
}
