// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/handover.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "mnt/build/mountpoint.h"

/* ---- in the builder ---- */

static int prepare_pin(struct build *b, const struct ipc_message *message, const char *name,
		       int *dir_fd)
{
	if (!name || *dir_fd < 0 || strlen(name) >= sizeof(b->pin_name))
		return -EPROTO;
	snprintf(b->pin_name, sizeof(b->pin_name), "%s", name);
	fd_close(&b->pin_dir_fd);
	b->pin_dir_fd = fd_take(dir_fd);
	return message->value ? mountpoint_make_listed(b, b->pin_dir_fd, name, MOUNT_KIND_FILE) : 0;
}

/* Of a set each with its number. */
static int send_all(const struct build *b, int sock)
{
	int err = b->n_members ? 0 : fd_send(sock, "mnt", 3, b->ns_fd);

	for (uint32_t i = 0; i < b->n_members && !err; i++) {
		char word[16];
		int n = snprintf(word, sizeof(word), "mnt:%u", b->members[i].ns);

		err = fd_send(sock, word, (size_t)n, b->members[i].fd);
	}
	return err;
}

static int handover_keep(struct build *b, int what, int fd)
{
	switch (what) {
	case KEEP_NAMESPACE:
		return 0;
	case KEEP_COMMAND:
		return fd < 0 ? -EPROTO : 0;
	case KEEP_HOLDER:
		return ipc_go(0, fd);
	case KEEP_SEND:
		return send_all(b, fd);
	default:
		return -EPROTO;
	}
}

/* Unheard, the caller would take back what has been given away: said a second time if that fails. */
static int say_kept(int sock)
{
	const struct ipc_message message = { .type = IPC_ANSWER };

	return fd_send(sock, &message, sizeof(message), -1) ? ipc_answer(sock, 0, -1) : 0;
}

bool handover_await(struct build *b)
{
	cleanup_free char *buf = malloc(IPC_MAX);
	struct ipc_message message;
	const char *texts[4];
	int fd = -EBADF;

	while (buf && ipc_recv(b->caller_fd, buf, &message, texts, &fd) > 0) {
		cleanup_fd int got = fd;
		bool keeps = message.type == IPC_KEEP;
		int err = keeps			    ? handover_keep(b, message.value, got)
			  : message.type == IPC_PIN ? prepare_pin(b, &message, texts[0], &got)
						    : -EPROTO;
		int said =
			keeps && !err ? say_kept(b->caller_fd) : ipc_answer(b->caller_fd, err, -1);

		/* What stands does so also where the caller is gone before it hears of it. */
		if (keeps && !err)
			return message.value != KEEP_COMMAND || child_has_executed(got);
		if (said)
			return false;
	}
	return false;
}

/* In the caller's namespace. */
static void unpin_one(const struct build *b, const char *name, int ns_fd)
{
	cleanup_fd int fd = openat(b->pin_dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && fd_same_file(fd, ns_fd) && fchdir(b->pin_dir_fd) == 0)
		umount2(name, MNT_DETACH | UMOUNT_NOFOLLOW);
}

/* Of a set all are in one directory, by their numbers. */
static void unpin(const struct build *b)
{
	char name[16];

	if (b->pin_dir_fd < 0)
		return;
	if (!b->n_members)
		unpin_one(b, b->pin_name, b->ns_fd);
	for (uint32_t i = 0; i < b->n_members; i++) {
		snprintf(name, sizeof(name), "%u", b->members[i].ns);
		unpin_one(b, name, b->members[i].fd);
	}
}

void handover_take_back(struct build *b)
{
	/* Where mounts stand on them they cannot be removed (EBUSY): not from within the namespace.
	 */
	if (setns(b->callers_ns_fd, CLONE_NEWNS) < 0)
		return;
	unpin(b);
	journal_undo(&b->journal);
}

/* ---- in the caller ---- */

int handover_take_made(struct journal *journal, int sock, const struct ipc_message *message,
		       const char *const texts[4], int fd)
{
	if (message->type == IPC_MADE_AS) {
		journal_made(journal, message->inode.device, message->inode.number);
		return 0;
	}
	int err = texts[0] && texts[1] ? journal_add(journal, fd, texts[0], texts[1]) : -EPROTO;
	int said = ipc_answer(sock, err, -1);

	return err ? err : said;
}

int handover_pin_at(struct journal *journal, int sock, int dir_fd, const char *name, bool make)
{
	cleanup_free char *buf = malloc(IPC_MAX);
	struct ipc_message message = { .type = IPC_PIN, .value = make };
	const char *texts[4] = { name };
	int err = buf ? ipc_send(sock, message, texts, dir_fd) : -ENOMEM;

	while (!err) {
		cleanup_fd int fd = -EBADF;
		int got = ipc_hear(sock, buf, &message, texts, &fd);

		if (got <= 0)
			return got ? got : -EIO;
		if (message.type == IPC_ANSWER)
			return message.value;
		if (message.type == IPC_MADE || message.type == IPC_MADE_AS)
			err = handover_take_made(journal, sock, &message, texts, fd);
		else
			err = -EPROTO;
	}
	return err;
}
