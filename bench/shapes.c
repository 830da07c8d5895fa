// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * `shapes REBIND [NAME...]`: thousands of mounts in shapes that could cost more than their number:
 * stacks, chains, large peer groups, many binds of one file. Of each a few and many are dumped,
 * restored and compared; the cost of a mount should be the same. Beside it stands what the kernel
 * alone takes to list them: it goes down from each mount to the root.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/target.h"

static void make_dir(const char *path)
{
	if (mkdir(path, 0755) < 0)
		err(1, "%s", path);
}

static void mount_one(const char *path)
{
	char name[4200];

	if (mount("bench", path, "tmpfs", 0, "size=64k") < 0)
		err(1, "mount %s", path);
	snprintf(name, sizeof(name), "%s/file", path);
	write_file(name, "contents\n");
}

static void bind_one(const char *from, const char *to)
{
	if (mount(from, to, NULL, MS_BIND, NULL) < 0)
		err(1, "bind %s %s", from, to);
}

static const char *make_place(int i)
{
	static char name[32];

	snprintf(name, sizeof(name), "t/%d", i);
	make_dir(name);
	return name;
}

static void fill_stack(int n)
{
	for (int i = 0; i < n; i++)
		mount_one("t");
}

/* From inside, so that making it costs nothing by its depth. */
static void fill_chain(int n)
{
	if (chdir("t") < 0)
		err(1, "t");
	for (int i = 0; i < n; i++) {
		make_dir("d");
		mount_one("d");
		if (chdir("d") < 0)
			err(1, "d");
	}
	if (chdir("/") < 0)
		err(1, "/");
}

static void fill_flat(int n)
{
	for (int i = 0; i < n; i++)
		mount_one(make_place(i));
}

static void fill_pairs(int n)
{
	for (int i = 0; i < n / 2; i++) {
		const char *place = make_place(i);

		mount_one(place);
		mount_one(place);
	}
}

static void make_source(unsigned long propagation)
{
	make_dir("t/source");
	mount_one("t/source");
	if (mount(NULL, "t/source", NULL, propagation, NULL) < 0)
		err(1, "propagation");
}

static void fill_peers(int n)
{
	make_source(MS_SHARED);
	for (int i = 0; i < n; i++)
		bind_one("t/source", make_place(i));
}

static void fill_slaves(int n)
{
	make_source(MS_SHARED);
	for (int i = 0; i < n; i++) {
		const char *place = make_place(i);

		bind_one("t/source", place);
		if (mount(NULL, place, NULL, MS_SLAVE, NULL) < 0)
			err(1, "slave");
	}
}

static void fill_binds(int n)
{
	make_source(MS_PRIVATE);
	make_dir("t/place");
	for (int i = 0; i < n; i++)
		bind_one("t/source", "t/place");
}

static void fill_files(int n)
{
	char name[32];

	write_file("t/source", "contents\n");
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "t/%d", i);
		write_file(name, "covered\n");
		bind_one("t/source", name);
	}
}

static void fill_overlays(int n)
{
	char name[32], options[128];

	make_dir("t/lower");
	make_dir("t/upper");
	make_dir("t/aside");
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "t/upper/%d", i);
		make_dir(name);
		snprintf(name, sizeof(name), "t/aside/%d", i);
		make_dir(name);
		snprintf(options, sizeof(options),
			 "lowerdir=/t/lower,upperdir=/t/upper/%d,workdir=/t/aside/%d", i, i);
		if (mount("bench", make_place(i), "overlay", 0, options) < 0)
			err(1, "overlay");
	}
}

struct shape {
	const char *name, *what;
	void (*fill)(int n);
	int few, many;
};

static const struct shape shapes[] = {
	{ "stack", "tmpfs in a stack", fill_stack, 1000, 8000 },
	{ "chain", "tmpfs in a chain", fill_chain, 250, 2000 },
	{ "pairs", "tmpfs, each second covered", fill_pairs, 1000, 8000 },
	{ "peers", "peers", fill_peers, 1000, 8000 },
	{ "slaves", "slaves of one mount", fill_slaves, 1000, 8000 },
	{ "binds", "binds at one place", fill_binds, 1000, 8000 },
	{ "files", "binds of one file", fill_files, 1000, 8000 },
	{ "overlays", "overlays", fill_overlays, 250, 2000 },
	{ "flat", "tmpfs side by side, 1,024 fds", fill_flat, 1000, 10000 },
};

/* Microseconds a mount. */
struct costs {
	double dump, restore, diff, raw;
};

static double diff(const struct target *target)
{
	const char *argv[] = { rebind, "diff", target->word, BASE "/image", NULL };

	return run_argv(argv).seconds;
}

static struct costs measure(const struct shape *shape, int n)
{
	struct target target = start_target(shape->fill, n);
	struct costs costs = {
		.dump = dump(&target).seconds * 1e6 / n,
		.restore = restore().seconds * 1e6 / n,
		.diff = diff(&target) * 1e6 / n,
		.raw = read_raw(target.pid) * 1e6 / n,
	};

	end_target(&target);
	return costs;
}

static void print_growth(const struct shape *shape)
{
	struct costs few = measure(shape, shape->few), many = measure(shape, shape->many);

	printf("%5d %-29s us a mount, and growth from %4d: dump %4.0f %.2f, restore %4.0f %.2f, "
	       "diff %3.0f %.2f; kernel's list %5.1f %.2f\n",
	       shape->many, shape->what, shape->few, many.dump, many.dump / few.dump, many.restore,
	       many.restore / few.restore, many.diff, many.diff / few.diff, many.raw,
	       many.raw / few.raw);
	fflush(stdout);
}

static bool is_wanted(const struct shape *shape, int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], shape->name) == 0)
			return true;
	return argc == 2;
}

int main(int argc, char **argv)
{
	struct rlimit few = { 1024, 1024 };

	if (argc < 2)
		errx(2, "usage: shapes REBIND [NAME...]");
	enter_base(argv[1]);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		if (strcmp(shapes[i].name, "flat") == 0 && setrlimit(RLIMIT_NOFILE, &few) < 0)
			err(1, "setrlimit");
		if (is_wanted(&shapes[i], argc, argv))
			print_growth(&shapes[i]);
	}
	return 0;
}
