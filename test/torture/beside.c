// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kinds in which something else goes on beside a restore or a dump: directories that become
 * symlinks, other dumps and restores; and images that are not what was dumped.
 */
#include "torture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- swaps ---- */

struct swap {
	char dir[2 * PATH_SIZE], aside[2 * PATH_SIZE], victim[2 * PATH_SIZE];
	bool done;
};

/* A directory becomes a symlink to one of the host's, while all of rebind stands still. */
static void swap_now(void *data)
{
	struct swap *swap = data;

	swap->done = rename(swap->dir, swap->aside) == 0 && symlink(swap->victim, swap->dir) == 0;
}

static void swap_back(const struct swap *swap)
{
	if (swap->done && unlink(swap->dir) == 0)
		rename(swap->aside, swap->dir);
}

/* Nothing of the host's directory may be mounted on, written to, or seen. */
int kind_swap(struct run *run)
{
	static const char *const dirs[] = { "new/vol", "new/deep", "new/deep/er",
					    "new/tmp", "new/proc", "new",
					    "src/vol", "src/deep", "new/deep/er/vol" };
	const char *dir = dirs[dice_roll(&run->dice, ARRAY_SIZE(dirs))];
	struct swap swap = { .done = false };
	struct strike strike = { .op = STRIKE_CALL, .call = swap_now, .data = &swap };
	struct variant *known;

	if (variant_pick(run, &known) < 0)
		return -1;
	variant_moment(run, known, &strike);
	/* What --root names is the caller's word until the first process has opened it: it forks the
	 * others later. */
	if (strcmp(dir, "new") == 0 && known->calm.n > 1 && strike.process == 0)
		strike.process = 1;
	snprintf(swap.dir, sizeof(swap.dir), "%s/%s", run->lab->dir, dir);
	snprintf(swap.aside, sizeof(swap.aside), "%s/%s.aside", run->lab->dir, dir);
	snprintf(swap.victim, sizeof(swap.victim), "%s/host/victim", run->lab->dir);
	struct variant variant = *known;

	variant.attempt.any_result = variant.attempt.is_changed = true;
	snprintf(run->what, sizeof(run->what), "%s becomes a symlink", dir);
	int err = variant_strike(run, &variant, &strike);

	swap_back(&swap);
	return err;
}

/* ---- mutants ---- */

static int copy_image(const struct lab *lab, const char *name)
{
	char from[2 * PATH_SIZE], to[2 * PATH_SIZE];
	char *argv[] = { "/bin/cp", "-r", from, to, NULL };

	snprintf(from, sizeof(from), "%s/%s/.", lab->dir, name);
	snprintf(to, sizeof(to), "%s/mutant", lab->dir);
	lab_remove(lab, "mutant");
	mkdir(to, 0755);
	return lab_run(lab, argv);
}

/* One file of the image; its name in @path. */
static bool pick_file(struct run *run, char *path, size_t size)
{
	char *listing = lab_listing(run->lab, "mutant"), *lines[64];
	size_t n = 0;

	for (char *line = strtok(listing, "\n"); line && n < 64; line = strtok(NULL, "\n"))
		lines[n++] = line;
	if (n)
		snprintf(path, size, "%.*s", (int)strcspn(lines[0], " "), "");
	const char *line = n ? lines[dice_roll(&run->dice, (uint32_t)n)] : "";

	snprintf(path, size, "%.*s", (int)strcspn(line, " "), line);
	free(listing);
	return n > 0;
}

static void mutate(struct run *run, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	uint32_t times = 1 + dice_roll(&run->dice, 4);

	if (size > 0 && dice_roll(&run->dice, 8) == 0) {
		(void)!ftruncate(fd, (off_t)dice_roll(&run->dice, (uint32_t)size));
		times = 0;
	}
	for (uint32_t i = 0; i < times && size > 0; i++) {
		off_t at = (off_t)dice_roll(&run->dice, (uint32_t)size);
		uint8_t byte = 0;

		(void)!pread(fd, &byte, 1, at);
		byte = dice_roll(&run->dice, 2) ? (uint8_t)(byte ^ 1U << dice_roll(&run->dice, 8))
						: (uint8_t)dice_roll(&run->dice, 256);
		(void)!pwrite(fd, &byte, 1, at);
	}
	if (fd >= 0)
		close(fd);
}

/* It is restored for real, or refused with a sentence. */
int kind_mutant(struct run *run)
{
	struct strike none = { .op = STRIKE_NONE };
	char path[2 * PATH_SIZE], image[2 * PATH_SIZE];
	struct variant *known;
	struct traced t;

	do {
		if (variant_pick(run, &known) < 0)
			return -1;
	} while (known->attempt.ending == END_DUMP);
	if (copy_image(run->lab, known->attempt.is_set ? "set" : "img") ||
	    !pick_file(run, path, sizeof(path)))
		return -1;
	mutate(run, path);
	struct attempt attempt = known->attempt;

	snprintf(image, sizeof(image), "%s/mutant", run->lab->dir);
	attempt.image = image;
	attempt.any_result = true;
	if (run->lab->sanitized[0])
		attempt.rebind = run->lab->sanitized;
	char name[256];

	snprintf(run->what, sizeof(run->what), "%s: %s is a mutant", attempt_name(&attempt, name),
		 strrchr(path, '/') + 1);
	int err = attempt_run(run->lab, &attempt, &none, &t, &run->verdict);

	lab_remove(run->lab, "mutant");
	rmdir(image);
	return err;
}

/* ---- several at once ---- */

#define CROWD 6

static pid_t start_one(const struct lab *lab, int i, bool dumps)
{
	char pid[16], out[2 * PATH_SIZE], root[2 * PATH_SIZE], image[2 * PATH_SIZE];
	char source[4][2 * PATH_SIZE + 16];
	static const char *const keys[] = { "vol", "ro", "deep", "conf" };
	static char *const declared[] = { "mnt[/vol]:vol", "mnt[/ro]:ro", "mnt[/deep/er/vol]:deep",
					  "mnt[/conf]:conf" };
	char *argv[32] = { (char *)lab->rebind };
	int n = 1;

	snprintf(pid, sizeof(pid), "%d", (int)lab->container);
	snprintf(out, sizeof(out), "%s/crowd/img", lab->dir);
	snprintf(image, sizeof(image), "%s/img", lab->dir);
	snprintf(root, sizeof(root), "%s/new", lab->dir);
	argv[n++] = dumps ? "dump" : "restore";
	argv[n++] = "-D";
	argv[n++] = dumps ? out : image;
	argv[n++] = dumps ? "-t" : "--root";
	argv[n++] = dumps ? pid : root;
	for (int k = 0; k < 4; k++) {
		snprintf(source[k], sizeof(source[k]), "mnt[%s]:%s/src/%s", keys[k], lab->dir,
			 keys[k]);
		argv[n++] = "--external";
		argv[n++] = dumps ? declared[k] : source[k];
	}
	if (!dumps) {
		argv[n++] = "--";
		argv[n++] = "/inside";
		argv[n++] = "cwd";
	}
	pid_t child = fork();

	if (child == 0) {
		char log[2 * PATH_SIZE];

		snprintf(log, sizeof(log), "%s/crowd/log.%d", lab->dir, i);
		int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);

		dup2(fd, 1);
		dup2(fd, 2);
		alarm(30);
		execv(argv[0], argv);
		_exit(127);
	}
	return child;
}

/* Of dumps into one directory one wins, and its image is whole; restores do not disturb each other.
 */
static void judge_crowd(struct run *run, const int *status, const bool *dumps)
{
	char a[16], b[2 * PATH_SIZE];
	char *diff[] = { run->lab->rebind, "diff", a, b, "--contents", NULL };
	int won = 0, tried = 0;

	for (int i = 0; i < CROWD; i++) {
		tried += dumps[i];
		won += dumps[i] && status[i] == 0;
		if (!dumps[i] && status[i])
			verdict_add(&run->verdict, "restore %d ended with %d", i, status[i]);
		if (dumps[i] && status[i] && status[i] != 1 << 8)
			verdict_add(&run->verdict, "dump %d ended with %d", i, status[i]);
	}
	if (tried && won != 1)
		verdict_add(&run->verdict, "%d of %d dumps into one directory won", won, tried);
	snprintf(a, sizeof(a), "%d", (int)run->lab->container);
	snprintf(b, sizeof(b), "%s/crowd/img", run->lab->dir);
	run->verdict.whole = won > 0;
	if (won && lab_run(run->lab, diff))
		verdict_add(&run->verdict, "the image differs");
}

int kind_crowd(struct run *run)
{
	char path[2 * PATH_SIZE], strangers[1024];
	int status[CROWD] = { 0 };
	bool dumps[CROWD];
	pid_t pids[CROWD];

	lab_new_root(run->lab, false);
	lab_remove(run->lab, "crowd");
	snprintf(path, sizeof(path), "%s/crowd", run->lab->dir);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/crowd/img", run->lab->dir);
	mkdir(path, 0755);
	char *before = lab_listing(run->lab, "new");

	for (int i = 0; i < CROWD; i++) {
		dumps[i] = dice_roll(&run->dice, 2);
		pids[i] = start_one(run->lab, i, dumps[i]);
		usleep(dice_roll(&run->dice, 4000));
	}
	for (int i = 0; i < CROWD; i++)
		if (waitpid(pids[i], &status[i], 0) < 0)
			status[i] = -1;
	snprintf(run->what, sizeof(run->what), "%d at once", CROWD);
	judge_crowd(run, status, dumps);
	usleep(20000);
	lab_strangers(run->lab, strangers, sizeof(strangers));
	if (strangers[0])
		verdict_add(&run->verdict, "processes: %s", strangers);
	char *after = lab_listing(run->lab, "new"), *mounts = lab_read("/proc/self/mountinfo");

	if (strcmp(before, after) != 0)
		verdict_add(&run->verdict, "files in new are others");
	if (strcmp(mounts, run->lab->mounts) != 0)
		verdict_add(&run->verdict, "mounts are left");
	free(before);
	free(after);
	free(mounts);
	lab_remove(run->lab, "crowd");
	snprintf(path, sizeof(path), "%s/crowd", run->lab->dir);
	rmdir(path);
	return 0;
}
