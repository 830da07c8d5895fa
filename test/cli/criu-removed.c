// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A process with removed files of every kind open. At SIGUSR1 it looks at all of them, and writes
 * what is wrong, or "fine", into /vol/report.
 *
 * usage: criu-removed     (in a root with /tmp and /vol)
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MAX    32
#define HOLE   (1 << 20)
#define LARGE  (200 * 1024)

static struct file {
	const char *path; /* it had, or NULL: it is not told */
	int fd;
	struct stat st;
	char text[16]; /* at its beginning */
} files[MAX];
static int n_files;
static char *mapped;
static FILE *report;

static void must(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static void wrong(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(report, format, args);
	va_end(args);
	fputc('\n', report);
}

static struct file *keep(const char *path, int fd)
{
	struct file *file = &files[n_files++];

	must(fd >= 0, path);
	file->path = path;
	file->fd = fd;
	return file;
}

static int make(const char *path, const char *text, int mode)
{
	int fd = open(path, O_CREAT | O_EXCL | O_RDWR, 0600);

	must(fd >= 0 && write(fd, text, strlen(text)) >= 0 && fchmod(fd, mode) == 0, path);
	return fd;
}

static void make_text(const char *path, const char *text, int mode)
{
	struct file *file = keep(path, make(path, text, mode));

	strcpy(file->text, text);
}

static void make_removed(const char *path)
{
	make_text(path, path, 0640);
	must(chown(path, 12, 34) == 0 && unlink(path) == 0, path);
}

/* The log that was opened first, the one after it, and one that is there. */
static void make_rotated(const char *path)
{
	make_text(path, "one", 0600);
	must(unlink(path) == 0, path);
	make_text(path, "two", 0600);
	must(unlink(path) == 0, path);
	make_text(path, "three", 0600);
	files[n_files - 3].path = files[n_files - 2].path = NULL;
}

/* Two names of one file, both gone. */
static void make_twins(const char *path, const char *twin)
{
	make_text(path, "twins", 0600);
	must(link(path, twin) == 0, twin);
	keep(twin, open(twin, O_RDONLY));
	must(unlink(path) == 0 && unlink(twin) == 0, path);
}

static void make_large(const char *path)
{
	char block[4096];
	int fd = make(path, "large", 0600);

	memset(block, 'x', sizeof(block));
	for (int at = 4096; at < LARGE; at += (int)sizeof(block))
		must(pwrite(fd, block, sizeof(block), at) == sizeof(block), path);
	must(pwrite(fd, "end", 3, HOLE) == 3, path);
	keep(path, fd);
	must(unlink(path) == 0, path);
}

static void make_directory(const char *dir, const char *inside, const char *cwd)
{
	must(mkdir(dir, 0751) == 0, dir);
	make_removed(inside);
	must(mkdir(cwd, 0700) == 0 && chdir(cwd) == 0 && rmdir(cwd) == 0, cwd);
	keep(cwd, open(".", O_RDONLY | O_DIRECTORY));
	keep(dir, open(dir, O_RDONLY | O_DIRECTORY));
	must(rmdir(dir) == 0, dir);
}

static void make_special(void)
{
	must(mkfifo("/tmp/fifo", 0620) == 0, "fifo");
	keep("/tmp/fifo", open("/tmp/fifo", O_RDWR));
	must(write(files[n_files - 1].fd, "in the fifo", 11) == 11, "fifo");
	must(symlink("to/nowhere", "/tmp/link") == 0, "link");
	keep("/tmp/link", open("/tmp/link", O_PATH | O_NOFOLLOW));
	must(unlink("/tmp/fifo") == 0 && unlink("/tmp/link") == 0, "unlink");
	/* Not in a user namespace. */
	if (mknod("/vol/null", S_IFCHR | 0666, makedev(1, 3)) < 0)
		return;
	keep("/vol/null", open("/vol/null", O_RDWR));
	must(unlink("/vol/null") == 0, "unlink");
}

static void make_mapped(const char *path)
{
	int fd = make(path, "mapped", 0600);

	mapped = mmap(NULL, 6, PROT_READ, MAP_SHARED, fd, 0);
	must(mapped != MAP_FAILED && close(fd) == 0 && unlink(path) == 0, path);
}

/* A name that is gone, of a file that has another one. */
static void make_linked(const char *path, const char *other)
{
	must(mkdir("/vol/kept", 0700) == 0, "kept");
	make_text(path, "linked", 0600);
	must(link(path, other) == 0 && unlink(path) == 0, path);
}

/* Two names in two directories; none is open for writing, which would keep the mount so. */
static void make_readonly_twins(void)
{
	static const char *const names[] = { "/tmp/ro/a/b/twin", "/tmp/ro/c/twin" };

	must(mkdir("/tmp/ro/a", 0700) == 0 && mkdir("/tmp/ro/a/b", 0700) == 0 &&
		     mkdir("/tmp/ro/c", 0700) == 0,
	     "ro");
	close(make(names[0], "twins", 0600));
	must(link(names[0], names[1]) == 0, names[1]);
	for (int i = 0; i < 2; i++)
		keep(names[i], open(names[i], O_RDONLY));
	must(unlink(names[0]) == 0 && unlink(names[1]) == 0, "ro");
}

/* Removed from a tmpfs that is read-only since then. */
static void make_readonly(void)
{
	must(mkdir("/tmp/ro", 0700) == 0 && mount("ro", "/tmp/ro", "tmpfs", 0, NULL) == 0, "ro");
	close(make("/tmp/ro/file", "readonly", 0600));
	keep("/tmp/ro/file", open("/tmp/ro/file", O_RDONLY));
	must(unlink("/tmp/ro/file") == 0, "ro");
	make_readonly_twins();
	must(mount(NULL, "/tmp/ro", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0, "ro");
}

static void note(struct file *file)
{
	must(fstat(file->fd, &file->st) == 0, file->path ? file->path : "?");
}

/* ---- looking ---- */

static void look_at_name(const struct file *file)
{
	char path[64], link[4096], expected[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file->fd);
	n = readlink(path, link, sizeof(link) - 1);
	link[n < 0 ? 0 : n] = '\0';
	snprintf(expected, sizeof(expected), "%s%s", file->path, file->st.st_nlink ? "" : " (deleted)");
	if (S_ISDIR(file->st.st_mode))
		snprintf(expected, sizeof(expected), "%s (deleted)", file->path);
	if (strcmp(link, expected) != 0 && file->st.st_nlink == 0)
		wrong("fd %d is called '%s', not '%s'", file->fd, link, expected);
}

static void look_at(const struct file *file)
{
	const char *name = file->path ? file->path : "?";
	char text[16] = "";
	struct stat st;

	if (fstat(file->fd, &st) < 0) {
		wrong("%s: not open", name);
		return;
	}
	if (st.st_mode != file->st.st_mode || st.st_uid != file->st.st_uid ||
	    st.st_gid != file->st.st_gid || st.st_size != file->st.st_size ||
	    st.st_rdev != file->st.st_rdev || st.st_nlink != file->st.st_nlink)
		wrong("%s: mode %o %o, owner %u:%u, size %lld %lld, links %u %u", name, st.st_mode,
		      file->st.st_mode, st.st_uid, st.st_gid, (long long)st.st_size,
		      (long long)file->st.st_size, (unsigned)st.st_nlink,
		      (unsigned)file->st.st_nlink);
	/* look() writes to the fifo. */
	if (st.st_mtim.tv_sec != file->st.st_mtim.tv_sec && !S_ISFIFO(st.st_mode))
		wrong("%s: modified at another time", name);
	if (*file->text && (pread(file->fd, text, sizeof(text) - 1, 0) < 0 ||
			    strcmp(text, file->text) != 0))
		wrong("%s: has '%s'", name, text);
	if (file->path)
		look_at_name(file);
}

static void look_at_large(const struct file *file)
{
	char text[4] = "", block[2];

	if (pread(file->fd, block, 1, LARGE - 1) != 1 || *block != 'x' ||
	    pread(file->fd, text, 3, HOLE) != 3 || strcmp(text, "end") != 0)
		wrong("%s: other contents", file->path);
}

static void look(void)
{
	struct stat cwd;
	char name[4096];

	report = fopen("/vol/report.new", "we");
	must(report != NULL, "report");
	for (int i = 0; i < n_files; i++) {
		look_at(&files[i]);
		if (files[i].st.st_size > HOLE)
			look_at_large(&files[i]);
		if (S_ISFIFO(files[i].st.st_mode) &&
		    (read(files[i].fd, name, 12) != 11 || memcmp(name, "in the fifo", 11) != 0 ||
		     write(files[i].fd, name, 11) != 11))
			wrong("the fifo: other contents");
	}
	if (memcmp(mapped, "mapped", 6) != 0)
		wrong("the map: other contents");
	if (stat(".", &cwd) < 0 || cwd.st_nlink != 0 || (cwd.st_mode & 07777) != 0700)
		wrong("the working directory");
	if (ftell(report) == 0)
		fputs("fine\n", report);
	fclose(report);
	rename("/vol/report.new", "/vol/report");
}

int main(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	umask(0);
	prctl(PR_SET_PDEATHSIG, 0); /* of unshare(1); CRIU would restore it */
	make_removed("/root-file");
	make_removed("/tmp/tmpfs-file");
	make_removed("/vol/volume");
	make_rotated("/vol/log");
	make_twins("/tmp/twin-1", "/tmp/twin-2");
	make_large("/vol/large");
	make_directory("/tmp/gone", "/tmp/gone/file", "/tmp/gone/cwd");
	make_special();
	make_mapped("/tmp/mapped");
	make_linked("/vol/linked", "/vol/kept/linked");
	make_readonly();
	for (int i = 0; i < n_files; i++)
		note(&files[i]);
	close(make("/vol/ready", "", 0600));
	for (;;)
		if (sigwait(&set, &sig) == 0)
			look();
}
