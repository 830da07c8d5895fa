// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hooks/worker.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "hooks/api.h"
#include "hooks/supervisor.h"
#include "hooks/run.h"
#include "hooks/wire.h"

#define LOG_PIECE 4000

/* What the process knows. */
struct state {
	int sock, proc;
	int root; /* came with WIRE_ROOT */
	struct run run;
};

/* Telling */

static void send_log(void *data, enum log_level level, const char *line)
{
	const struct state *state = data;
	struct wire message;
	char piece[LOG_PIECE + 1];

	do {
		size_t n = strnlen(line, LOG_PIECE);

		memcpy(piece, line, n);
		piece[n] = '\0';
		line += n;
		WIRE_INIT(&message, WIRE_LOG);
		message.value = (int32_t)level;
		wire_add(&message, piece);
		wire_send(state->sock, &message, -1);
	} while (*line);
}

static void send_running(void *data, int step, const char *label)
{
	const struct state *state = data;

	wire_running(state->sock, step, label);
}

static int send_plugin(const struct state *state, const struct plugin *plugin)
{
	struct wire message;

	WIRE_INIT(&message, WIRE_PLUGIN);
	message.version = plugin->version;
	message.max_hooks = plugin->max_hooks;
	message.hooks = load_hook_mask(plugin);
	message.old = plugin->old;
	int err = wire_add(&message, plugin->file);

	if (!err)
		err = wire_add(&message, plugin->name);
	return err ? err : wire_send(state->sock, &message, -1);
}

/* Becoming the plugin process */

/* Registered before any plugin is loaded, so it runs after a plugin's own handlers and before
 * those of the caller: this process must not clean up the caller's files and buffers. */
static void end_here(int status, void *unused)
{
	fflush(stdout);
	_exit(status);
}

/* Empty input, and output that cannot mix with the caller's. */
static void set_up_stdio(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		fcntl(STDIN_FILENO, F_SETFD, 0); /* if it was @null by itself */
		if (fcntl(STDERR_FILENO, F_GETFD) < 0)
			dup2(null, STDERR_FILENO);
	}
	if (null > STDERR_FILENO)
		close(null);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	__fpurge(stdin);
	__fpurge(stdout);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

/* Away from 0, 1 and 2, which the caller may have had closed. */
static int dup_above_stdio(int fd)
{
	return fd < 0 ? -EBADF : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

static void become(const struct worker *worker, struct state *state)
{
	int image_dir_fd = worker->options->image_dir_fd;

	state->sock = worker->sock;
	state->run.image_dir_fd = dup_above_stdio(image_dir_fd);
	if (image_dir_fd > STDERR_FILENO)
		close(image_dir_fd);
	set_up_stdio();
	state->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	on_exit(end_here, NULL);
	log_to(send_log, state, log_max());
	api_export();
}

/* Answering */

static int answer_call(struct state *state, struct wire *request, int fd)
{
	struct run_call call = {
		.hook = request->hook,
		.fd = fd,
		.id = request->id,
		.index = request->index,
		.type = request->type,
		.text = wire_text(request, 0),
		.old_root = wire_text(request, 1),
	};
	/* Where only one can be meant, the parent has noted it. */
	state->run.announce = request->plugin ? NULL : send_running;
	int value = run_call(&state->run, &call);

	state->run.announce = send_running;
	/* Its texts are not needed any more. */
	WIRE_INIT(request, WIRE_REPLY);
	request->value = value;
	request->is_file = call.is_file;
	request->plugin = call.plugin;
	int err = wire_send(state->sock, request, call.ret_fd);

	fd_close(&call.ret_fd);
	return err;
}

static int answer_leave(struct state *state, int ns_fd)
{
	send_running(state, RUN_LEAVE, "plugins");
	int err = supervisor_leave(state->proc, ns_fd, state->root);

	fd_close(&state->root);
	return wire_reply(state->sock, err);
}

static int worker_answer(struct state *state, struct wire *request, int *fd)
{
	switch (request->kind) {
	case WIRE_CALL:
		return answer_call(state, request, *fd);
	case WIRE_SIMPLE:
		return wire_reply(state->sock, run_simple(&state->run, request->hook));
	case WIRE_ROOT:
		fd_close(&state->root);
		state->root = fd_take(fd);
		return 0;
	case WIRE_LEAVE:
		return answer_leave(state, *fd);
	case WIRE_EXIT:
		run_exit(&state->run, request->value);
		wire_reply(state->sock, 0);
		_exit(0);
	default:
		return -EPROTO;
	}
}

static void answer_all(struct state *state)
{
	struct wire request;
	int err = 0;

	while (!err) {
		cleanup_fd int fd = -EBADF;

		wire_await(state->sock);
		if (wire_recv(state->sock, &request, &fd) <= 0)
			return;
		err = worker_answer(state, &request, &fd);
	}
}

static int begin(const struct worker *worker, struct state *state)
{
	int err = run_load(&state->run, worker->files);

	for (size_t i = 0; !err && i < state->run.n; i++)
		err = send_plugin(state, &state->run.plugins[i]);
	if (!err && worker->mode == WORKER_RUN)
		err = run_init(&state->run);
	return err;
}

void worker_main(void *data)
{
	const struct worker *worker = data;
	struct state state = {
		.root = -EBADF,
		.run = {
			.stage = worker->options->stage,
			.mount_info = worker->options->mount_info,
			.data = worker->options->data,
			.announce = send_running,
			.announce_data = &state,
		},
	};

	become(worker, &state);
	int err = begin(worker, &state);

	if (wire_reply(state.sock, err) == 0 && !err)
		answer_all(&state);
	_exit(0);
}
