// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A plugin for hooks.sh. It says in the log what it was asked, takes mounts whose mountpoint ends
 * in
 * "/plug", binds REBIND_TEST_SOURCE there, and does on top what REBIND_TEST_PLUGIN says.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "criu-plugin.h"
#include "criu-log.h"

/* ---- what it does beside its work ---- */

/* Code that the C library would load: a name service, a library by name, a character set. */
static void look_up(void)
{
	getpwnam("nobody-has-this-name");
	dlopen("libnss_hostile.so.2", RTLD_NOW);
	dlopen("libutil.so.1", RTLD_NOW);
	iconv_t convert = iconv_open("IBM037", "UTF-8");

	if (convert != (iconv_t)-1)
		iconv_close(convert);
}

static int ask[2] = { -1, -1 }, answer[2] = { -1, -1 };

static void *look_up_when_asked(void *unused)
{
	char byte;

	(void)unused;
	while (read(ask[0], &byte, 1) == 1) {
		look_up();
		if (write(answer[1], &byte, 1) != 1)
			break;
	}
	return NULL;
}

static void ask_to_look_up(void)
{
	char byte = 'x';

	if (ask[1] < 0)
		return;
	signal(SIGPIPE, SIG_IGN);
	if (write(ask[1], &byte, 1) == 1 && read(answer[0], &byte, 1) == 1)
		pr_info("looked up elsewhere\n");
	else
		pr_info("nobody looks up\n");
}

static void be_thread(void)
{
	pthread_t thread;

	if (pipe(ask) || pipe(answer) || pthread_create(&thread, NULL, look_up_when_asked, NULL))
		abort();
}

/* In a session of its own, of parents that are gone; with nothing that ends it with its parent. */
static void be_daemon(void)
{
	char byte;
	int ready[2];

	if (pipe(ask) || pipe(answer) || pipe(ready))
		abort();
	if (fork() == 0) {
		setsid();
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, 0);
			close(ask[1]);
			close(answer[0]);
			if (write(ready[1], "r", 1) == 1)
				look_up_when_asked(NULL);
			sleep(1000);
		}
		_exit(0);
	}
	wait(NULL);
	close(ask[0]);
	close(answer[1]);
	if (read(ready[0], &byte, 1) != 1)
		abort();
}

static void be_forker(void)
{
	if (fork() == 0)
		for (;;)
			pause();
}

static void leak(void)
{
	for (int i = 0; i < 50; i++)
		if (open(i % 2 ? "/" : "/proc/self", O_PATH | O_DIRECTORY) < 0)
			abort();
}

static void close_all(void)
{
	for (int fd = 0; fd < 1000; fd++)
		close(fd);
}

static void close_stdio(void)
{
	close(0);
	close(1);
	close(2);
}

static void change_directory(void)
{
	if (chdir("/proc") < 0)
		abort();
}

static void change_umask(void)
{
	umask(0777);
}

static void block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (int i = 1; i < 64; i++)
		signal(i, SIG_IGN);
}

static void make_noise(void)
{
	for (int i = 0; i < 1000; i++)
		puts("noise on stdout");
	fflush(stdout);
	fprintf(stderr, "noise on stderr\n");
}

static void crash(void)
{
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

static void hang(void)
{
	for (;;)
		pause();
}

static void end(void)
{
	exit(3);
}

static void mount_here(const char *where)
{
	if (mount("extra", where, "tmpfs", 0, NULL) < 0)
		abort();
}

static void mount_new_root(void)
{
	mount_here("/crt-new-root");
}

static void mount_on_root(void)
{
	mount_here("/");
}

static void make_premount(void)
{
	if (mkdir("/crt-premount.999999", 0755) < 0)
		abort();
}

static void make_file(void)
{
	if (mknod("/left-behind", S_IFREG | 0644, 0) < 0)
		abort();
}

static const struct {
	const char *word;
	void (*act)(void);
} acts[] = {
	{ "thread", be_thread },
	{ "daemon", be_daemon },
	{ "forker", be_forker },
	{ "leak", leak },
	{ "close", close_all },
	{ "close-stdio", close_stdio },
	{ "chdir", change_directory },
	{ "umask", change_umask },
	{ "signals", block_signals },
	{ "noise", make_noise },
	{ "crash", crash },
	{ "hang", hang },
	{ "exit", end },
	{ "mount-new-root", mount_new_root },
	{ "mount-on-root", mount_on_root },
	{ "other-premount", make_premount },
	{ "file", make_file },
};

/* REBIND_TEST_PLUGIN is "STEP:WORD ..." */
static bool told(const char *step, const char *word)
{
	const char *mode = getenv("REBIND_TEST_PLUGIN");
	char entry[128];

	snprintf(entry, sizeof(entry), "%s:%s", step, word);
	for (const char *p = mode ? strstr(mode, entry) : NULL; p; p = strstr(p + 1, entry))
		if ((p == mode || p[-1] == ' ') && strchr(" ", p[strlen(entry)]))
			return true;
	return false;
}

static void misbehave(const char *step)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (told(step, acts[i].word))
			acts[i].act();
}

/* ---- its work ---- */

static int init(int stage)
{
	pr_info("init(%d)\n", stage);
	misbehave("init");
	return 0;
}

static void fini(int stage, int ret)
{
	look_up();
	ask_to_look_up();
	pr_info("exit(%d, %d)\n", stage, ret);
	misbehave("exit");
}

/* The one that started the keeper, which is our parent: the builder, or what dumps. */
static bool path_of_starter(const char *file, char *path, size_t size)
{
	char name[64], line[512];
	int pid = 0;

	snprintf(name, sizeof(name), "/proc/%d/stat", getppid());
	FILE *stat = fopen(name, "re");
	bool known = stat && fgets(line, sizeof(line), stat) &&
		     sscanf(strrchr(line, ')'), ") %*c %d", &pid) == 1;

	if (stat)
		fclose(stat);
	snprintf(path, size, "/proc/%d/%s", pid, file);
	return known;
}

static bool is_where_it_was_started(const char *what)
{
	char own[64], path[64];
	struct stat ours, its;

	snprintf(own, sizeof(own), "/proc/self/%s", what);
	return path_of_starter(what, path, sizeof(path)) && stat(own, &ours) == 0 &&
	       stat(path, &its) == 0 && ours.st_dev == its.st_dev && ours.st_ino == its.st_ino;
}

static int dump(char *mountpoint, int id)
{
	size_t n = strlen(mountpoint);

	(void)id;
	if (n < 5 || strcmp(mountpoint + n - 5, "/plug") != 0)
		return -ENOTSUP;
	pr_info("dump('%s')%s\n", mountpoint,
		is_where_it_was_started("ns/mnt") && is_where_it_was_started("root") &&
				is_where_it_was_started("cwd")
			? ""
			: ", not where it was started");
	misbehave("dump");
	return 0;
}

static int mount_source(const char *mountpoint, const char *old_root)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s%s", old_root, getenv("REBIND_TEST_SOURCE"));
	if (mount(path, mountpoint, NULL, MS_BIND, NULL) < 0)
		return -errno;
	if (told("restore", "noexec") &&
	    mount(NULL, mountpoint, NULL, MS_REMOUNT | MS_BIND | MS_NOEXEC, NULL) < 0)
		return -errno;
	return 0;
}

/* A filesystem with another one in it. */
static int mount_two(const char *mountpoint)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/sub", mountpoint);
	mount_here(mountpoint);
	if (mkdir(path, 0755) < 0)
		return -errno;
	mount_here(path);
	return 0;
}

static int mount_fd = -1;

/* It stays in the namespace that is built. When the hooks' thread leaves, all of the process has
 * another root; what it changes then was looked at already, and will be compared. */
static void *tamper(void *unused)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID };
	struct sched_param high = { .sched_priority = 1 };

	(void)unused;
	sched_setscheduler(0, SCHED_FIFO, &high);
	while (access("/crt-old-root", F_OK) == 0)
		sched_yield();
	mount_setattr(mount_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
	return NULL;
}

static void start_tampering(const char *mountpoint)
{
	pthread_t thread;

	mount_fd = open(mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mount_fd < 0 || pthread_create(&thread, NULL, tamper, NULL))
		abort();
}

static int restore(int id, char *mountpoint, char *old_root, int *is_file)
{
	(void)id;
	pr_info("restore('%s', '%s', %d)\n", strncmp(mountpoint, "/crt-premount.", 14) ? "?" : "ok",
		old_root, *is_file);
	misbehave("restore");
	if (!told("restore", "expect") && mkdir(mountpoint, 0755) < 0)
		return -errno;
	if (told("restore", "enoent"))
		return -ENOENT;
	int err =
		told("restore", "two") ? mount_two(mountpoint) : mount_source(mountpoint, old_root);

	if (!err && told("restore", "tamper"))
		start_tampering(mountpoint);
	return err;
}

static int start(void)
{
	pr_info("restore_init\n");
	misbehave("start");
	return 0;
}

static bool is_complete(void)
{
	char path[64], line[4096];
	FILE *table = path_of_starter("mountinfo", path, sizeof(path)) ? fopen(path, "re") : NULL;
	bool plug = false, tmp = false;

	while (table && fgets(line, sizeof(line), table)) {
		plug = plug || strstr(line, " /plug ");
		tmp = tmp || strstr(line, " /tmp ");
	}
	if (table)
		fclose(table);
	return plug && tmp;
}

static int late(void)
{
	const char *pidfile = getenv("REBIND_TEST_PIDFILE");

	look_up();
	ask_to_look_up();
	pr_info("post_forking: %s, %s\n", is_complete() ? "complete" : "incomplete",
		pidfile && access(pidfile, F_OK) == 0 ? "handed over" : "ours");
	misbehave("late");
	return 0;
}

static int never(void)
{
	pr_err("NEVER: a hook was called that is not for rebind\n");
	return -EIO;
}

CR_PLUGIN_REGISTER("test", init, fini)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_MOUNT, dump)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT, restore)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_INIT, start)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__POST_FORKING, late)

static void __attribute__((constructor)) register_never(void)
{
	for (int i = CR_PLUGIN_HOOK__HANDLE_DEVICE_VMA; i <= CR_PLUGIN_HOOK__CHECKPOINT_DEVICES;
	     i++)
		CR_PLUGIN_DESC.hooks[i] = (void *)never;
	CR_PLUGIN_DESC.hooks[CR_PLUGIN_HOOK__DUMP_DEVICES_LATE] = (void *)never;
	CR_PLUGIN_DESC.hooks[CR_PLUGIN_HOOK__DUMP_EXT_LINK] = (void *)never;
}
