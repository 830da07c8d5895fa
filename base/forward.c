// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/forward.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"

static const int signals[FORWARD_SIGNALS] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };

static volatile sig_atomic_t receiver;		    /* a pid, or 0 */
static volatile sig_atomic_t kept[FORWARD_SIGNALS]; /* came while there was none */
static bool is_on;
static volatile sig_atomic_t is_forked; /* the child is there, and gets its own */

static void pass(int number, siginfo_t *info, void *context)
{
	int saved = errno;
	pid_t pid = (pid_t)receiver;
	/* Positive codes are the kernel's: a terminal's keys, and its end, are for both. */
	bool has_its_own = is_forked && info->si_code > 0;

	for (size_t i = 0; !pid && !has_its_own && i < FORWARD_SIGNALS; i++)
		if (signals[i] == number)
			kept[i] = 1;
	if (pid && !has_its_own)
		kill(pid, number);
	errno = saved;
}

static void send_kept(pid_t pid)
{
	for (size_t i = 0; i < FORWARD_SIGNALS; i++) {
		if (kept[i])
			kill(pid, signals[i]);
		kept[i] = 0;
	}
}

void forward_start(struct forward *forward)
{
	struct sigaction action = { .sa_sigaction = pass, .sa_flags = SA_RESTART | SA_SIGINFO };

	receiver = 0;
	is_on = true;
	is_forked = false;
	for (size_t i = 0; i < FORWARD_SIGNALS; i++) {
		kept[i] = 0;
		sigaction(signals[i], NULL, &forward->before[i]);
		if (forward->before[i].sa_handler == SIG_DFL)
			sigaction(signals[i], &action, NULL);
	}
	forward->is_on = true;
}

/* What came to the parent is not the child's. */
static void forget(void)
{
	struct sigaction now, action = { .sa_handler = SIG_DFL };

	receiver = 0;
	for (size_t i = 0; i < FORWARD_SIGNALS; i++) {
		kept[i] = 0;
		sigaction(signals[i], NULL, &now);
		if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == pass)
			sigaction(signals[i], &action, NULL);
	}
}

pid_t forward_fork(pid_t (*fork_child)(void))
{
	sigset_t set, before;

	if (!is_on)
		return fork_child();
	sigemptyset(&set);
	for (size_t i = 0; i < FORWARD_SIGNALS; i++)
		sigaddset(&set, signals[i]);
	pthread_sigmask(SIG_BLOCK, &set, &before);
	pid_t pid = fork_child();

	is_forked = pid > 0;
	if (pid == 0)
		forget();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

int forward_wait(pid_t pid, int *ret_status)
{
	siginfo_t info;

	receiver = pid;
	send_kept(pid);
	/* Not reaped yet, so that no other process gets its number while signals are sent. */
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	receiver = 0;
	return child_wait(pid, ret_status);
}

void forward_stop(struct forward *forward)
{
	if (!forward->is_on)
		return;
	forward->is_on = is_on = false;
	receiver = 0;
	for (size_t i = 0; i < FORWARD_SIGNALS; i++)
		sigaction(signals[i], &forward->before[i], NULL);
	send_kept(getpid());
}
