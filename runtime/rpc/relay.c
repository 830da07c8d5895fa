// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/relay-part.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"

/* Closed, the socket tells CRIU to give up what it has not finished. */
void relay_dismiss(struct relay *relay)
{
	fd_close(&relay->sock);
	if (relay->criu > 0)
		child_wait_program(relay->criu, NULL);
	relay->criu = 0;
}

void relay_end(struct relay *relay)
{
	/* What it waits for may be the end of what it made. */
	if (!relay->done)
		criu_mounts_kill(&relay->mounts);
	relay_dismiss(relay);
	criu_mounts_end(&relay->mounts, false);
	fd_close(&relay->mounts.dir_fd);
}

bool relay_is_wanted(void)
{
	const char *named = secure_getenv("REBIND_CRIU");

	return named && *named;
}

/* ---- a CRIU of our own ---- */

_Noreturn static void be_criu(const char *program, int sock)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", sock);
	fcntl(sock, F_SETFD, 0);
	/* A rebind that it is after all, by a script or as a copy, shall not look for it again. */
	unsetenv("REBIND_CRIU");
	execl(program, program, "swrk", number, NULL);
	_exit(127);
}

/*
 * With rst_sibling the container's first process is to be the client's child. CRIU makes it a child
 * of CRIU's own parent: so that is the client, too.
 */
static int start_criu(struct relay *relay)
{
	const Rpc__Options *o = relay->op->options;
	bool sibling = relay->op->connection->is_worker &&
		       relay->op->request->type == MESSAGE_RESTORE && o->has_rst_sibling &&
		       o->rst_sibling;
	struct clone_args args = {
		.flags = sibling ? CLONE_PARENT : 0,
		.exit_signal = sibling ? 0 : SIGCHLD,
	};
	cleanup_free char *program = NULL;
	int pair[2];
	int err = criu_find(&program);

	if (!err)
		err = fd_pair(pair);
	if (err)
		return err;
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		be_criu(program, pair[1]);
	close(pair[1]);
	relay->sock = pair[0];
	relay->criu = pid > 0 && !sibling ? (pid_t)pid : 0;
	return pid < 0 ? log_error(-errno, "cannot start '%s'", program) : 0;
}

/* ---- messages ---- */

#define SMALL_REQUEST 65536 /* fits into every socket's buffer */

static int send_request(int sock, const Rpc__Request *request)
{
	size_t size = rpc__request__get_packed_size(request);
	cleanup_free uint8_t *data = malloc(size);

	if (!data)
		return -ENOMEM;
	rpc__request__pack(request, data);
	/* What came from a client's larger buffer needs one of ours. */
	int room = (int)size * 2;

	if (size > SMALL_REQUEST)
		setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	return fd_send(sock, data, size, -1);
}

static void free_response(Rpc__Response **response)
{
	if (*response)
		rpc__response__free_unpacked(*response, NULL);
	*response = NULL;
}

static int receive_response(int sock, Rpc__Response **ret, int *ret_fd)
{
	cleanup_free uint8_t *data = malloc(MESSAGE_MAX);
	ssize_t n = data ? fd_recv(sock, data, MESSAGE_MAX, ret_fd) : -ENOMEM;

	if (n <= 0)
		return n ? (int)n : -EPIPE;
	*ret = rpc__response__unpack(NULL, (size_t)n, data);
	return *ret ? 0 : -EBADMSG;
}

static bool client_listens(const struct relay *relay)
{
	const Rpc__Options *o = relay->op->options;

	return o->has_notify_scripts && o->notify_scripts;
}

static bool client_agrees(struct relay *relay, const Rpc__Response *notify, int fd)
{
	cleanup_request Rpc__Request *answer = NULL;
	int client = relay->op->connection->sock;

	if (!client_listens(relay))
		return true;
	return message_send(client, notify, fd) == 0 && message_receive(client, &answer) == 0 &&
	       answer->type == MESSAGE_NOTIFY && answer->notify_success;
}

/* Ours first: a client that is told finds the mounts there. Return: does CRIU get a yes. */
static bool notified(struct relay *relay, const Rpc__Response *response, int fd)
{
	const Rpc__Notify *notify = response->notify;

	if (!notify || !notify->script)
		return false;
	if (relay->on_notify && !relay->err && !relay->refused)
		relay->err =
			relay->on_notify(relay, notify->script, notify->has_pid ? notify->pid : 0);
	if (!relay->err && !relay->refused)
		relay->refused = !client_agrees(relay, response, fd);
	if (relay->err || relay->refused) {
		/* At pre-resume CRIU would let it run all the same. */
		criu_mounts_kill(&relay->mounts);
		return false;
	}
	if (relay->dump && strcmp(notify->script, "post-dump") == 0)
		criu_dumped_complete(&relay->dumped);
	return true;
}

static int answer_notify(struct relay *relay, bool success)
{
	Rpc__Request request = RPC__REQUEST__INIT;

	request.type = MESSAGE_NOTIFY;
	request.has_notify_success = true;
	request.notify_success = success;
	return send_request(relay->sock, &request);
}

/* Before the client gets its answer: then it may end us. */
static void say_choice(struct relay *relay)
{
	if (relay->choice && !relay->said)
		criu_choice_warn(relay->choice);
	relay->said = true;
}

/* What failed may be what rebind would have refused: the client is told that, too. */
static int send_failure(struct relay *relay, Rpc__Response *response, int fd)
{
	cleanup_free char *why = relay->choice ? criu_choice_text(relay->choice) : NULL;
	cleanup_free char *text = NULL;
	char *its = response->cr_errmsg;

	if (why && asprintf(&text, "%s%s(rebind) %s", its ? its : "", its ? " " : "", why) < 0)
		return -ENOMEM;
	if (text)
		response->cr_errmsg = text;
	message_send(relay->op->connection->sock, response, fd);
	response->cr_errmsg = its;
	return -ECANCELED;
}

/* The last word is CRIU's, unless it is our part that failed. */
static int finish(struct relay *relay, Rpc__Response *response, int fd)
{
	struct operation *op = relay->op;

	if (relay->err)
		return relay->err;
	say_choice(relay);
	if (response->success && relay->refused && !relay->done)
		return operation_refuse(op, -ECANCELED, "the client did not agree to go on");
	if (response->success && relay->on_notify && !relay->done)
		return operation_refuse(op, -EPROTO,
					"'%s' ended without the notifies at which the mounts are "
					"done: is it a CRIU?",
					getenv("REBIND_CRIU"));
	op->answered = true;
	return response->success ? message_send(op->connection->sock, response, fd)
				 : send_failure(relay, response, fd);
}

static int refuse_silence(struct relay *relay, int err)
{
	cleanup_free char *why = relay->choice ? criu_choice_text(relay->choice) : NULL;

	return operation_refuse(relay->op, err,
				"'%s' went away without an answer; its log may tell why%s%s",
				getenv("REBIND_CRIU"), why ? ". " : "", why ? why : "");
}

static int converse(struct relay *relay)
{
	for (;;) {
		cleanup(free_response) Rpc__Response *response = NULL;
		cleanup_fd int fd = -EBADF;
		int err = receive_response(relay->sock, &response, &fd);

		if (err && relay->err)
			return relay->err;
		if (err)
			return refuse_silence(relay, err);
		if (response->type != MESSAGE_NOTIFY)
			return finish(relay, response, fd);
		err = answer_notify(relay, notified(relay, response, fd));
		if (err)
			return err;
	}
}

int relay_ask(struct relay *relay, Rpc__Options *options)
{
	Rpc__Request request = *relay->op->request;

	request.opts = options;
	/* It is one CRIU for one request. */
	request.has_keep_open = false;
	int err = start_criu(relay);

	if (!err && relay->dump)
		err = criu_dumped_begin(&relay->dumped, relay->dump->images_dir, relay->dump->pid,
					relay->criu);
	if (!err)
		err = send_request(relay->sock, &request);
	return err ? err : converse(relay);
}

/* ---- requests ---- */

/* CRIU looks for the descriptors of its client, which are ours. */
Rpc__Options relay_options(const struct operation *op, int images_fd)
{
	Rpc__Options o = *op->options;

	o.images_dir_fd = images_fd >= 0 ? images_fd : -1;
	o.images_dir = NULL;
	o.has_work_dir_fd = images_fd >= 0;
	o.work_dir_fd = op->work_fd >= 0 ? op->work_fd : op->images_fd;
	/* With the files it was told that work begins. */
	o.has_status_fd = o.has_status_fd && images_fd < 0;
	return o;
}

static int relay_hand_over(struct operation *op, const struct criu_choice *choice)
{
	cleanup_relay struct relay relay = FORWARD_INIT(op, NULL);
	Rpc__Options o = relay_options(op, op->images_fd);

	/* Without a pid the client means itself; CRIU would take that for us. */
	if (!o.has_pid || !o.pid) {
		o.has_pid = true;
		o.pid = op->connection->peer.pid;
	}
	relay.choice = choice;
	int err = relay_ask(&relay, op->request->opts ? &o : NULL);

	say_choice(&relay);
	return err;
}

int relay_request(struct operation *op)
{
	return relay_hand_over(op, NULL);
}

int relay_alone(struct operation *op, pid_t pid, const struct criu_choice *choice)
{
	struct criu_dumped dumped = { CRIU_DUMPED_INIT };
	cleanup_fd int locked = -EBADF;
	int err = criu_images_claim(op->images_path, &locked);

	if (err)
		return err;
	dumped.target_fd = sys_pidfd_open(pid);
	dumped.images_dir = op->images_path;
	err = relay_hand_over(op, choice);
	dumped.complete = faccessat(locked, "inventory.img", F_OK, 0) == 0;
	criu_dumped_end(&dumped, op->images_path, err != 0);
	return err;
}
