// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 *	torture BUILD_DIR [--time SECONDS | --attempts N] [--seed N] [--only KIND] [--attempt N]
 *[-v]
 *
 * Attacks rebind in turn in each way that is known, and shows what was tried and what did not hold.
 * To be run by `run`, as the first process of a pid namespace with a mount namespace of its own.
 */
#include "torture.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct kind {
	const char *name, *claim;
	int (*attack)(struct run *run);
	int share; /* of the time */
} kinds[] = {
	{ "kill", "killed at any system call, all or nothing is there", kind_kill, 6 },
	{ "fault", "a failed system call is said, and undoes all", kind_fault, 6 },
	{ "signal", "a signal to the process group undoes all", kind_signal, 3 },
	{ "swap", "what becomes a symlink leads nowhere", kind_swap, 3 },
	{ "walk", "nothing of it is seen from inside, at any system call", kind_walk, 3 },
	{ "crowd", "dumps and restores at once do not disturb each other", kind_crowd, 2 },
	{ "mutant", "an image that is damaged is refused, or restored", kind_mutant, 2 },
	{ "deny", "with calls denied it works, or says why not", kind_deny, 2 },
};

struct options {
	const char *build, *only;
	uint64_t seed;
	long ms, attempts, attempt;
	bool verbose;
};

struct count {
	long attempts, violations, whole, documented;
};

static int usage(void)
{
	fprintf(stderr,
		"usage: run [--time SECONDS | --attempts N] [--seed N] [--only KIND [--attempt N]] [-v]\n");
	return 2;
}

/* With what it said: whether that is of use is for the reader to judge. */
static void show_held(const struct run *run)
{
	char path[2 * PATH_SIZE];

	snprintf(path, sizeof(path), "%s/err", run->lab->dir);
	char *said = lab_read(path);

	printf("# held: %s%s\n", run->what,
	       run->verdict.documented ? " (mountpoints stay, as documented)" : "");
	for (char *line = said ? strtok(said, "\n") : NULL; line; line = strtok(NULL, "\n"))
		printf("#   said: %s\n", line);
	free(said);
}

static void report(const struct options *o, const struct kind *kind, long n, const struct run *run,
		   bool is_one)
{
	if (run->verdict.why[0])
		printf("# violation: %s\n#   %s\n#   again: test/torture/run --seed %llu --only %s --attempt %ld\n",
		       run->what, run->verdict.why, (unsigned long long)o->seed, kind->name, n);
	else if (o->verbose || is_one)
		show_held(run);
	fflush(stdout);
}

static int attack(const struct options *o, const struct kind *kind, struct lab *lab, long n,
		  struct count *count)
{
	struct run run = { .lab = lab };

	dice_start(&run.dice, o->seed, kind->name, (uint64_t)n);
	if (kind->attack(&run) < 0)
		return fprintf(stderr, "torture: %s %ld could not be tried: %s\n", kind->name, n,
			       run.what),
		       -1;
	report(o, kind, n, &run, o->attempt > 0);
	count->attempts++;
	count->violations += run.verdict.why[0] != '\0';
	count->whole += run.verdict.whole;
	count->documented += run.verdict.documented;
	return 0;
}

static int attack_all(const struct options *o, const struct kind *kind, struct lab *lab, long ms,
		      struct count *count)
{
	int64_t limit = lab_now_ms() + ms;

	if (o->attempt)
		return attack(o, kind, lab, o->attempt, count);
	for (long n = 1; o->attempts ? n <= o->attempts : lab_now_ms() < limit; n++)
		if (attack(o, kind, lab, n, count) < 0)
			return -1;
	return 0;
}

static bool is_chosen(const struct options *o, const struct kind *kind)
{
	return !o->only || strcmp(o->only, kind->name) == 0;
}

static int show(const struct options *o, const struct count *counts)
{
	int passed = 0, failed = 0;

	printf("\n%-8s %9s %11s %9s %11s\n", "# kind", "attempts", "violations", "results",
	       "documented");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (is_chosen(o, &kinds[i]))
			printf("# %-6s %9ld %11ld %9ld %11ld\n", kinds[i].name, counts[i].attempts,
			       counts[i].violations, counts[i].whole, counts[i].documented);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		bool held = counts[i].attempts && !counts[i].violations;

		if (!is_chosen(o, &kinds[i]))
			continue;
		passed += held;
		failed += !held;
		printf("%sok %d - %s\n", held ? "" : "not ", passed + failed, kinds[i].claim);
	}
	printf("%d passed, %d failed, 0 skipped\n", passed, failed);
	return failed || !passed ? 1 : 0;
}

static int torture(const struct options *o)
{
	struct count counts[ARRAY_SIZE(kinds)] = { 0 };
	struct lab lab = { 0 };
	int shares = 0;

	if (!getcwd(lab.dir, sizeof(lab.dir)) || lab_make(&lab, o->build) < 0 || chdir(lab.dir) < 0)
		return fprintf(stderr, "torture: cannot make a container: %s/log\n", lab.dir), 99;
	printf("# seed %llu\n", (unsigned long long)o->seed);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		shares += is_chosen(o, &kinds[i]) ? kinds[i].share : 0;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (is_chosen(o, &kinds[i]) &&
		    attack_all(o, &kinds[i], &lab, o->ms * kinds[i].share / shares, &counts[i]) < 0)
			counts[i].violations++;
	return show(o, counts);
}

static int parse(struct options *o, int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "-v") == 0) {
			o->verbose = true;
			continue;
		}
		if (!value)
			return -1;
		if (strcmp(argv[i], "--time") == 0)
			o->ms = atol(value) * 1000;
		else if (strcmp(argv[i], "--attempts") == 0)
			o->attempts = atol(value);
		else if (strcmp(argv[i], "--seed") == 0)
			o->seed = strtoull(value, NULL, 10);
		else if (strcmp(argv[i], "--only") == 0)
			o->only = value;
		else if (strcmp(argv[i], "--attempt") == 0)
			o->attempt = atol(value);
		else
			return -1;
		i++;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = { .ms = 60000, .seed = 1, .build = argc > 1 ? argv[1] : "" };
	bool found = false;

	if (argc < 2 || parse(&o, argc, argv) < 0)
		return usage();
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		found |= is_chosen(&o, &kinds[i]);
	return found ? torture(&o) : usage();
}
