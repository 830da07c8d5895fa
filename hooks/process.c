// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Theory of operation
 *
 * hooks_start() forks the supervisor (supervisor.h), which forks the plugin process (worker.h). Two
 * socket pairs connect them with this process: @talk leads to the plugin process, @keep to the
 * supervisor.
 *
 * A question is one message over @talk; lines for the log come back, then the reply. Before the
 * plugin process calls into a plugin it says so (WIRE_RUNNING). So this side always knows which
 * plugin runs, restarts the clock for each hook, and can name the plugin if no reply comes, because
 * the process
 *   - ended: the supervisor reports its wait status (WIRE_ENDED);
 *   - hangs: the clock runs out;
 *   - closed @talk.
 * Each of these ends the plugin process and all below it: @keep is shut down, the supervisor kills,
 * reaps, reports and ends. After that every question is answered with the same error, unlogged: it
 * has been said.
 *
 * With REBIND_PLUGIN_DEBUG=1 in the environment there is neither process: @run is called directly.
 */
#include "hooks/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "hooks/supervisor.h"

#define LAST_WORDS_MS 2500 /* between the end of a connection and the supervisor's report */
#define END_MS	      5000 /* for the supervisor to end all that is below it */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The end of the process */

static void reap_supervisor(struct hooks_host *host)
{
	while (host->supervisor > 0 && waitpid(host->supervisor, NULL, 0) < 0 && errno == EINTR)
		;
	host->supervisor = 0;
}

static bool is_readable(int fd, int timeout_ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	int64_t end = now_ms() + timeout_ms;
	int n, left = timeout_ms;

	do {
		n = poll(&pollfd, 1, left);
		left = (int)(end - now_ms());
	} while (n < 0 && errno == EINTR && left > 0);
	return n > 0;
}

/* Wait for the supervisor's report. Return: whether it came. */
static bool recv_ended(struct hooks_host *host, int timeout_ms, struct wire *ended)
{
	int64_t end = now_ms() + timeout_ms;
	int64_t left = timeout_ms;

	for (; left >= 0 && is_readable(host->keep, (int)left); left = end - now_ms()) {
		if (wire_recv(host->keep, ended, NULL) <= 0)
			return false;
		if (ended->kind == WIRE_ENDED)
			return true;
	}
	return false;
}

static void warn_of_others(const struct wire *ended)
{
	if (ended->id > 0)
		log_warn("plugins left %d process%s running: killed", ended->id,
			 ended->id == 1 ? "" : "es");
	if (ended->index)
		log_warn("plugins left processes that could not be ended");
}

/* @ended: the supervisor's report, if it has been read; else NULL. */
static void stop(struct hooks_host *host, const struct wire *ended)
{
	struct wire message;

	if (host->supervisor <= 0)
		return;
	shutdown(host->keep, SHUT_WR);
	if (!ended && recv_ended(host, END_MS, &message))
		ended = &message;
	if (ended)
		warn_of_others(ended);
	else
		kill(host->supervisor, SIGKILL);
	reap_supervisor(host);
	fd_close(&host->talk);
	fd_close(&host->keep);
}

/* Messages */

static void take_log(struct wire *message)
{
	enum log_level level = message->value < LOG_MSG	    ? LOG_MSG
			       : message->value > LOG_DEBUG ? LOG_DEBUG
							    : (enum log_level)message->value;

	log_line(level, "%s", wire_text(message, 0));
}

int process_add_plugin(struct hooks_host *host, const struct hooks_plugin *plugin)
{
	struct hooks_plugin *grown = reallocarray(host->plugins, host->n + 1, sizeof(*grown));
	char *file = strdup(plugin->file), *name = strdup(plugin->name);

	if (grown)
		host->plugins = grown;
	if (!grown || !file || !name) {
		free(file);
		free(name);
		return -ENOMEM;
	}
	grown[host->n] = *plugin;
	grown[host->n].file = file;
	grown[host->n].name = name;
	host->n++;
	return 0;
}

static int take_plugin(struct hooks_host *host, struct wire *message)
{
	const struct hooks_plugin plugin = {
		.file = wire_text(message, 0),
		.name = wire_text(message, 1),
		.version = message->version,
		.max_hooks = message->max_hooks,
		.hooks = message->hooks,
		.generation_1 = message->old,
	};

	return process_add_plugin(host, &plugin);
}

static void take_running(struct hooks_host *host, struct wire *message)
{
	host->step = message->hook;
	snprintf(host->label, sizeof(host->label), "%s", wire_text(message, 0));
}

/* Return: 0 or a negative errno; a reply is the caller's to look at. */
static int process_take(struct hooks_host *host, struct wire *message)
{
	switch (message->kind) {
	case WIRE_LOG:
		take_log(message);
		return 0;
	case WIRE_PLUGIN:
		return take_plugin(host, message);
	case WIRE_RUNNING:
		take_running(host, message);
		return 0;
	case WIRE_REPLY:
		host->step = RUN_NOTHING;
		return 0;
	default:
		return -EPROTO;
	}
}

/* What was said before the end. */
static void drain(struct hooks_host *host)
{
	struct wire message;

	while (host->talk >= 0 && is_readable(host->talk, 0))
		if (wire_recv(host->talk, &message, NULL) <= 0 || process_take(host, &message))
			return;
}

void process_stop(struct hooks_host *host)
{
	drain(host);
	stop(host, NULL);
}

/* Failures of the process: each is logged here, once, and ends it. */

static const char *where(const struct hooks_host *host, char *buf, size_t size)
{
	if (host->step == RUN_NOTHING)
		snprintf(buf, size, "the plugin process, between two calls,");
	else
		snprintf(buf, size, "%s in %s", host->label, run_step_name(host->step));
	return buf;
}

static int report_end(const struct hooks_host *host, int status)
{
	char buf[400];

	where(host, buf, sizeof(buf));
	if (WIFSIGNALED(status))
		return log_error(-EPROTO, "%s was killed by signal %d (%s)", buf, WTERMSIG(status),
				 strsignal(WTERMSIG(status)));
	return log_error(-EPROTO, "%s called exit(%d)", buf, WEXITSTATUS(status));
}

static int fail_ended(struct hooks_host *host, const struct wire *ended)
{
	drain(host);
	host->failed = report_end(host, ended->value);
	stop(host, ended);
	return host->failed;
}

static int process_fail(struct hooks_host *host, int err, const char *what)
{
	char buf[400];

	drain(host);
	host->failed = log_error(err, "%s %s", where(host, buf, sizeof(buf)), what);
	stop(host, NULL);
	return host->failed;
}

static int fail_timeout(struct hooks_host *host)
{
	char what[64];

	snprintf(what, sizeof(what), "did not return within %u s", host->timeout);
	return process_fail(host, -ETIMEDOUT, what);
}

/* The plugin process hung up: because it ended, or because a plugin closed what is not its own? */
static int fail_closed(struct hooks_host *host)
{
	struct wire ended;

	if (recv_ended(host, LAST_WORDS_MS, &ended))
		return fail_ended(host, &ended);
	return process_fail(host, -EPROTO, "closed the connection to rebind");
}

static int fail_supervisor(struct hooks_host *host, const struct wire *message, int n)
{
	if (n > 0 && message->kind == WIRE_ENDED)
		return fail_ended(host, message);
	return process_fail(host, -EPROTO, "lost its supervisor process");
}

/* Questions */

/* Return: 1 a message is in @message, 0 the clock ran out, or a negative errno, logged. */
static int next_message(struct hooks_host *host, int timeout_ms, struct wire *message, int *ret_fd)
{
	struct pollfd fds[] = {
		{ .fd = host->talk, .events = POLLIN },
		{ .fd = host->keep, .events = POLLIN },
		{ .fd = cancel_fd(), .events = POLLIN },
	};

	wire_await(host->talk);
	int n = poll(fds, ARRAY_SIZE(fds), timeout_ms);

	if (n <= 0)
		return n < 0 && errno != EINTR ? process_fail(host, -errno, "cannot be waited for")
					       : 0;
	if (fds[2].revents && cancel_check())
		return process_fail(host, -ECANCELED, "is not waited for");
	if (fds[0].revents) {
		n = wire_recv(host->talk, message, ret_fd);
		if (n == 0)
			return fail_closed(host);
		return n < 0 ? process_fail(host, n, "sent what is no message") : 1;
	}
	n = wire_recv(host->keep, message, NULL);
	return fail_supervisor(host, message, n);
}

/* Wait for the reply. Return: 0 or a negative errno, logged. */
static int await(struct hooks_host *host, struct wire *reply, int *ret_fd)
{
	const int64_t patience = (int64_t)host->timeout * 1000;
	int64_t deadline = now_ms() + patience;

	WIRE_INIT(reply, WIRE_REPLY);
	for (;;) {
		cleanup_fd int fd = -EBADF;
		int64_t left = deadline - now_ms();
		int n = left > 0 ? next_message(host, (int)left, reply, &fd) : fail_timeout(host);

		if (n < 0)
			return n;
		if (n == 0)
			continue; /* the clock decides */
		n = process_take(host, reply);
		if (n < 0)
			return process_fail(host, n, "sent an unexpected message");
		if (reply->kind == WIRE_RUNNING)
			deadline = now_ms() + patience;
		if (reply->kind != WIRE_REPLY)
			continue;
		if (ret_fd)
			*ret_fd = fd_take(&fd);
		return 0;
	}
}

int process_ask(struct hooks_host *host, const struct wire *message, int fd, struct wire *reply,
		int *ret_fd)
{
	if (host->failed)
		return host->failed;
	int err = wire_send(host->talk, message, fd);

	if (err == -EPIPE || err == -ECONNRESET)
		return fail_closed(host);
	if (err)
		return log_error(err, "cannot ask the plugin process");
	if (message->plugin)
		host->step = message->hook;
	return await(host, reply, ret_fd);
}

/* Leaving */

static int send_away(struct hooks_host *host, int ns_fd, int root_fd)
{
	struct wire message;

	WIRE_INIT(&message, WIRE_ROOT);
	int err = wire_send(host->talk, &message, root_fd);

	if (err && err != -EPIPE && err != -ECONNRESET)
		return log_error(err, "cannot send the plugin process away");
	WIRE_INIT(&message, WIRE_LEAVE);
	err = process_ask(host, &message, ns_fd, &message, NULL);
	return err ? err : message.value;
}

static int send_supervisor_away(struct hooks_host *host, int ns_fd, int root_fd)
{
	struct wire message;

	WIRE_INIT(&message, WIRE_ROOT);
	int err = wire_send(host->keep, &message, root_fd);

	WIRE_INIT(&message, WIRE_LEAVE);
	if (!err)
		err = wire_send(host->keep, &message, ns_fd);
	if (err || !is_readable(host->keep, END_MS) || wire_recv(host->keep, &message, NULL) <= 0)
		return process_fail(host, err ? err : -EPROTO, "lost its supervisor process");
	if (message.kind == WIRE_ENDED)
		return fail_ended(host, &message);
	if (message.value)
		return log_error(message.value,
				 "the supervisor of the plugin process cannot leave");
	if (message.id > 0)
		log_warn("plugins left %d process%s in the namespace that is built: killed",
			 message.id, message.id == 1 ? "" : "es");
	return 0;
}

int process_leave(struct hooks_host *host, int ns_fd, int root_fd)
{
	if (host->failed)
		return host->failed;
	int err = send_away(host, ns_fd, root_fd);

	return err ? err : send_supervisor_away(host, ns_fd, root_fd);
}

/* Starting */

static void run_child(int talk, int keep, struct worker *worker) __attribute__((noreturn));
static void run_child(int talk, int keep, struct worker *worker)
{
	const int needed[] = { talk, worker->options->image_dir_fd };
	const struct supervisor_child child = {
		.run = worker_main,
		.data = worker,
		.keep = needed,
		.n_keep = ARRAY_SIZE(needed),
	};

	worker->sock = talk;
	supervisor_main(keep, &child);
}

/* Signals are blocked until the child has its own handlers: the caller's are not to run there. */
static pid_t fork_quietly(void)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid_t pid = fork();
	int err = -errno;

	if (pid == 0)
		child_unlock();
	else
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	return pid < 0 ? err : pid;
}

/* Not 0, 1 or 2, which the caller may have closed: they are to be the plugin process' stdio. */
static int pair_above_stdio(int ret_pair[2])
{
	int pair[2];
	int err = fd_pair(pair);

	if (err)
		return err;
	for (int i = 0; i < 2; i++)
		ret_pair[i] = fcntl(pair[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	err = ret_pair[0] < 0 || ret_pair[1] < 0 ? -errno : 0;
	fd_close(&pair[0]);
	fd_close(&pair[1]);
	return err;
}

/* Under child_lock(): no other child has the ends that are for this one. */
static int fork_supervisor(struct hooks_host *host, struct worker *worker)
{
	cleanup_fd int talk = -EBADF, keep = -EBADF;
	int pair[2];
	int err = pair_above_stdio(pair);

	if (err)
		return log_error(err, "cannot connect the plugin process");
	host->talk = pair[0];
	talk = pair[1];
	err = pair_above_stdio(pair);
	if (err)
		return log_error(err, "cannot connect the plugin process");
	host->keep = pair[0];
	keep = pair[1];
	host->supervisor = fork_quietly();
	if (host->supervisor < 0)
		return log_error(host->supervisor, "cannot fork the plugin process");
	if (host->supervisor == 0) {
		fd_close(&host->talk);
		fd_close(&host->keep);
		run_child(fd_take(&talk), fd_take(&keep), worker);
	}
	return 0;
}

int process_start(struct hooks_host *host, struct worker *worker)
{
	struct wire reply;

	child_lock();
	int err = fork_supervisor(host, worker);

	child_unlock();
	if (!err)
		err = await(host, &reply, NULL);
	if (!err)
		err = reply.value; /* logged there */
	if (err)
		stop(host, NULL);
	return err;
}
