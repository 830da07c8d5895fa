/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plugin that does what its environment says. Loaded as "a.so" it reads TEST_a, a list like
 * "init=-5 restore=crash dump=0", and writes a line for each call into the file "journal" of the
 * image directory: its name, the step, what it was told.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "criu-plugin.h"
#include "criu-log.h"
#include "rebind-plugin.h"

static int calls; /* state that lasts from init to exit */
static char me[64];

static void __attribute__((format(printf, 1, 2))) journal(const char *format, ...)
{
	char line[512];
	int fd = openat(criu_get_image_dir(), "journal", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
			0600);
	va_list args;

	va_start(args, format);
	int n = vsnprintf(line, sizeof(line), format, args);

	va_end(args);
	if (fd < 0 || write(fd, line, (size_t)n) != n)
		abort();
	close(fd);
}

static void note_process(void)
{
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	journal("%s: pid %d, parent %d, SIGUSR1 %s, SIGUSR2 %s\n", me, getpid(), getppid(),
		signal(SIGUSR1, SIG_DFL) == SIG_DFL ? "default" : "handled",
		sigismember(&mask, SIGUSR2) ? "blocked" : "open");
}

static void leave_daemon(void)
{
	int ends[2];
	char byte = 0;

	if (pipe(ends) < 0)
		abort();
	if (fork() == 0) {
		setsid();
		if (fork() == 0) {
			journal("%s: daemon %d\n", me, getpid());
			if (write(ends[1], &byte, 1) != 1)
				abort();
			sleep(1000);
		}
		_exit(0);
	}
	wait(NULL);
	if (read(ends[0], &byte, 1) != 1)
		abort();
}

static void *hermit(void *ready)
{
	unshare(CLONE_FS);
	pthread_barrier_wait(ready);
	sleep(1000);
	return NULL;
}

static void start_hermit(void)
{
	static pthread_barrier_t ready;
	pthread_t thread;

	pthread_barrier_init(&ready, NULL, 2);
	pthread_create(&thread, NULL, hermit, &ready);
	pthread_barrier_wait(&ready);
}

static void *idle(void *unused)
{
	(void)unused;
	sleep(1000);
	return NULL;
}

static void start_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, idle, NULL);
}

static void *crash_soon(void *unused)
{
	(void)unused;
	usleep(50000);
	raise(SIGSEGV);
	return NULL;
}

static void crash_later(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, crash_soon, NULL);
}

static void note_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");

	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		if (atoi(e->d_name) > 2 && fcntl(atoi(e->d_name), F_GETFD) == 0)
			journal("%s: inheritable %s\n", me, e->d_name);
	closedir(dir);
}

static void close_everything(void)
{
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
}

static void talk(void)
{
	puts("this goes to stdout");
	pr_err("an error\n");
	pr_warn("a warning\n");
	pr_info("two\nlines\n");
	pr_debug("not wanted\n");
	errno = ENOSPC;
	pr_perror("cannot %s", "write");
	errno = ENOSPC;
	print_on_level(1, "%m\n");
}

static void be_a_flood(void)
{
	char line[201];

	memset(line, 'x', sizeof(line));
	line[200] = '\0';
	for (int i = 0; i < 10000; i++)
		pr_info("%s\n", line);
	char *long_line = malloc(20001);

	memset(long_line, 'y', 20000);
	long_line[20000] = '\0';
	pr_info("%s\n", long_line);
	free(long_line);
}

static const struct {
	const char *word;
	void (*act)(void);
} acts[] = {
	{ "crash", abort },
	{ "close", close_everything },
	{ "daemon", leave_daemon },
	{ "hermit", start_hermit },
	{ "talk", talk },
	{ "flood", be_a_flood },
	{ "thread", start_thread },
	{ "later", crash_later },
	{ "process", note_process },
	{ "descriptors", note_descriptors },
};

static int act(const char *word, const char *rest)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (strcmp(word, acts[i].word) == 0)
			acts[i].act();
	if (strcmp(word, "exit") == 0)
		exit(atoi(rest));
	while (strcmp(word, "hang") == 0)
		sleep(1000);
	return strcmp(word, "return") == 0 ? atoi(rest) : 0;
}

/* "step=word,argument" entries, apart by blanks; several for one step are done in order. */
static int do_step(const char *step)
{
	char name[80], *text, *rest = NULL;
	int value = 0;

	snprintf(name, sizeof(name), "TEST_%s", me);
	text = strdup(getenv(name) ? getenv(name) : "");
	for (char *entry = strtok_r(text, " ", &rest); entry; entry = strtok_r(NULL, " ", &rest)) {
		char *word = strchr(entry, '='), *argument;

		if (!word)
			continue;
		*word++ = '\0';
		argument = strchr(word, ',');
		if (argument)
			*argument++ = '\0';
		if (strcmp(entry, step) == 0)
			value = act(word, argument ? argument : "0");
	}
	free(text);
	return value;
}

static void __attribute__((constructor)) find_name(void)
{
	Dl_info info;

	if (dladdr(me, &info))
		snprintf(me, sizeof(me), "%s", strrchr(info.dli_fname, '/') + 1);
	*strchrnul(me, '.') = '\0';
	do_step("load");
}

static int probe_init(int stage)
{
	int value = do_step("init");

	journal("%s: init(%d) %d\n", me, stage, value);
	return value;
}

static void probe_exit(int stage, int ret)
{
	do_step("exit");
	journal("%s: exit(%d, %d) after %d calls\n", me, stage, ret, calls);
}

static int probe_dump(char *mountpoint, int id)
{
	int value = do_step("dump");

	calls++;
	journal("%s: dump('%s', %d)\n", me, mountpoint, id);
	*mountpoint = '!'; /* it is ours to spoil */
	return value;
}

static int probe_restore(int id, char *mountpoint, char *old_root, int *is_file)
{
	struct rebind_mount_info info = { .size = sizeof(info) };
	int value;

	calls++;
	journal("%s: restore(%d, '%s', '%s', %d)\n", me, id, mountpoint, old_root, *is_file);
	if (rebind_mount_info(id, &info) == 0)
		journal("%s: info %u '%s' %u\n", me, info.id, info.mountpoint, info.sb_flags);
	/* As a plugin from before sb_flags has it. */
	info = (struct rebind_mount_info){ .size = offsetof(struct rebind_mount_info, sb_flags),
					   .sb_flags = 77 };
	if (rebind_mount_info(id, &info) == 0)
		journal("%s: older info %u '%s' %u\n", me, info.id, info.mountpoint, info.sb_flags);
	*is_file = 7;
	value = do_step("restore");
	return value;
}

static int probe_dump_sk(int fd, int id)
{
	struct stat st;

	calls++;
	if (fstat(fd, &st) < 0)
		return -errno;
	journal("%s: dump_sk(%d) %s\n", me, id, S_ISFIFO(st.st_mode) ? "fifo" : "other");
	return do_step("dump_sk");
}

static int probe_restore_file(int id, bool *retry_needed)
{
	int value = do_step("restore_file");

	if (value == -EAGAIN) {
		*retry_needed = true;
		return -1;
	}
	journal("%s: restore_file(%d)\n", me, id);
	return value ? value : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int probe_dump_link(int index, int type, char *kind)
{
	journal("%s: dump_link(%d, %d, '%s')\n", me, index, type, kind);
	return do_step("dump_link");
}

static int probe_restore_init(void)
{
	journal("%s: restore_init\n", me);
	return do_step("restore_init");
}

CR_PLUGIN_REGISTER("probe", probe_init, probe_exit)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_MOUNT, probe_dump)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT, probe_restore)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_UNIX_SK, probe_dump_sk)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_FILE, probe_restore_file)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_LINK, probe_dump_link)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_INIT, probe_restore_init)
