// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * `bench REBIND FLOOR [N...]`: N flat external binds, dumped and restored by rebind, against what
 * the kernel takes for them by hand, in one run and in turns; medians of five. Everything lies in a
 * tmpfs in a mount namespace of this process' own.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/files.h"
#include "bench/measure.h"

#define ROUNDS 5
#define BASE   "/tmp"

struct result {
	double floor, restore, dump, raw;
	long dump_rss, restore_rss;
};

static pid_t start_target(const char *floor, const char *count)
{
	const char *argv[] = { floor, BASE "/sources", BASE "/root", count, "-", NULL };
	int out[2];
	char word[8];

	if (pipe2(out, O_CLOEXEC) < 0)
		err(1, "pipe2");
	pid_t pid = start(argv, -1, out[1]);

	close(out[1]);
	if (read(out[0], word, sizeof(word)) <= 0)
		errx(1, "the namespace to dump was not made");
	close(out[0]);
	return pid;
}

static void empty_image(void)
{
	unlink(BASE "/image/inventory.img");
	unlink(BASE "/image/mountpoints-1.img");
}

static pid_t set_up(const char *floor, int n, char count[16])
{
	if (mount("bench", BASE, "tmpfs", 0, "mode=755") < 0 || mkdir(BASE "/image", 0700) < 0)
		err(1, "tmpfs");
	make_directories(BASE "/sources", n);
	make_directories(BASE "/volumes", n);
	make_directories(BASE "/root", n);
	make_directories(BASE "/newroot", n);
	snprintf(count, 16, "%d", n);
	return start_target(floor, count);
}

static void tear_down(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	umount2(BASE, MNT_DETACH);
}

static struct result measure(const char *rebind, const char *floor, int n)
{
	char count[16], target[16];
	double floors[ROUNDS], restores[ROUNDS], dumps[ROUNDS], raws[ROUNDS];
	struct result result = { 0 };
	pid_t pid = set_up(floor, n, count);

	snprintf(target, sizeof(target), "%d", (int)pid);
	const char *by_hand[] = { floor, BASE "/volumes", BASE "/newroot", count, NULL, NULL };
	const char *dump_head[] = { rebind, "dump", "-t", target, "-D", BASE "/image", NULL };
	const char *restore_head[] = { rebind,		"restore",   "-D", BASE "/image", "--root",
				       BASE "/newroot", "--send-fd", "-",  NULL };
	const char **dump = with_externals(dump_head, "mnt[/%d]:k%d", n);
	const char **restore = with_externals(restore_head, "mnt[k%d]:" BASE "/volumes/%d", n);

	for (int i = -1; i < ROUNDS; i++) { /* the first round only warms up */
		int k = i < 0 ? 0 : i;

		raws[k] = read_raw(pid);
		empty_image();
		double begin = now();
		struct run run = finish(start(dump, -1, -1), begin, "rebind dump");

		dumps[k] = run.seconds;
		result.dump_rss = run.rss;
		floors[k] = run_sender(by_hand, 4).seconds;
		run = run_sender(restore, 7);
		restores[k] = run.seconds;
		result.restore_rss = run.rss;
	}
	tear_down(pid);
	result.floor = median(floors, ROUNDS);
	result.restore = median(restores, ROUNDS);
	result.dump = median(dumps, ROUNDS);
	result.raw = median(raws, ROUNDS);
	return result;
}

static void write_map(void)
{
	FILE *map = fopen(BASE "/map", "we");

	if (!map || fputs("/* " BASE "/volumes/*\n", map) < 0 || fclose(map) != 0)
		err(1, "map");
	setenv("VOLUME_MAP", BASE "/map", 1);
}

/* All of the mounts are a plugin's: volume-map, one line for all. What does each cost more? */
static void measure_plugin(const char *rebind, const char *floor, const char *plugin, int n)
{
	char count[16], target[16];
	double floors[ROUNDS], restores[ROUNDS];
	pid_t pid = set_up(floor, n, count);

	snprintf(target, sizeof(target), "%d", (int)pid);
	write_map();
	const char *by_hand[] = { floor, BASE "/volumes", BASE "/newroot", count, NULL, NULL };
	const char *dump[] = {
		rebind, "dump", "-t", target, "-D", BASE "/image", "-L", plugin, NULL
	};
	const char *restore[] = { rebind,   "restore",	     "-D",	  BASE "/image",
				  "--root", BASE "/newroot", "--send-fd", "-",
				  "-L",	    plugin,	     NULL };
	double begin = now();
	double dumped = finish(start(dump, -1, -1), begin, "rebind dump -L").seconds;

	for (int i = -1; i < ROUNDS; i++) {
		int k = i < 0 ? 0 : i;

		floors[k] = run_sender(by_hand, 4).seconds;
		restores[k] = run_sender(restore, 7).seconds;
	}
	tear_down(pid);
	double by_floor = median(floors, ROUNDS), restored = median(restores, ROUNDS);

	printf("%6d plugin mounts: restore %7.1f ms, each %.1f us over one by hand (%.1f us); dump %.1f us each\n",
	       n, restored * 1e3, (restored - by_floor) * 1e6 / n, by_floor * 1e6 / n,
	       dumped * 1e6 / n);
}

static void print(int n, const struct result *r)
{
	printf("%6d mounts: restore %7.1f ms = %.2f x the floor (%.1f ms); dump %7.1f ms = %.2f x one raw "
	       "read of mountinfo (%.1f ms)\n",
	       n, r->restore * 1e3, r->restore / r->floor, r->floor * 1e3, r->dump * 1e3,
	       r->dump / r->raw, r->raw * 1e3);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const int sizes[] = { 1000, 10000 };
	struct result results[2];

	if (argc < 4)
		errx(2, "usage: bench REBIND FLOOR PLUGIN");
	char *rebind = realpath(argv[1], NULL), *floor = realpath(argv[2], NULL);
	char *plugin = realpath(argv[3], NULL);

	if (!rebind || !floor || !plugin)
		err(1, "%s, %s or %s", argv[1], argv[2], argv[3]);
	/* What is inherited would be in the way of what is unmounted. */
	close_range(3, ~0U, 0);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		err(1, "unshare");
	for (int i = 0; i < 2; i++) {
		results[i] = measure(rebind, floor, sizes[i]);
		print(sizes[i], &results[i]);
	}
	printf("growth of the cost per mount, 1,000 to 10,000: restore %.2f, dump %.2f, floor %.2f\n",
	       results[1].restore / results[0].restore / 10, results[1].dump / results[0].dump / 10,
	       results[1].floor / results[0].floor / 10);
	printf("peak memory per mount (what 9,000 more mounts add): restore %ld bytes, dump %ld bytes\n",
	       (results[1].restore_rss - results[0].restore_rss) * 1024 / 9000,
	       (results[1].dump_rss - results[0].dump_rss) * 1024 / 9000);
	measure_plugin(rebind, floor, plugin, sizes[1]);
	return 0;
}
