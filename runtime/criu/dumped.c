// SPDX-License-Identifier: LGPL-2.1-or-later
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "runtime/criu/criu.h"

#define ENDING_MS 2000 /* of a container that was killed */

/* Without us its next action fails, and with that the dump. */
static void dumped_take_back(void *data, int criu_fd)
{
	struct pollfd end = { .fd = criu_fd, .events = POLLIN };

	while (poll(&end, 1, -1) < 0 && errno == EINTR)
		;
	criu_images_take_back(data);
}

/* CRIU may have killed it just now: to take its only image away is worse than to wait. */
static bool has_ended(int pidfd)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };

	return poll(&end, 1, ENDING_MS) == 1;
}

int criu_dumped_begin(struct criu_dumped *dumped, const char *images_dir, pid_t target, pid_t criu)
{
	cleanup_fd int criu_fd = sys_pidfd_open(criu);

	dumped->images_dir = images_dir;
	dumped->target_fd = sys_pidfd_open(target);
	if (criu_fd < 0 || dumped->target_fd < 0)
		return log_error(criu_fd < 0 ? criu_fd : dumped->target_fd,
				 "cannot watch process %d", (int)(criu_fd < 0 ? criu : target));
	return guard_start(&dumped->guard, GUARD_ALL_GONE, dumped_take_back, (void *)images_dir,
			   criu_fd);
}

void criu_dumped_complete(struct criu_dumped *dumped)
{
	guard_end(&dumped->guard);
	dumped->complete = true;
}

void criu_dumped_end(struct criu_dumped *dumped, const char *images_dir, bool failed)
{
	guard_end(&dumped->guard);
	bool is_kept = failed && dumped->complete && has_ended(dumped->target_fd);

	if (is_kept)
		log_warn("the process has ended: the image in '%s' is complete, and is kept",
			 dumped->images_dir);
	if (failed && !is_kept)
		criu_images_take_back(images_dir);
	else
		criu_images_keep(images_dir);
	fd_close(&dumped->target_fd);
}
