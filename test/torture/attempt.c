// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One restore or dump, and what is left of it: the whole result, or nothing at all. Either is right
 * where the caller of rebind was killed; else the exit status and a sentence have to say which.
 */
#include "attempt.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const ending_names[] = {
	[END_PIDFILE] = "--pidfile", [END_PIN] = "--pin",	[END_PIN_DIR] = "--pin-dir",
	[END_SEND] = "--send-fd",    [END_COMMAND] = "COMMAND", [END_DUMP] = "dump",
};

void verdict_add(struct verdict *verdict, const char *format, ...)
{
	size_t n = strlen(verdict->why);
	va_list args;

	if (n && n < sizeof(verdict->why) - 3)
		n += (size_t)snprintf(verdict->why + n, sizeof(verdict->why) - n, "; ");
	va_start(args, format);
	if (n < sizeof(verdict->why))
		vsnprintf(verdict->why + n, sizeof(verdict->why) - n, format, args);
	va_end(args);
}

const char *attempt_name(const struct attempt *attempt, char text[256])
{
	int n = snprintf(text, 256, "%s", ending_names[attempt->ending]);

	if (attempt->is_set)
		n += snprintf(text + n, 256 - (size_t)n, " of a set");
	if (attempt->copies)
		n += snprintf(text + n, 256 - (size_t)n, " --copies %d", attempt->copies);
	if (attempt->creates)
		n += snprintf(text + n, 256 - (size_t)n, " --create-mountpoints");
	for (int i = 0; i < 8 && attempt->extra[i]; i++)
		n += snprintf(text + n, 256 - (size_t)n, " %s", attempt->extra[i]);
	for (int i = 0; i < 4 && attempt->prefix[i]; i++)
		n += snprintf(text + n, 256 - (size_t)n, "%s%s", i ? " " : ", under ",
			      i ? attempt->prefix[i] : "deny");
	return text;
}

/* ---- before ---- */

static void prepare(struct state *s, const struct lab *lab, const struct attempt *attempt)
{
	*s = (struct state){ .lab = lab, .attempt = attempt, .socks = { -1, -1 }, .sent_fd = -1 };
	snprintf(s->pidfile, sizeof(s->pidfile), "%s/out/pid", lab->dir);
	snprintf(s->pin, sizeof(s->pin), "%s/out/pin", lab->dir);
	snprintf(s->image, sizeof(s->image), "%s/out/img", lab->dir);
	lab_remove(lab, "out");
	if (attempt->ending == END_PIN_DIR)
		mkdir(s->pin, 0755);
	if (attempt->ending == END_DUMP)
		mkdir(s->image, 0755);
	else
		lab_new_root(lab, attempt->creates);
	if (attempt->ending == END_SEND &&
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->socks) < 0)
		abort();
	s->new = lab_listing(lab, "new");
	s->src = lab_listing(lab, "src");
	s->img = lab_listing(lab, attempt->is_set ? "set" : "img");
	s->host = lab_listing(lab, "host");
}

static void forget(struct state *s)
{
	free(s->new);
	free(s->src);
	free(s->img);
	free(s->host);
	for (int i = 0; i < 2; i++)
		if (s->socks[i] >= 0)
			close(s->socks[i]);
	if (s->sent_fd >= 0)
		close(s->sent_fd);
}

/* ---- does the result stand? ---- */

static pid_t pid_in_file(const char *path)
{
	char *text = lab_read(path);
	pid_t pid = text ? atoi(text) : 0;

	free(text);
	return pid;
}

/* What stands if the result does: pinned namespaces, or processes with a pidfile. */
static int wanted(const struct state *s)
{
	return s->attempt->ending == END_PIN_DIR ? SET_SIZE
	       : s->attempt->copies		 ? s->attempt->copies
						 : 1;
}

/* In the pidfile of this number, from 1. */
static pid_t pid_of_copy(const struct state *s, int n)
{
	char path[3 * PATH_SIZE];

	snprintf(path, sizeof(path), s->attempt->copies ? "%s%d" : "%s", s->pidfile, n);
	return pid_in_file(path);
}

static pid_t parent_of(pid_t pid)
{
	char path[64];
	pid_t parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	char *stat = lab_read(path), *end = stat ? strrchr(stat, ')') : NULL;

	if (end)
		sscanf(end, ") %*c %d", &parent);
	free(stat);
	return parent;
}

/* One that may go on: a holder, or of a set a child of it. */
static bool is_holder(pid_t pid, void *data)
{
	struct state *s = data;

	for (int i = 1; i <= wanted(s) && s->attempt->ending == END_PIDFILE; i++) {
		pid_t holder = pid_of_copy(s, i);

		if (pid == holder || (s->attempt->is_set && holder && parent_of(pid) == holder))
			return true;
	}
	return false;
}

/* Return: how many mounts are at the pin, or where it begins with that. @ret: one of them */
static int count_pinned(const struct state *s, char *ret, size_t size)
{
	char *table = lab_read("/proc/self/mountinfo");
	int n = 0;

	for (char *at = table; at && (at = strstr(at, s->pin)); n++, at++)
		snprintf(ret, size, "%.*s", (int)strcspn(at, " "), at);
	free(table);
	return n;
}

static int count_held(const struct state *s, const struct traced *t)
{
	int n = 0;

	for (int k = 1; k <= wanted(s); k++) {
		pid_t pid = pid_of_copy(s, k);

		for (int i = 0; i < t->n; i++)
			n += t->processes[i].is_live && t->processes[i].pid == pid;
	}
	return n;
}

static int receive(int sock)
{
	char data[64];
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return -1;
	if (CMSG_FIRSTHDR(&msg) && CMSG_FIRSTHDR(&msg)->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static bool all_of(const struct state *s, int there, struct verdict *verdict)
{
	/* Of copies, with the guard of those that were handed over killed as well. */
	if (there && there < wanted(s) && s->attempt->copies && s->attempt->files_may_stay)
		verdict->documented = true;
	else if (there && there < wanted(s))
		verdict_add(verdict, "%d of %d stand", there, wanted(s));
	return there == wanted(s);
}

static bool is_whole(struct state *s, const struct traced *t, struct verdict *verdict)
{
	char inventory[3 * PATH_SIZE], pin[2 * PATH_SIZE];

	switch (s->attempt->ending) {
	case END_PIDFILE:
		s->holder = pid_of_copy(s, 1);
		return all_of(s, count_held(s, t), verdict);
	case END_PIN:
	case END_PIN_DIR:
		return all_of(s, count_pinned(s, pin, sizeof(pin)), verdict);
	case END_SEND:
		s->sent_fd = receive(s->socks[0]);
		return s->sent_fd >= 0;
	case END_COMMAND:
		return t->has_executed;
	case END_DUMP:
	case ENDINGS:
		break;
	}
	snprintf(inventory, sizeof(inventory), "%s/inventory.img", s->image);
	return access(inventory, F_OK) == 0;
}

/* Is what stands what was dumped? */
static void compare(struct state *s, struct verdict *verdict)
{
	char a[32], b[2 * PATH_SIZE], log[2 * PATH_SIZE];
	char *argv[] = { (char *)s->lab->rebind, "diff", a, b, NULL, NULL };

	snprintf(a, sizeof(a), "%d", (int)(s->attempt->is_set ? s->lab->set : s->lab->container));
	if (s->attempt->ending == END_PIDFILE)
		snprintf(b, sizeof(b), "%d", (int)s->holder);
	else if (s->attempt->ending == END_SEND)
		snprintf(b, sizeof(b), "/proc/%d/fd/%d", (int)getpid(), s->sent_fd);
	else if (s->attempt->ending == END_COMMAND)
		return;
	else if (s->attempt->ending == END_DUMP)
		snprintf(b, sizeof(b), "%s", s->image);
	else
		count_pinned(s, b, sizeof(b));
	/* Pinned files do not tell which process had which. */
	if (s->attempt->is_set && s->attempt->ending != END_SEND)
		argv[4] = "--all-mntns";
	if (s->attempt->ending == END_PIN_DIR)
		snprintf(b, sizeof(b), "%s", s->pin);
	if (s->attempt->ending == END_DUMP && !s->attempt->is_set)
		argv[4] = "--contents";
	if (s->attempt->any_result || lab_run(s->lab, argv) == 0)
		return;
	snprintf(log, sizeof(log), "%s/log", s->lab->dir);
	char *said = lab_read(log);

	verdict_add(verdict, "the result differs: %.*s", (int)strcspn(said, "\n"), said);
	free(said);
}

static void unpin(const struct state *s)
{
	char pin[2 * PATH_SIZE];

	while (count_pinned(s, pin, sizeof(pin)) && umount2(pin, MNT_DETACH) == 0)
		;
}

static void unlink_numbered(const struct state *s, int n)
{
	const char *format = s->attempt->copies ? "%s%d" : "%s";
	char path[3 * PATH_SIZE];

	snprintf(path, sizeof(path), format, s->pidfile, n);
	unlink(path);
	snprintf(path, sizeof(path), format, s->pin, n);
	unlink(path);
}

static void undo(struct state *s, bool whole)
{
	if (!whole)
		return;
	unpin(s);
	for (int i = 1; i <= wanted(s); i++)
		unlink_numbered(s, i);
	if (s->attempt->ending == END_PIN_DIR)
		lab_remove(s->lab, "out/pin");
	if (s->sent_fd >= 0)
		close(s->sent_fd);
	s->sent_fd = -1;
	if (s->attempt->ending == END_DUMP)
		lab_remove(s->lab, "out/img");
}

/* ---- what is left ---- */

static void show_difference(struct verdict *verdict, const char *what, const char *before,
			    const char *after)
{
	char *copy = strdup(after);
	bool said = false;

	for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n"))
		if (!strstr(before, line)) {
			verdict_add(verdict, "%s: %s", what, line);
			said = true;
			break;
		}
	if (!said)
		verdict_add(verdict, "%s: something is gone", what);
	free(copy);
}

static void same_listing(const struct state *s, const char *name, const char *before,
			 struct verdict *verdict, bool may_differ)
{
	char *after = lab_listing(s->lab, name), what[64];

	snprintf(what, sizeof(what), "files in %s", name);
	if (strcmp(before, after) != 0 && may_differ)
		verdict->documented = true;
	else if (strcmp(before, after) != 0)
		show_difference(verdict, what, before, after);
	free(after);
}

static void nothing_in_out(const struct state *s, struct verdict *verdict, bool killed)
{
	char *out = lab_listing(s->lab, "out");
	size_t skip = 0;

	if (s->attempt->ending == END_DUMP || s->attempt->ending == END_PIN_DIR) {
		/* Without an inventory it is no image; a kill leaves the rest. */
		char *rest =
			strstr(out, s->attempt->ending == END_DUMP ? "/out/img " : "/out/pin ");

		skip = rest && strchr(rest, '\n') ? (size_t)(strchr(rest, '\n') + 1 - out) : 0;
	}
	/* A pidfile is there before its process is let go: with all that watch over it killed, it
	 * stays; so does the file of a pin, or its name before it got that. */
	if (out[skip] && s->attempt->files_may_stay &&
	    (s->attempt->ending == END_PIDFILE || s->attempt->ending == END_PIN ||
	     s->attempt->ending == END_PIN_DIR))
		verdict->documented = true;
	else if (out[skip] && !(killed && s->attempt->ending == END_DUMP))
		verdict_add(verdict, "files are left: %.*s", (int)strcspn(out + skip, "\n"),
			    out + skip);
	free(out);
}

static void no_mounts(const struct state *s, struct verdict *verdict)
{
	if (verdict->documented)
		unpin(s);
	char *after = lab_read("/proc/self/mountinfo");

	if (strcmp(s->lab->mounts, after) != 0)
		show_difference(verdict, "mounts", s->lab->mounts, after);
	free(after);
	/* Not to be found again by what comes later. */
	unpin(s);
}

static void what_is_left(struct state *s, struct verdict *verdict, bool killed)
{
	char strangers[1024];
	const struct attempt *a = s->attempt;

	lab_strangers(s->lab, strangers, sizeof(strangers));
	if (strangers[0])
		verdict_add(verdict, "processes: %s", strangers);
	no_mounts(s, verdict);
	nothing_in_out(s, verdict, killed);
	if (!(verdict->whole && a->creates) && !a->is_changed)
		same_listing(s, "new", s->new, verdict, a->files_may_stay && a->creates);
	if (!a->is_changed)
		same_listing(s, "src", s->src, verdict, false);
	same_listing(s, a->is_set ? "set" : "img", s->img, verdict, false);
	same_listing(s, "host", s->host, verdict, false);
}

/* ---- what it said ---- */

/* What a lost process or message is called in the C library: it says neither which nor what follows.
 */
static bool is_about_loss(const char *line, size_t n)
{
	static const char *const words[] = { ": No child processes", ": Broken pipe",
					     ": Connection reset by peer" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (n >= strlen(words[i]) &&
		    strncmp(line + n - strlen(words[i]), words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* Nothing but an error of the C library's. */
static bool is_bare(const char *line, size_t n)
{
	static const char prefix[] = "rebind: ";
	size_t skip = n > strlen(prefix) && strncmp(line, prefix, strlen(prefix)) == 0
			      ? strlen(prefix)
			      : 0;

	for (int err = 1; err < 134; err++)
		if (strlen(strerror(err)) == n - skip &&
		    strncasecmp(line + skip, strerror(err), n - skip) == 0)
			return true;
	return false;
}

static void bare_lines(const char *said, struct verdict *verdict)
{
	for (size_t n; *said; said += n + (said[n] == '\n')) {
		n = strcspn(said, "\n");
		if (is_bare(said, n) || is_about_loss(said, n))
			verdict_add(verdict, "it says no more than '%.*s'", (int)n, said);
	}
}

static void sentence(const struct state *s, const struct traced *t, struct verdict *verdict)
{
	char path[2 * PATH_SIZE];

	snprintf(path, sizeof(path), "%s/err", s->lab->dir);
	char *said = lab_read(path);
	const char *bad = strstr(said, "AddressSanitizer");

	bad = bad ? bad : strstr(said, "runtime error:");
	if (bad)
		verdict_add(verdict, "%.*s", (int)strcspn(bad, "\n"), bad);
	bare_lines(said, verdict);
	/* A command's own end needs none. */
	bool is_commands = s->attempt->ending == END_COMMAND &&
			   (verdict->whole || WEXITSTATUS(t->status) > 128);

	if (WIFEXITED(t->status) && WEXITSTATUS(t->status) && !said[0] && !t->struck_write &&
	    !is_commands)
		verdict_add(verdict, "exit status %d without a sentence", WEXITSTATUS(t->status));
	free(said);
}

static bool is_crash(int status)
{
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	return sig == SIGSEGV || sig == SIGABRT || sig == SIGBUS || sig == SIGILL || sig == SIGFPE;
}

static void exit_status(const struct state *s, const struct traced *t, struct verdict *verdict,
			const struct strike *strike)
{
	bool success = WIFEXITED(t->status) && WEXITSTATUS(t->status) == 0;

	if (!t->has_ended)
		return;
	if (is_crash(t->status))
		verdict_add(verdict, "signal %d ended it", WTERMSIG(t->status));
	if (success && !verdict->whole)
		verdict_add(verdict, "exit status 0, and no result");
	if (WIFSIGNALED(t->status) && strike->op == STRIKE_SIGNAL && verdict->whole &&
	    s->attempt->ending != END_COMMAND)
		verdict_add(verdict, "signal %d ended it, and the result stands",
			    WTERMSIG(t->status));
	if (WIFEXITED(t->status) && !success && verdict->whole && s->attempt->ending != END_COMMAND)
		verdict_add(verdict, "exit status %d, and the result stands",
			    WEXITSTATUS(t->status));
	sentence(s, t, verdict);
}

static void stuck(const struct traced *t, struct verdict *verdict)
{
	verdict_add(verdict, "it hangs");
	for (int i = 0; i < t->n; i++)
		if (t->processes[i].is_live)
			verdict_add(verdict, "process %d in %s", i,
				    trace_call_name(t->processes[i].call));
}

static void outlived(struct state *s, const struct traced *t, struct verdict *verdict)
{
	for (int i = 0; i < t->n; i++) {
		const struct traced_process *p = &t->processes[i];

		if (p->is_live &&
		    !((verdict->whole || verdict->documented) && is_holder(p->pid, s)))
			verdict_add(verdict, "process %d stays, in %s", i,
				    trace_call_name(p->call));
	}
}

/* What was sent cannot be called back; and it is not known, where the builder did not say so. */
static bool is_sent_in_silence(const struct state *s, const struct traced *t,
			       const struct strike *strike)
{
	return s->attempt->ending == END_SEND && t->struck && strike->op == STRIKE_KILL &&
	       strike->process == 1 && WIFEXITED(t->status) && WEXITSTATUS(t->status);
}

static void judge(struct state *s, struct traced *t, struct verdict *verdict,
		  const struct strike *strike)
{
	bool killed = t->struck && strike->op == STRIKE_KILL;
	bool killed_all = killed && strike->victims == VICTIM_ALL;

	/* The holder is among them, also where it has not ended yet. */
	verdict->whole =
		!(killed_all && s->attempt->ending == END_PIDFILE) && is_whole(s, t, verdict);
	if (t->hung)
		stuck(t, verdict);
	else
		outlived(s, t, verdict);
	if (verdict->whole && is_sent_in_silence(s, t, strike)) {
		verdict->documented = true;
		verdict->whole = false;
		close(s->sent_fd);
		s->sent_fd = -1;
	}
	if (verdict->whole)
		compare(s, verdict);
	if (verdict->whole && s->attempt->standing)
		s->attempt->standing(s->attempt->data, s->holder);
	if (!t->hung)
		exit_status(s, t, verdict, strike);
	trace_end(t);
	undo(s, verdict->whole);
	what_is_left(s, verdict, killed);
}

static bool is_killed_of(const struct state *s, pid_t pid)
{
	for (int i = 1; i <= wanted(s); i++)
		if (pid_of_copy(s, i) == pid)
			return true;
	return false;
}

/* It was killed itself, after it was handed over: its namespace has gone with it, and so it should.
 */
static bool is_killed_holder(struct state *s, const struct traced *t, const struct strike *strike)
{
	bool hit = strike->op == STRIKE_KILL && strike->victims != VICTIM_CALLER;

	if (!hit || s->attempt->ending != END_PIDFILE || !is_killed_of(s, t->struck_pid))
		return false;
	return t->has_ended && (WIFSIGNALED(t->status) || WEXITSTATUS(t->status) == 0);
}

int attempt_run(const struct lab *lab, const struct attempt *attempt, const struct strike *strike,
		struct traced *t, struct verdict *verdict)
{
	const char *argv[ARGV_SIZE];
	char out[2 * PATH_SIZE], err[2 * PATH_SIZE];
	struct state s;

	memset(verdict, 0, sizeof(*verdict));
	snprintf(out, sizeof(out), "%s/said", lab->dir);
	snprintf(err, sizeof(err), "%s/err", lab->dir);
	prepare(&s, lab, attempt);
	command_line(&s, argv);
	int ret = trace_run((char *const *)argv, &(struct trace_files){ out, err, s.socks[1] },
			    strike, is_holder, &s, t);
	if (is_killed_holder(&s, t, strike)) {
		trace_end(t);
		for (int i = 1; i <= wanted(&s); i++)
			unlink_numbered(&s, i);
	} else {
		judge(&s, t, verdict, strike);
	}
	forget(&s);
	return ret;
}
