// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * `contents REBIND`: what the contents of tmpfs mounts cost. A tmpfs with a GiB in one file, one
 * with 100,000 small files, each dumped and restored, and packed and unpacked by GNU tar with the
 * options that CRIU calls it with, in one run; the memory is that above an empty tmpfs. Then many
 * tmpfs mounts: in a stack, in a chain, side by side.
 */
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"

#define BASE	  "/tmp"
#define GIB	  (1LL << 30)
#define FILES	  100000
#define DATA_SIZE "size=3g"

static const char *rebind, *tar;

/* ---- what is dumped ---- */

static void fill_nothing(int n)
{
}

static void write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err(1, "%s", name);
	close(fd);
}

/* A log: gzip leaves a tenth of it. */
static void fill_block(char *block, size_t size, unsigned int *seed)
{
	for (size_t at = 0; at < size;) {
		char line[128];
		unsigned int one = (unsigned int)rand_r(seed);
		int n = snprintf(line, sizeof(line),
				 "host service[%u]: request %u served in %u ms\n", one % 97, *seed,
				 one % 1009);
		size_t room = size - at < (size_t)n ? size - at : (size_t)n;

		memcpy(block + at, line, room);
		at += room;
	}
}

static void fill_gib(int n)
{
	static char block[1 << 20];
	int fd = open("t/big", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	unsigned int seed = 1;

	for (long long done = 0; done < GIB; done += (long long)sizeof(block)) {
		fill_block(block, sizeof(block), &seed);
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
			err(1, "t/big");
	}
	close(fd);
}

static void fill_sparse(int n)
{
	int fd = open("t/sparse", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	for (long long at = 0; at < GIB; at += GIB / 16)
		if (pwrite(fd, "data", 4, at) != 4)
			err(1, "t/sparse");
	if (ftruncate(fd, GIB) < 0)
		err(1, "t/sparse");
	close(fd);
}

static void fill_files(int n)
{
	char name[64], text[128];

	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "t/%d", i / 1000);
		if (i % 1000 == 0 && mkdir(name, 0755) < 0)
			err(1, "%s", name);
		snprintf(name, sizeof(name), "t/%d/%d", i / 1000, i);
		snprintf(text, sizeof(text), "the text of file %d of %d\n", i, FILES);
		write_file(name, text);
	}
}

static void mount_one(const char *path)
{
	char name[4200];

	if (mount("bench", path, "tmpfs", 0, "size=64k") < 0)
		err(1, "mount %s", path);
	snprintf(name, sizeof(name), "%s/file", path);
	write_file(name, "contents\n");
}

static void fill_stack(int n)
{
	for (int i = 0; i < n; i++)
		mount_one("t");
}

static void fill_flat(int n)
{
	char name[32];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "t/%d", i);
		if (mkdir(name, 0755) < 0)
			err(1, "%s", name);
		mount_one(name);
	}
}

/* From inside, so that making it costs nothing by its depth. */
static void fill_chain(int n)
{
	if (chdir("t") < 0)
		err(1, "t");
	for (int i = 0; i < n; i++) {
		if (mkdir("d", 0755) < 0)
			err(1, "d");
		mount_one("d");
		if (chdir("d") < 0)
			err(1, "d");
	}
	if (chdir("/") < 0)
		err(1, "/");
}

struct target {
	pid_t pid;
	char word[16]; /* the same */
};

static void build_target(void (*fill)(int n), int n, int out)
{
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(BASE "/root", BASE "/root", NULL, MS_BIND, NULL) < 0 || chdir(BASE "/root") < 0 ||
	    syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		err(1, "the namespace to dump");
	if (mount("bench", "t", "tmpfs", 0, DATA_SIZE) < 0)
		err(1, "tmpfs");
	fill(n);
	if (write(out, "r", 1) != 1)
		err(1, "write");
	for (;;)
		pause();
}

static struct target start_target(void (*fill)(int n), int n)
{
	struct target target;
	int out[2];
	char word;

	if (pipe2(out, O_CLOEXEC) < 0)
		err(1, "pipe2");
	target.pid = fork();
	if (target.pid == 0)
		build_target(fill, n, out[1]);
	close(out[1]);
	if (target.pid < 0 || read(out[0], &word, 1) != 1)
		errx(1, "the namespace to dump was not made");
	close(out[0]);
	snprintf(target.word, sizeof(target.word), "%d", (int)target.pid);
	return target;
}

static void end_target(const struct target *target)
{
	kill(target->pid, SIGKILL);
	waitpid(target->pid, NULL, 0);
}

/* ---- what is measured ---- */

static struct run run_argv(const char *const argv[])
{
	double begin = now();

	return finish(start(argv, -1, -1), begin, argv[0]);
}

static void new_image(void)
{
	umount2(BASE "/image", MNT_DETACH);
	if (mount("bench", BASE "/image", "tmpfs", 0, DATA_SIZE) < 0)
		err(1, "tmpfs");
}

static struct run dump(const struct target *target)
{
	const char *argv[] = { rebind, "dump", "-t", target->word, "-D", BASE "/image", NULL };

	new_image();
	return run_argv(argv);
}

static struct run restore(void)
{
	const char *argv[] = { rebind,		"restore",   "-D", BASE "/image", "--root",
			       BASE "/newroot", "--send-fd", "-",  NULL };

	return run_sender(argv, 7);
}

static struct run tar_create(const struct target *target)
{
	char directory[64];
	const char *argv[] = { tar,
			       "--create",
			       "--gzip",
			       "--no-unquote",
			       "--no-wildcards",
			       "--one-file-system",
			       "--check-links",
			       "--preserve-permissions",
			       "--sparse",
			       "--numeric-owner",
			       "--directory",
			       directory,
			       "--file",
			       BASE "/tar.gz",
			       ".",
			       NULL };

	snprintf(directory, sizeof(directory), "/proc/%s/root/t", target->word);
	return run_argv(argv);
}

static struct run tar_extract(void)
{
	const char *argv[] = {
		tar,	       "--extract",   "--gzip", "--no-unquote", "--no-wildcards",
		"--directory", BASE "/untar", "--file", BASE "/tar.gz", NULL
	};

	if (mount("bench", BASE "/untar", "tmpfs", 0, DATA_SIZE) < 0)
		err(1, "tmpfs");
	struct run run = run_argv(argv);

	umount2(BASE "/untar", MNT_DETACH);
	return run;
}

struct costs {
	double dump, create, restore, extract;
	long dump_rss, restore_rss;
};

static double least(double a, double b)
{
	return a == 0 || b < a ? b : a;
}

/* The best of the rounds, which take turns. */
static struct costs measure(void (*fill)(int n), int rounds)
{
	struct target target = start_target(fill, 0);
	struct costs c = { 0 };

	for (int i = 0; i < rounds; i++) {
		struct run d = dump(&target), t = tar_create(&target), r = restore();

		c.dump = least(c.dump, d.seconds);
		c.create = least(c.create, t.seconds);
		c.restore = least(c.restore, r.seconds);
		c.extract = least(c.extract, tar_extract().seconds);
		c.dump_rss = d.rss > c.dump_rss ? d.rss : c.dump_rss;
		c.restore_rss = r.rss > c.restore_rss ? r.rss : c.restore_rss;
	}
	end_target(&target);
	return c;
}

static void print(const char *what, const struct costs *c, const struct costs *empty)
{
	printf("%-22s dump %6.2f s = %.2f x tar --gzip (%.2f s), %+.1f MiB; restore %6.2f s = %.2f x tar "
	       "(%.2f s), %+.1f MiB\n",
	       what, c->dump, c->dump / c->create, c->create,
	       (double)(c->dump_rss - empty->dump_rss) / 1024, c->restore, c->restore / c->extract,
	       c->extract, (double)(c->restore_rss - empty->restore_rss) / 1024);
	fflush(stdout);
}

static void compare_with_tar(void)
{
	struct costs empty = measure(fill_nothing, 1), c;

	printf("contents of a tmpfs, at gzip level 1 (tar --gzip: 6); memory above that of an empty one\n");
	c = measure(fill_files, 3);
	print("100,000 small files:", &c, &empty);
	c = measure(fill_gib, 1);
	print("1 GiB in a file:", &c, &empty);
	c = measure(fill_sparse, 3);
	print("1 GiB, nearly all hole:", &c, &empty);
}

/* Microseconds a mount. */
static void measure_many(void (*fill)(int n), int n, double *ret_dump, double *ret_restore)
{
	struct target target = start_target(fill, n);

	*ret_dump = dump(&target).seconds * 1e6 / n;
	*ret_restore = restore().seconds * 1e6 / n;
	end_target(&target);
}

static void print_growth(const char *what, void (*fill)(int n), int few, int many)
{
	double d[2], r[2];

	measure_many(fill, few, &d[0], &r[0]);
	measure_many(fill, many, &d[1], &r[1]);
	printf("%d tmpfs %s: dump %.0f us a mount, restore %.0f us; growth from %d: %.2f, %.2f\n",
	       many, what, d[1], r[1], few, d[1] / d[0], r[1] / r[0]);
	fflush(stdout);
}

static void many_mounts(void)
{
	struct rlimit few = { 1024, 1024 };

	print_growth("in a stack", fill_stack, 1000, 8000);
	print_growth("in a chain", fill_chain, 250, 2000);
	if (setrlimit(RLIMIT_NOFILE, &few) < 0)
		err(1, "setrlimit");
	print_growth("side by side, with 1,024 descriptors", fill_flat, 1000, 10000);
}

int main(int argc, char **argv)
{
	static const char *const directories[] = { BASE "/root",    BASE "/root/t",
						   BASE "/newroot", BASE "/newroot/t",
						   BASE "/image",   BASE "/untar" };

	if (argc != 2)
		errx(2, "usage: contents REBIND");
	rebind = realpath(argv[1], NULL);
	tar = access("/usr/bin/tar", X_OK) ? "/bin/tar" : "/usr/bin/tar";
	if (!rebind)
		err(1, "%s", argv[1]);
	close_range(3, ~0U, 0);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("bench", BASE, "tmpfs", 0, "mode=755") < 0)
		err(1, "unshare");
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		if (mkdir(directories[i], 0755) < 0)
			err(1, "%s", directories[i]);
	compare_with_tar();
	many_mounts();
	return 0;
}
