// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/ipc/message.h"

#include <string.h>
#include <sys/socket.h>

#include "base/child.h"
#include "base/fd.h"

int ipc_send(int sock, struct ipc_message message, const char *const texts[4], int fd)
{
	struct iovec parts[1 + 2 * 4] = { { &message, sizeof(message) } };
	size_t used = sizeof(message), n_parts = 1;

	for (int i = 0; texts && i < 4; i++) {
		if (!texts[i])
			continue;
		size_t n = strlen(texts[i]), room = (IPC_MAX - used) / 2;

		if (n >= room)
			n = room - 1;
		if (i)
			message.next[i - 1] = (uint32_t)(used - sizeof(message));
		parts[n_parts++] = (struct iovec){ (void *)texts[i], n };
		parts[n_parts++] = (struct iovec){ (void *)"", 1 };
		used += n + 1;
	}
	message.n_text = (uint32_t)(used - sizeof(message));
	int err = fd_send_parts(sock, parts, n_parts, fd);

	if (err)
		shutdown(sock, SHUT_RDWR);
	return err;
}

int ipc_recv(int sock, char *buf, struct ipc_message *ret, const char *ret_texts[4], int *ret_fd)
{
	ssize_t n = fd_recv(sock, buf, IPC_MAX, ret_fd);

	if (n <= 0)
		return (int)n;
	if ((size_t)n >= sizeof(*ret))
		memcpy(ret, buf, sizeof(*ret));
	/* The texts are all of the rest, and the last one ends in it. */
	if ((size_t)n < sizeof(*ret) || ret->n_text != (size_t)n - sizeof(*ret) ||
	    (ret->n_text && buf[n - 1])) {
		if (ret_fd)
			fd_close(ret_fd);
		return -EPROTO;
	}
	for (int i = 0; i < 4; i++) {
		uint32_t at = i ? ret->next[i - 1] : 0;

		ret_texts[i] = at < ret->n_text && (!i || at) ? buf + sizeof(*ret) + at : NULL;
	}
	return 1;
}

int ipc_hear_child(pid_t pid, int sock, char *buf, struct ipc_message *ret,
		   const char *ret_texts[4], int *ret_fd)
{
	for (;;) {
		int err = pid > 0 ? child_await(pid, sock) : 0;
		int got = err ? err : ipc_recv(sock, buf, ret, ret_texts, ret_fd);

		if (got <= 0 || ret->type != IPC_LOG)
			return got;
		if (ret_fd)
			fd_close(ret_fd);
		log_line((enum log_level)ret->value, "%s", ret_texts[0] ? ret_texts[0] : "");
	}
}

int ipc_hear(int sock, char *buf, struct ipc_message *ret, const char *ret_texts[4], int *ret_fd)
{
	return ipc_hear_child(0, sock, buf, ret, ret_texts, ret_fd);
}

int ipc_await(int sock, enum ipc_type type, int *ret_value, int *ret_fd)
{
	return ipc_await_child(0, sock, type, ret_value, ret_fd);
}

int ipc_await_child(pid_t pid, int sock, enum ipc_type type, int *ret_value, int *ret_fd)
{
	cleanup_free char *buf = malloc(IPC_MAX);
	struct ipc_message message;
	const char *texts[4];
	cleanup_fd int fd = -EBADF;

	if (!buf)
		return -ENOMEM;
	int got = ipc_hear_child(pid, sock, buf, &message, texts, &fd);

	if (got <= 0)
		return got ? got : -EIO;
	if (message.type != type)
		return -EPROTO;
	if (ret_value)
		*ret_value = message.value;
	if (ret_fd)
		*ret_fd = fd_take(&fd);
	return 0;
}

int ipc_answer(int sock, int value, int fd)
{
	return ipc_send(sock, (struct ipc_message){ .type = IPC_ANSWER, .value = value }, NULL, fd);
}

int ipc_go(pid_t pid, int sock)
{
	int answer = 0;
	int err = ipc_send(sock, (struct ipc_message){ .type = IPC_GO }, NULL, -1);

	if (!err)
		err = ipc_await_child(pid, sock, IPC_ANSWER, &answer, NULL);
	return err ? err : answer;
}

int ipc_keep(pid_t pid, int sock, int what, int fd)
{
	int answer = 0;
	int err = ipc_send(sock, (struct ipc_message){ .type = IPC_KEEP, .value = what }, NULL, fd);

	if (err)
		return err;
	/* It may be done by now: an answer that cannot be received is tried once more. */
	if (ipc_await_child(pid, sock, IPC_ANSWER, &answer, NULL))
		err = ipc_await_child(pid, sock, IPC_ANSWER, &answer, NULL);
	return err ? err : answer;
}

int ipc_keep_by_exec(int sock, int marked_fd)
{
	int err = ipc_keep(0, sock, marked_fd < 0 ? KEEP_NAMESPACE : KEEP_COMMAND, marked_fd);
	bool ended = err == -EIO || err == -EPIPE || err == -ECONNRESET;

	/* Nothing that execve(2) says, so that the command is not blamed for it. */
	return !err ? 0 : ended ? -EOWNERDEAD : -ECANCELED;
}

void ipc_log_sink(void *sock, enum log_level level, const char *line)
{
	ipc_send(*(int *)sock, (struct ipc_message){ .type = IPC_LOG, .value = (int32_t)level },
		 (const char *const[4]){ line }, -1);
}

int ipc_send_findings(int sock, const struct findings *findings)
{
	int err = 0;

	for (size_t i = 0; i < findings->n && !err; i++) {
		const struct finding *finding = &findings->list[i];
		struct ipc_message message = {
			.type = IPC_FINDING,
			.mount = finding->mount_id,
		};

		err = ipc_send(sock, message,
			       (const char *const[4]){ finding->code, finding->path, finding->text,
						       finding->help },
			       -1);
	}
	return err ? err : findings_any(findings) ? -EINVAL : 0;
}
