// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * `contents REBIND`: what the contents of tmpfs mounts cost. A tmpfs with a GiB in one file, one
 * with 100,000 small files, each dumped and restored, and packed and unpacked by GNU tar with the
 * options that CRIU calls it with, in one run; the memory is that above an empty tmpfs.
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

#include "bench/target.h"

#define GIB   (1LL << 30)
#define FILES 100000

static const char *tar;

/* ---- what is dumped ---- */

static void fill_nothing(int n)
{
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

/* ---- what is measured ---- */

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

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(2, "usage: contents REBIND");
	tar = access("/usr/bin/tar", X_OK) ? "/bin/tar" : "/usr/bin/tar";
	enter_base(argv[1]);
	if (mkdir(BASE "/untar", 0755) < 0)
		err(1, "mkdir");
	compare_with_tar();
	return 0;
}
