// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Runs a program with all of its children under ptrace(2), and does one thing to them at one system
 * call. The calls of each process are counted from its beginning, those of the first from its
 * execve(2), so that an undisturbed run tells what there is to be hit.
 */
#include "torture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define ORIG_RAX_INDEX 15 /* of sys/reg.h */
#define TICK_MS	       10
#define QUIET_MS       40    /* nothing is done any more */
#define REST_MS	       3000  /* after rebind's end, for those that undo */
#define STUCK_MS       6000  /* no call of any process */
#define LIMIT_MS       30000 /* in any case */
#define OPTIONS                                                                                   \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
	 PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

static const struct {
	const char *name;
	long number;
} names[] = {
#include "calls.inc"
};

const char *trace_call_name(long number)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].number == number)
			return names[i].name;
	return "?";
}

/* Calls that the kernel does not fail, or where a failure means nothing. */
static bool cannot_fail(long call)
{
	static const long those[] = {
		SYS_exit,
		SYS_exit_group,
		SYS_rt_sigreturn,
		SYS_getpid,
		SYS_gettid,
		SYS_getppid,
		SYS_getuid,
		SYS_geteuid,
		SYS_getgid,
		SYS_getegid,
		SYS_rt_sigprocmask,
		SYS_rt_sigaction,
		SYS_set_tid_address,
		SYS_set_robust_list,
		SYS_rseq,
		SYS_restart_syscall,
		SYS_umask,
		SYS_munmap,
		SYS_clock_gettime,
		SYS_arch_prctl,
		SYS_brk,
		SYS_futex, /* the C library ends a program for any other error than the real ones */
	};

	for (size_t i = 0; i < ARRAY_SIZE(those); i++)
		if (those[i] == call)
			return true;
	return false;
}

/* ---- processes ---- */

static struct traced_process *find(struct traced *t, pid_t pid)
{
	for (int i = 0; i < t->n; i++)
		if (t->processes[i].pid == pid && t->processes[i].is_live)
			return &t->processes[i];
	return NULL;
}

/* A thread may have ended before its parent's event tells that there is one. */
static bool has_been(const struct traced *t, pid_t pid)
{
	for (int i = 0; i < t->n; i++)
		if (t->processes[i].pid == pid)
			return true;
	return false;
}

static struct traced_process *add(struct traced *t, pid_t pid)
{
	struct traced_process *known = find(t, pid);

	if (known || t->n == PROCESSES)
		return known;
	t->processes[t->n] = (struct traced_process){ .pid = pid, .is_live = true };
	return &t->processes[t->n++];
}

int trace_live(const struct traced *t)
{
	int n = 0;

	for (int i = 0; i < t->n; i++)
		n += t->processes[i].is_live;
	return n;
}

/* ---- the strike ---- */

static void kill_victims(struct traced *t, const struct strike *strike, struct traced_process *p)
{
	for (int i = 0; i < t->n; i++) {
		struct traced_process *victim = &t->processes[i];
		bool is_caller = i == 0, is_it = victim == p;

		if (!victim->is_live || (strike->victims == VICTIM_CALLER && !is_caller) ||
		    (strike->victims == VICTIM_OTHER && !is_it) ||
		    (strike->victims == VICTIM_BOTH && !is_caller && !is_it))
			continue;
		kill(victim->pid, SIGKILL);
	}
}

static void fail_call(struct traced *t, struct traced_process *p, int err)
{
	struct user_regs_struct regs;

	p->is_faked = true;
	p->fake = err;
	if (ptrace(PTRACE_GETREGS, p->pid, 0, &regs) < 0)
		return;
	t->struck_write = p->call == SYS_write && regs.rdi == 2;
	/* A descriptor is gone whatever close(2) says. */
	if (p->call == SYS_close)
		return;
	regs.orig_rax = (unsigned long long)-1;
	ptrace(PTRACE_SETREGS, p->pid, 0, &regs);
}

static void fake_result(struct traced_process *p)
{
	struct user_regs_struct regs;

	p->is_faked = false;
	if (ptrace(PTRACE_GETREGS, p->pid, 0, &regs) < 0)
		return;
	regs.rax = (unsigned long long)-(long long)p->fake;
	ptrace(PTRACE_SETREGS, p->pid, 0, &regs);
}

static void strike_at(struct traced *t, const struct strike *strike, struct traced_process *p)
{
	t->struck = true;
	t->struck_pid = p->pid;
	t->struck_call = p->call;
	switch (strike->op) {
	case STRIKE_KILL:
		kill_victims(t, strike, p);
		break;
	case STRIKE_FAIL:
		fail_call(t, p, strike->value);
		break;
	case STRIKE_SIGNAL:
		kill(-t->processes[0].pid, strike->value);
		break;
	case STRIKE_CALL:
		strike->call(strike->data);
		break;
	case STRIKE_NONE:
		break;
	}
}

static bool is_due(const struct traced *t, const struct strike *strike, struct traced_process *p)
{
	if (t->struck || strike->op == STRIKE_NONE || p != &t->processes[strike->process] ||
	    p->calls < strike->at)
		return false;
	if (strike->op == STRIKE_FAIL)
		return p->in_call && !p->is_foreign && !cannot_fail(p->call) && t->is_loaded;
	return p->in_call != strike->after || p->calls > strike->at;
}

/* ---- stops ---- */

static void at_call(struct traced *t, const struct strike *strike, struct traced_process *p)
{
	p->in_call = !p->in_call;
	if (p->in_call) {
		errno = 0;
		p->call = ptrace(PTRACE_PEEKUSER, p->pid, 8L * ORIG_RAX_INDEX, 0);
		p->calls++;
		/* The first that the dynamic linker does not make: until then it is not ours. */
		t->is_loaded |= p == &t->processes[0] && p->calls > 1 &&
				(p->call == SYS_getrandom || p->call == SYS_capget ||
				 p->call == SYS_prctl || p->call == SYS_getpid);
	} else if (p->is_faked) {
		fake_result(p);
	}
	if (is_due(t, strike, p))
		strike_at(t, strike, p);
}

static void at_event(struct traced *t, struct traced_process *p, int event)
{
	unsigned long pid;

	if (event == PTRACE_EVENT_EXEC) {
		if (p != &t->processes[0]) {
			p->is_foreign = true;
			t->has_executed = true;
		} else {
			/* A program before rebind: what comes is counted anew. */
			p->calls = 0;
			t->is_loaded = false;
		}
	} else if (ptrace(PTRACE_GETEVENTMSG, p->pid, 0, &pid) == 0) {
		if (!has_been(t, (pid_t)pid))
			add(t, (pid_t)pid);
	}
}

static void at_end(struct traced *t, struct traced_process *p, int status)
{
	p->is_live = false;
	if (p != &t->processes[0])
		return;
	t->has_ended = true;
	t->status = status;
}

/* Return: the signal that the process is to get. */
static int at_stop(struct traced *t, const struct strike *strike, struct traced_process *p,
		   int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;

	if (sig == (SIGTRAP | 0x80)) {
		at_call(t, strike, p);
		return 0;
	}
	if (event && event != PTRACE_EVENT_STOP) {
		at_event(t, p, event);
		return 0;
	}
	/* The stop with which it begins. */
	return sig == SIGSTOP ? 0 : sig;
}

static void handle(struct traced *t, const struct strike *strike, pid_t pid, int status)
{
	struct traced_process *p = find(t, pid);

	if (!WIFSTOPPED(status)) {
		if (p)
			at_end(t, p, status);
		return;
	}
	if (!p)
		p = add(t, pid);
	int sig = p ? at_stop(t, strike, p, status) : 0;

	ptrace(PTRACE_SYSCALL, pid, 0, sig);
}

/* ---- the run ---- */

static void tick(int sig)
{
	(void)sig;
}

static void set_ticks(int ms)
{
	struct sigaction action = { .sa_handler = tick };
	struct itimerval timer = { .it_interval.tv_usec = ms * 1000,
				   .it_value.tv_usec = ms * 1000 };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void start(char *const argv[], const struct trace_files *files)
{
	int in = open("/dev/null", O_RDONLY),
	    out = open(files->out, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	int err = open(files->err, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	if (files->send_fd >= 0)
		dup2(files->send_fd, 3);
	close_range(files->send_fd >= 0 ? 4 : 3, ~0U, 0);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	execv(argv[0], argv);
	_exit(127);
}

static bool all_expected(const struct traced *t, bool (*is_expected)(pid_t, void *), void *data)
{
	for (int i = 0; i < t->n; i++)
		if (t->processes[i].is_live && !is_expected(t->processes[i].pid, data))
			return false;
	return true;
}

/* Nothing has happened for a while. Return: whether it is over. */
static bool is_over(struct traced *t, int64_t quiet, int64_t ended, int64_t whole,
		    bool (*is_expected)(pid_t, void *), void *data)
{
	if (t->has_ended)
		return ended > REST_MS || (quiet > QUIET_MS && all_expected(t, is_expected, data));
	t->hung = quiet > STUCK_MS || whole > LIMIT_MS;
	return t->hung;
}

static void follow(struct traced *t, const struct strike *strike,
		   bool (*is_expected)(pid_t, void *), void *data)
{
	int64_t begun = lab_now_ms(), last = begun, ended = 0;
	int status;

	while (trace_live(t)) {
		pid_t pid = waitpid(-1, &status, __WALL);
		int64_t now = lab_now_ms();

		if (pid > 0) {
			handle(t, strike, pid, status);
			last = now;
		} else if (errno != EINTR) {
			return;
		}
		if (t->has_ended && !ended)
			ended = now;
		if (is_over(t, now - last, ended ? now - ended : 0, now - begun, is_expected, data))
			return;
	}
}

int trace_run(char *const argv[], const struct trace_files *files, const struct strike *strike,
	      bool (*is_expected)(pid_t pid, void *data), void *data, struct traced *ret)
{
	int status;

	memset(ret, 0, sizeof(*ret));
	pid_t pid = fork();

	if (pid == 0)
		start(argv, files);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
		return -1;
	add(ret, pid);
	if (ptrace(PTRACE_SETOPTIONS, pid, 0, OPTIONS) < 0)
		return -1;
	set_ticks(TICK_MS);
	ptrace(PTRACE_SYSCALL, pid, 0, 0);
	follow(ret, strike, is_expected, data);
	set_ticks(0);
	return 0;
}

void trace_end(struct traced *t)
{
	struct strike none = { 0 };
	int64_t limit = lab_now_ms() + 2000;
	int status;

	for (int i = 0; i < t->n; i++)
		if (t->processes[i].is_live)
			kill(t->processes[i].pid, SIGKILL);
	while (trace_live(t) && lab_now_ms() < limit) {
		pid_t pid = waitpid(-1, &status, __WALL | WNOHANG);

		if (pid > 0)
			handle(t, &none, pid, status);
		else if (pid < 0)
			return;
		else
			usleep(500);
	}
}
