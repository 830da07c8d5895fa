// SPDX-License-Identifier: LGPL-2.1-or-later
/* A container with volumes, an image of it, and a root to restore it into: all on a tmpfs of ours.
 */
#include "torture.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *const points[] = { "proc", "tmp",  "shm",	 "vol",
				      "ro",   "deep", "deep/er", "deep/er/vol" };
static const char *const volumes[] = { "vol", "ro", "deep" };

int64_t lab_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void dice_start(struct dice *dice, uint64_t seed, const char *kind, uint64_t attempt)
{
	uint64_t state = 1469598103934665603u;

	for (; *kind; kind++)
		state = (state ^ (unsigned char)*kind) * 1099511628211u;
	dice->state = (state ^ seed * 0x9e3779b97f4a7c15u) + attempt * 0xbf58476d1ce4e5b9u;
	for (int i = 0; i < 4; i++)
		dice_roll(dice, 2);
}

/* splitmix64 */
uint32_t dice_roll(struct dice *dice, uint32_t sides)
{
	uint64_t z = dice->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ (z >> 31)) % sides);
}

char *lab_read(const char *path)
{
	size_t size = 0, n = 0;
	char *text = calloc(1, 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	for (ssize_t got = 1; fd >= 0 && text && got > 0; n += got > 0 ? (size_t)got : 0) {
		if (n + 4096 > size)
			text = realloc(text, size = size * 2 + 8192);
		got = text ? read(fd, text + n, size - n - 1) : -1;
	}
	if (fd >= 0)
		close(fd);
	if (text)
		text[n] = '\0';
	return text;
}

int lab_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* ---- what is there ---- */

/* nftw(3) passes nothing on. */
static FILE *listing_to;

static int list_file(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)kind;
	if (ftw->level > 0)
		fprintf(listing_to, "%s %o %llu\n", path, st->st_mode,
			(unsigned long long)st->st_ino);
	return 0;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted in place: directories list as they like. */
static char *sort_lines(char *text)
{
	static char *lines[8192];
	char *copy = strdup(text), *to = text;
	size_t n = 0;

	for (char *line = strtok(copy, "\n"); line && n < ARRAY_SIZE(lines);
	     line = strtok(NULL, "\n"))
		lines[n++] = line;
	qsort(lines, n, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < n; i++)
		to += sprintf(to, "%s\n", lines[i]);
	free(copy);
	return text;
}

char *lab_listing(const struct lab *lab, const char *name)
{
	char path[2 * PATH_SIZE], *text = NULL;
	size_t size = 0;

	snprintf(path, sizeof(path), "%s/%s", lab->dir, name);
	listing_to = open_memstream(&text, &size);
	nftw(path, list_file, 16, FTW_PHYS);
	fclose(listing_to);
	return sort_lines(text);
}

static int remove_file(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	return ftw->level > 0 ? remove(path) : 0;
}

void lab_remove(const struct lab *lab, const char *name)
{
	char path[2 * PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", lab->dir, name);
	nftw(path, remove_file, 16, FTW_PHYS | FTW_DEPTH | FTW_MOUNT);
}

static bool is_stranger(const struct lab *lab, pid_t pid, char *name, size_t size)
{
	char path[64], state = 'Z';
	pid_t parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	char *stat = lab_read(path);
	char *end = stat ? strrchr(stat, ')') : NULL;

	if (end && sscanf(end, ") %c %d", &state, &parent) == 2)
		snprintf(name, size, "%.*s", (int)(end - stat + 3), stat);
	free(stat);
	for (size_t i = 0; i < ARRAY_SIZE(lab->expected); i++)
		if (pid == lab->expected[i])
			return false;
	return state != 'Z' && pid != getpid() && pid != lab->container && pid != lab->helper &&
	       (!lab->helper || parent != lab->helper) && pid != lab->set &&
	       (!lab->set || parent != lab->set);
}

void lab_strangers(const struct lab *lab, char *text, size_t size)
{
	DIR *proc = opendir("/proc");
	char name[128];

	text[0] = '\0';
	for (struct dirent *entry; proc && (entry = readdir(proc));) {
		pid_t pid = atoi(entry->d_name);

		if (isdigit(entry->d_name[0]) && is_stranger(lab, pid, name, sizeof(name)))
			snprintf(text + strlen(text), size - strlen(text), "%s; ", name);
	}
	if (proc)
		closedir(proc);
}

int lab_run(const struct lab *lab, char *const argv[])
{
	char log[2 * PATH_SIZE];
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		snprintf(log, sizeof(log), "%s/log", lab->dir);
		int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(20);
		dup2(fd, 1);
		dup2(fd, 2);
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- how it is made ---- */

static int copy_program(const struct lab *lab, const char *name, const char *root)
{
	char from[2 * PATH_SIZE], to[2 * PATH_SIZE], buf[65536];
	ssize_t n = 0;

	snprintf(from, sizeof(from), "%s/test/torture/%s", lab->build, name);
	snprintf(to, sizeof(to), "%s/%s/%s", lab->dir, root, name);
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	while (in >= 0 && out >= 0 && (n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			break;
	if (in < 0 || out < 0 || n)
		return fprintf(stderr, "torture: cannot copy %s: %s\n", from, strerror(errno)), -1;
	close(in);
	return close(out);
}

static void make_points(const struct lab *lab, const char *root)
{
	char path[2 * PATH_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", lab->dir, root, points[i]);
		mkdir(path, 0755);
	}
	snprintf(path, sizeof(path), "%s/%s/conf", lab->dir, root);
	lab_write(path, "");
}

void lab_new_root(const struct lab *lab, bool bare)
{
	char path[2 * PATH_SIZE];

	snprintf(path, sizeof(path), "%s/new", lab->dir);
	lab_remove(lab, "new");
	mkdir(path, 0755);
	copy_program(lab, "inside", "new");
	if (!bare)
		make_points(lab, "new");
}

static void make_source(const struct lab *lab, const char *dir)
{
	char path[2 * PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", lab->dir, dir);
	mkdir(path, 0755);
	for (size_t i = 0; i < ARRAY_SIZE(volumes); i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", lab->dir, dir, volumes[i]);
		mkdir(path, 0755);
		snprintf(path, sizeof(path), "%s/%s/%s/file", lab->dir, dir, volumes[i]);
		lab_write(path, "a volume's\n");
	}
	snprintf(path, sizeof(path), "%s/%s/conf", lab->dir, dir);
	lab_write(path, "configured\n");
}

static int bind_in(const char *from, const char *name, const char *to, unsigned long flags)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", from, name);
	if (mount(path, to, NULL, MS_BIND, NULL) < 0)
		return -1;
	return flags ? mount(NULL, to, NULL, MS_BIND | MS_REMOUNT | flags, NULL) : 0;
}

/*
 * Children with namespaces of their own: copies, with a tmpfs that is a peer of the first's, and one
 * that only they have.
 */
static int contain_others(int n)
{
	if (mount(NULL, "shm", NULL, MS_SHARED, NULL) < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		int apart[2];
		char byte;

		if (pipe2(apart, O_CLOEXEC) < 0)
			return -1;
		pid_t pid = fork();

		/* It must have left before the root of this namespace becomes another. */
		close(apart[pid == 0 ? 0 : 1]);
		if (pid && (pid < 0 || read(apart[0], &byte, 1) != 0))
			return -1;
		if (pid)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNS) < 0 || mount("own", "tmp", "tmpfs", 0, "mode=755") < 0 ||
		    lab_write("tmp/own", "of one\n") < 0)
			_exit(1);
		execl("./inside", "inside", "hold", ".", NULL);
		_exit(1);
	}
	return 0;
}

/* The child: its own mounts below the root, then the program that makes it the root. */
static int contain(const char *a, int others)
{
	char noise[3000];

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)('a' + i * i % 23);
	noise[sizeof(noise) - 1] = '\0';
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    chdir(a) < 0 || mount("root", "root", NULL, MS_BIND, NULL) < 0 || chdir("root") < 0 ||
	    mount("proc", "proc", "proc", 0, NULL) < 0 ||
	    mount("tmpfs", "tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") < 0 ||
	    mkdir("tmp/dir", 0755) < 0 || lab_write("tmp/dir/file", "data\n") < 0 ||
	    mount("shm", "shm", "tmpfs", 0, "size=1m") < 0 || lab_write("shm/noise", noise) < 0 ||
	    bind_in(a, "vol", "vol", 0) < 0 || bind_in(a, "conf", "conf", 0) < 0 ||
	    bind_in(a, "ro", "ro", MS_RDONLY) < 0 || bind_in(a, "deep", "deep/er/vol", 0) < 0 ||
	    (others && contain_others(others) < 0))
		return -1;
	return execl("./inside", "inside", "hold", ".", NULL);
}

static pid_t start_container(const struct lab *lab, int others)
{
	char path[2 * PATH_SIZE], line[8];
	int ends[2];
	bool is_ready = true;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid_t pid = fork();

	if (pid == 0) {
		dup2(ends[1], 1);
		snprintf(path, sizeof(path), "%s/a", lab->dir);
		contain(path, others);
		perror("torture: the container");
		_exit(1);
	}
	close(ends[1]);
	/* "ready", a line each */
	for (int i = 0; i <= others && is_ready; i++)
		is_ready = pid > 0 && read(ends[0], line, strlen("ready\n")) > 0;
	close(ends[0]);
	return is_ready ? pid : -1;
}

static int dump_container(struct lab *lab, pid_t of, const char *image, char *option)
{
	char pid[16], dir[2 * PATH_SIZE];
	char *argv[] = { lab->rebind,  "dump",
			 "-t",	       pid,
			 "-D",	       dir,
			 "--external", "mnt[/vol]:vol",
			 "--external", "mnt[/conf]:conf",
			 "--external", "mnt[/ro]:ro",
			 "--external", "mnt[/deep/er/vol]:deep",
			 option,       NULL };

	snprintf(pid, sizeof(pid), "%d", (int)of);
	snprintf(dir, sizeof(dir), "%s/%s", lab->dir, image);
	mkdir(dir, 0755);
	return lab_run(lab, argv);
}

static const char *const directories[] = {
	"a", "a/root", "src", "new", "out", "host", "host/victim"
};

int lab_make(struct lab *lab, const char *build)
{
	char path[2 * PATH_SIZE];

	snprintf(lab->build, sizeof(lab->build), "%s", build);
	snprintf(lab->rebind, sizeof(lab->rebind), "%.*s/rebind", PATH_SIZE - 16, build);
	snprintf(lab->sanitized, sizeof(lab->sanitized), "%.*s-asan/rebind", PATH_SIZE - 16, build);
	if (access(lab->sanitized, X_OK) < 0)
		lab->sanitized[0] = '\0';
	if (mount("torture", lab->dir, "tmpfs", 0, "mode=755") < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		snprintf(path, sizeof(path), "%s/%s", lab->dir, directories[i]);
		mkdir(path, 0755);
	}
	snprintf(path, sizeof(path), "%s/host/secret", lab->dir);
	lab_write(path, "of the host\n");
	make_source(lab, "a");
	make_source(lab, "src");
	make_points(lab, "a/root");
	if (copy_program(lab, "inside", "a/root") < 0)
		return -1;
	lab_new_root(lab, false);
	lab->container = start_container(lab, 0);
	lab->set = start_container(lab, SET_SIZE - 1);
	lab->mounts = lab_read("/proc/self/mountinfo");
	return lab->container < 0 || lab->set < 0 ||
			       dump_container(lab, lab->container, "img", NULL) ||
			       dump_container(lab, lab->set, "set", "--all-mntns")
		       ? -1
		       : 0;
}
