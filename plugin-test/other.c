// SPDX-License-Identifier: LGPL-2.1-or-later
/* The hooks of sockets, files and links. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "plugin-test/kit.h"

#define LINK_INDEX 1
#define LINK_TYPE  1 /* ARPHRD_ETHER */
#define SOME_ID	   4711

/* 0 and -ENOTSUP are answers, whatever the object. */
static void say_answer(struct kit *kit, int hook, int err)
{
	bool ok = !err || err == -ENOTSUP;
	char clause[64], answer[64];

	snprintf(clause, sizeof(clause), "%s answers 0 or -ENOTSUP",
		 hooks_name((unsigned int)hook));
	kit_say(kit, ok, clause, "%s", ok ? kit_answer(err, answer) : kit_why(kit, err));
}

static void ask_dump_fd(struct kit *kit, struct hooks_host *host, int hook, int fd)
{
	struct stat st;

	if (!kit_has(kit, hook))
		return;
	kit_listen(kit);
	say_answer(kit, hook,
		   fd < 0 || fstat(fd, &st) < 0
			   ? -errno
			   : hooks_dump_fd(host, hook, fd, (int)(st.st_ino & 0x7fffffff)));
}

void kit_test_dump_others(struct kit *kit, struct hooks_host *host)
{
	cleanup_fd int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cleanup_fd int file = open("/dev/null", O_RDWR | O_CLOEXEC);

	ask_dump_fd(kit, host, CR_PLUGIN_HOOK__DUMP_UNIX_SK, sock);
	ask_dump_fd(kit, host, CR_PLUGIN_HOOK__DUMP_EXT_FILE, file);
	if (!kit_has(kit, CR_PLUGIN_HOOK__DUMP_EXT_LINK))
		return;
	kit_listen(kit);
	say_answer(kit, CR_PLUGIN_HOOK__DUMP_EXT_LINK,
		   hooks_dump_link(host, LINK_INDEX, LINK_TYPE, "veth"));
}

/* A plugin may put it off once; then all the others have been called. */
static void ask_restore_fd(struct kit *kit, struct hooks_host *host, int hook)
{
	cleanup_fd int fd = -EBADF;
	char clause[64], answer[64];

	if (!kit_has(kit, hook))
		return;
	kit_listen(kit);
	int err = hooks_restore_fd(host, hook, SOME_ID, &fd);

	if (err == -EAGAIN)
		err = hooks_restore_fd(host, hook, SOME_ID, &fd);
	bool ok = !err || err == -ENOTSUP;

	snprintf(clause, sizeof(clause), "%s answers a descriptor or -ENOTSUP",
		 hooks_name((unsigned int)hook));
	if (err == -EAGAIN)
		kit_say(kit, false, clause, "it asks to be called again for ever (retry_needed)");
	else
		kit_say(kit, ok, clause, "%s",
			!ok   ? kit_why(kit, err)
			: err ? kit_answer(err, answer)
			      : "a descriptor");
}

void kit_test_restore_others(struct kit *kit, struct hooks_host *host)
{
	ask_restore_fd(kit, host, CR_PLUGIN_HOOK__RESTORE_UNIX_SK);
	ask_restore_fd(kit, host, CR_PLUGIN_HOOK__RESTORE_EXT_FILE);
}
