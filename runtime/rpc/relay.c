// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/relay.h"

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
#include "base/tmpfs.h"

/* A request at CRIU's. */
struct forward {
	struct operation *op;
	int sock;
	pid_t criu; /* 0: it is not ours to reap */
	/* Our part at a notify; NULL: there is none. */
	int (*on_notify)(struct forward *forward, const char *script, pid_t pid);
	const struct rebind_dump_options *dump;
	struct criu_mounts mounts;
	struct criu_dumped dumped;
	bool done;    /* our part */
	bool refused; /* by the client */
	int err;      /* of our part */
};

#define FORWARD_INIT(op_, on_notify_)                                           \
	{                                                                       \
		.op = (op_), .on_notify = (on_notify_), .sock = -EBADF,         \
		.mounts = { CRIU_MOUNTS_INIT }, .dumped = { CRIU_DUMPED_INIT }, \
	}

/* Closed, the socket tells CRIU to give up what it has not finished. */
static void dismiss_criu(struct forward *forward)
{
	fd_close(&forward->sock);
	if (forward->criu > 0)
		child_wait(forward->criu, NULL);
	forward->criu = 0;
}

static void forward_end(struct forward *forward)
{
	/* What it waits for may be the end of what it made. */
	if (!forward->done)
		criu_mounts_kill(&forward->mounts);
	dismiss_criu(forward);
	criu_mounts_end(&forward->mounts, false);
	fd_close(&forward->mounts.dir_fd);
}

bool forward_wanted(void)
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
static int start_criu(struct forward *forward)
{
	const Rpc__Options *o = forward->op->options;
	bool sibling = forward->op->connection->is_worker &&
		       forward->op->request->type == MESSAGE_RESTORE && o->has_rst_sibling &&
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
	forward->sock = pair[0];
	forward->criu = pid > 0 && !sibling ? (pid_t)pid : 0;
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

static bool client_listens(const struct forward *forward)
{
	const Rpc__Options *o = forward->op->options;

	return o->has_notify_scripts && o->notify_scripts;
}

static bool client_agrees(struct forward *forward, const Rpc__Response *notify, int fd)
{
	cleanup_request Rpc__Request *answer = NULL;
	int client = forward->op->connection->sock;

	if (!client_listens(forward))
		return true;
	return message_send(client, notify, fd) == 0 && message_receive(client, &answer) == 0 &&
	       answer->type == MESSAGE_NOTIFY && answer->notify_success;
}

/* Ours first: a client that is told finds the mounts there. Return: does CRIU get a yes. */
static bool notified(struct forward *forward, const Rpc__Response *response, int fd)
{
	const Rpc__Notify *notify = response->notify;

	if (!notify || !notify->script)
		return false;
	if (forward->on_notify && !forward->err && !forward->refused)
		forward->err = forward->on_notify(forward, notify->script,
						  notify->has_pid ? notify->pid : 0);
	if (!forward->err && !forward->refused)
		forward->refused = !client_agrees(forward, response, fd);
	if (forward->err || forward->refused) {
		/* At pre-resume CRIU would let it run all the same. */
		criu_mounts_kill(&forward->mounts);
		return false;
	}
	if (forward->dump && strcmp(notify->script, "post-dump") == 0)
		criu_dumped_complete(&forward->dumped);
	return true;
}

static int answer_notify(struct forward *forward, bool success)
{
	Rpc__Request request = RPC__REQUEST__INIT;

	request.type = MESSAGE_NOTIFY;
	request.has_notify_success = true;
	request.notify_success = success;
	return send_request(forward->sock, &request);
}

/* The last word is CRIU's, unless it is our part that failed. */
static int finish(struct forward *forward, const Rpc__Response *response, int fd)
{
	struct operation *op = forward->op;

	if (forward->err)
		return forward->err;
	if (response->success && forward->refused && !forward->done)
		return operation_refuse(op, -ECANCELED, "the client did not agree to go on");
	if (response->success && forward->on_notify && !forward->done)
		return operation_refuse(op, -EPROTO,
					"'%s' ended without the notifies at which the mounts are "
					"done: is it a CRIU?",
					getenv("REBIND_CRIU"));
	op->answered = true;
	int err = message_send(op->connection->sock, response, fd);

	return response->success ? err : -ECANCELED;
}

static int converse(struct forward *forward)
{
	for (;;) {
		cleanup(free_response) Rpc__Response *response = NULL;
		cleanup_fd int fd = -EBADF;
		int err = receive_response(forward->sock, &response, &fd);

		if (err && forward->err)
			return forward->err;
		if (err)
			return operation_refuse(
				forward->op, err,
				"'%s' went away without an answer; its log may tell "
				"why",
				getenv("REBIND_CRIU"));
		if (response->type != MESSAGE_NOTIFY)
			return finish(forward, response, fd);
		err = answer_notify(forward, notified(forward, response, fd));
		if (err)
			return err;
	}
}

static int ask(struct forward *forward, Rpc__Options *options)
{
	Rpc__Request request = *forward->op->request;

	request.opts = options;
	/* It is one CRIU for one request. */
	request.has_keep_open = false;
	int err = start_criu(forward);

	if (!err && forward->dump)
		err = criu_dumped_begin(&forward->dumped, forward->dump->images_dir,
					forward->dump->pid, forward->criu);
	if (!err)
		err = send_request(forward->sock, &request);
	return err ? err : converse(forward);
}

/* ---- requests ---- */

/* CRIU looks for the descriptors of its client, which are ours. */
static Rpc__Options options_for_criu(const struct operation *op, int images_fd)
{
	Rpc__Options o = *op->options;

	o.images_dir_fd = images_fd >= 0 ? images_fd : -1;
	o.images_dir = NULL;
	o.has_work_dir_fd = images_fd >= 0;
	o.work_dir_fd = op->work_fd >= 0 ? op->work_fd : op->images_fd;
	return o;
}

int forward_request(struct operation *op)
{
	cleanup(forward_end) struct forward forward = FORWARD_INIT(op, NULL);
	Rpc__Options o = options_for_criu(op, op->images_fd);

	/* Who names nobody means itself; to CRIU that would be us. */
	if (!o.has_pid || !o.pid) {
		o.has_pid = true;
		o.pid = op->connection->peer.pid;
	}
	return ask(&forward, op->request->opts ? &o : NULL);
}

/* The mounts are none of its business: it is told of them in our way only. */
static void leave_out_mounts(Rpc__Options *o)
{
	o->n_ext_mnt = o->n_skip_mnt = o->n_enable_fs = 0;
	o->has_auto_ext_mnt = o->has_ext_sharing = o->has_ext_masters = false;
	o->root = NULL;
	o->has_notify_scripts = o->notify_scripts = true;
}

/* What is external besides mounts: CRIU is told of those that rebind has made, and no others. */
static int externals(const Rpc__Options *o, struct strings *ret)
{
	for (size_t i = 0; i < o->n_external; i++)
		if (strncmp(o->external[i], "mnt[", 4) != 0 &&
		    strings_print(ret, "%s", o->external[i]))
			return -ENOMEM;
	return 0;
}

static int on_dump_notify(struct forward *forward, const char *script, pid_t pid)
{
	if (strcmp(script, "post-dump") != 0)
		return 0;
	int err = criu_dump_mounts(forward->dump, false, forward->op->report);

	forward->done = err == 0;
	return err;
}

static int dump_beside(struct forward *forward, struct strings *words)
{
	struct operation *op = forward->op;
	Rpc__Options o = options_for_criu(op, op->images_fd);
	int err = externals(&o, words);

	if (!err)
		err = criu_externals(forward->dump->pid, "", words, op->report);
	if (err)
		return err;
	leave_out_mounts(&o);
	o.external = (char **)words->list;
	o.n_external = words->n;
	o.has_pid = true;
	o.pid = forward->dump->pid;
	return ask(forward, &o);
}

/* Before anybody is frozen. */
static int refuse_parent(struct operation *op)
{
	if (!op->options->parent_img || !*op->options->parent_img)
		return 0;
	return operation_refuse(op, -EOPNOTSUPP,
				"parent_img '%s': pages of an earlier image cannot be restored "
				"among rebind's mounts; dump all in one (without --parent-path)",
				op->options->parent_img);
}

int forward_dump(struct operation *op, const struct rebind_dump_options *how)
{
	cleanup(forward_end) struct forward forward = FORWARD_INIT(op, on_dump_notify);
	cleanup(strings_free) struct strings words = { 0 };
	cleanup_fd int locked = -EBADF;
	int err = refuse_parent(op);

	if (!err)
		err = criu_images_claim(how->images_dir, &locked);
	if (!err)
		err = criu_dump_mounts(how, true, op->report);
	if (err)
		return err;
	forward.dump = how;
	err = dump_beside(&forward, &words);
	dismiss_criu(&forward);
	criu_dumped_end(&forward.dumped, err != 0);
	return err;
}

static int on_restore_notify(struct forward *forward, const char *script, pid_t pid)
{
	int err = criu_mounts_act(&forward->mounts, script, pid);

	if (strcmp(script, "post-resume") == 0)
		forward->done = true;
	return err;
}

static int restore_beside(struct forward *forward, int view, struct strings *words)
{
	Rpc__Options o = options_for_criu(forward->op, view);
	cleanup_free Rpc__Joined **joins = calloc(o.n_join_ns + 1, sizeof(*joins));
	Rpc__Joined mnt = RPC__JOINED__INIT;
	char name[80];
	int err = joins ? criu_mounts_prepare(&forward->mounts, name) : -ENOMEM;

	if (!err)
		err = externals(&o, words);
	if (err)
		return err;
	leave_out_mounts(&o);
	o.external = (char **)words->list;
	o.n_external = words->n;
	for (size_t i = 0; i < o.n_join_ns; i++)
		joins[i] = o.join_ns[i];
	mnt.ns = (char *)"mnt";
	mnt.ns_file = name;
	joins[o.n_join_ns++] = &mnt;
	o.join_ns = joins;
	return ask(forward, &o);
}

int forward_restore(struct operation *op, const struct rebind_restore_options *how)
{
	cleanup(forward_end) struct forward forward = FORWARD_INIT(op, on_restore_notify);
	cleanup(strings_free) struct strings words = { 0 };

	forward.mounts.how = *how;
	forward.mounts.report = op->report;
	int err = criu_mounts_look(&forward.mounts);

	if (err)
		return err;
	forward.mounts.dir_fd = scratch_directory();
	if (forward.mounts.dir_fd < 0)
		return log_error(forward.mounts.dir_fd, "cannot make a scratch directory");
	cleanup_fd int view = criu_view(op->images_fd, forward.mounts.dir_fd);

	return view < 0 ? view : restore_beside(&forward, view, &words);
}
