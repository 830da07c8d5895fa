// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs that a trial runs. The trial is pid 1 of a pid namespace with a /proc of its own: a
 * process that is neither itself nor one that it knows of is one that was left behind.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runner.h"

#define STEP_SECONDS 30
#define GRACE_MS     1500

static void sleep_ms(int ms)
{
	struct timespec time = { .tv_nsec = ms * 1000000L };

	nanosleep(&time, NULL);
}

static bool join(pid_t pid, const char *name, int type)
{
	char *path = format("/proc/%d/ns/%s", pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool joined = fd >= 0 && !setns(fd, type);

	if (!joined)
		fprintf(stderr, "cannot join %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return joined;
}

bool process_enter(pid_t pid, bool user)
{
	char *path = format("/proc/%d/ns/mnt", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool entered;

	if (fd < 0) {
		fprintf(stderr, "cannot open %s: %s\n", path, strerror(errno));
		return false;
	}
	entered = (!user || join(pid, "user", CLONE_NEWUSER)) && !setns(fd, CLONE_NEWNS);
	close(fd);
	if (entered && user)
		entered = !setresgid(0, 0, 0) && !setresuid(0, 0, 0);
	return entered && !chdir("/");
}

/* The number has to be free: descriptors of the runner's are closed by then. */
static void open_at(const char *inherit)
{
	const char *path = strchr(inherit, '=') + 1;
	bool tree = !strncmp(path, "tree:", 5);
	int wanted = atoi(inherit), fd;

	fd = tree ? open_tree(AT_FDCWD, path + 5, OPEN_TREE_CLONE) : open(path, O_RDONLY);
	if (fd < 0 || (fd != wanted && (dup2(fd, wanted) < 0 || close(fd)))) {
		dprintf(2, "cannot open %s: %s\n", inherit, strerror(errno));
		_exit(126);
	}
}

static _Noreturn void child(const struct launch *launch)
{
	int log =
		open(launch->log ? launch->log : "/dev/null", O_WRONLY | O_APPEND | O_CREAT, 0600);
	int nothing = open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (log < 0 || nothing < 0 || dup2(nothing, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(126);
	for (size_t i = 0; launch->env && i < launch->env->count; i++)
		putenv(launch->env->items[i]);
	if (launch->directory && chdir(launch->directory))
		_exit(126);
	if (launch->inside && !process_enter(launch->inside, launch->inside_user))
		_exit(126);
	if (launch->program_fd) {
		dup3(launch->program_fd, 3, O_CLOEXEC);
		close_range(4, ~0U, 0);
		syscall(SYS_execveat, 3, "", launch->argv, environ, AT_EMPTY_PATH);
	} else {
		close_range(3, ~0U, 0);
		for (size_t i = 0; launch->inherit && i < launch->inherit->count; i++)
			open_at(launch->inherit->items[i]);
		execvp(launch->argv[0], (char *const *)launch->argv);
	}
	dprintf(2, "%s: %s\n", launch->argv[0], strerror(errno));
	_exit(127);
}

/* The engine must end; a holder that it leaves need not, and is not waited for. */
static bool wait_for(pid_t pid, int *status)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd poller = { .fd = pidfd, .events = POLLIN };
	bool ended = pidfd < 0 || poll(&poller, 1, STEP_SECONDS * 1000 * kernel_slowness()) == 1;

	if (!ended)
		kill(pid, SIGKILL);
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	if (pidfd >= 0)
		close(pidfd);
	return ended;
}

int process_run(const struct launch *launch)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		give_up("fork: %s", strerror(errno));
	if (!pid)
		child(launch);
	if (!wait_for(pid, &status))
		return -ETIMEDOUT;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void process_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	for (int ms = 0; ms < GRACE_MS; ms++) {
		/* Ours, by birth or because its parent ended; or somebody else reaps it. */
		if (waitpid(pid, NULL, WNOHANG) == pid || kill(pid, 0))
			return;
		sleep_ms(1);
	}
	complain("process %d does not die", pid);
}

struct list process_list(void)
{
	struct list list = { 0 };
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc)))
		if (isdigit((unsigned char)*entry->d_name) && atoi(entry->d_name) != getpid())
			list_add(&list, entry->d_name);
	if (proc)
		closedir(proc);
	list_sort(&list);
	return list;
}

static bool list_has(const struct list *list, const char *item)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->items[i], item))
			return true;
	return false;
}

static char *process_name(const char *pid)
{
	struct text name = { 0 };

	text_read_file(&name, format("/proc/%s/comm", pid));
	if (name.length)
		name.bytes[name.length - 1] = '\0';
	return format("%s (%s)", pid, text_string(&name));
}

/* Ended orphans are the trial's to reap. */
static struct list strangers_now(const struct list *expected)
{
	struct list list = process_list(), strangers = { 0 };

	for (size_t i = 0; i < list.count; i++) {
		if (list_has(expected, list.items[i]))
			continue;
		if (waitpid(atoi(list.items[i]), NULL, WNOHANG) > 0)
			continue;
		list_add(&strangers, process_name(list.items[i]));
	}
	return strangers;
}

bool process_wait_only(const struct list *expected, struct list *strangers)
{
	for (int ms = 0; ms < GRACE_MS; ms += 5) {
		*strangers = strangers_now(expected);
		if (!strangers->count)
			return true;
		sleep_ms(5);
	}
	return false;
}
