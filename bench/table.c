// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * `table REBIND FLOOR NOTHING LIBRARY [N...]`: restores and dumps of N flat binds beside what others take
 * for them, in turns in one run, whole processes and inside of one; a line of JSON for each N and
 * each way. bench/report makes tables and a plot of that.
 *
 * Two namespaces: "plain" is a root and N binds from outside; "container" has a /proc and an empty
 * tmpfs as well. Everything lies in a tmpfs, in a mount namespace of this process' own.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/criu.h"
#include "bench/files.h"
#include "bench/floor.h"
#include "bench/target.h"
#include "include/rebind.h"

enum { ROUNDS_MAX = 21, COPIES = 6 };

static const char *floor_program, *nothing, *library;

/* What is measured in one namespace of N mounts. */
struct bench {
	int n, rounds;
	pid_t plain, container; /* targets */
	char number[16], plain_pid[16], container_pid[16], mountinfo[64];
	const char **bwrap_argv;
	struct criu criu;
	struct rebind_report *(*report_new)(void);
	void (*report_free)(struct rebind_report *report);
	int (*restore)(struct rebind *rebind, const struct rebind_restore_options *how,
		       struct rebind_report *report, struct rebind_namespace **ret);
	int (*copies)(struct rebind *rebind, const struct rebind_restore_options *how,
		      unsigned int n, struct rebind_report *report, struct rebind_namespace **ret);
	void (*namespace_free)(struct rebind_namespace *ns);
	const char *const *words; /* --external of a restore */
};

struct way {
	const char *name;
	double (*run)(struct bench *b); /* seconds, or negative: it cannot be had here */
	int n_max;			/* of mounts; 0: no limit */
	bool missing;
	double seconds[ROUNDS_MAX];
};

/* ---- targets ---- */

static void build(int n, bool container, int out)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	floor_make(BASE "/sources", BASE "/root", n, -1);
	if (container && (chdir("/") < 0 || mount("proc", "proc", "proc", 0, NULL) < 0 ||
			  mount("tmpfs", "t", "tmpfs", 0, NULL) < 0))
		err(1, "the namespace to dump");
	if (write(out, "r", 1) != 1)
		err(1, "write");
	for (;;)
		pause();
}

static pid_t start_container(int n, bool container, char pid_text[16])
{
	int out[2];
	char byte;

	if (pipe2(out, O_CLOEXEC) < 0)
		err(1, "pipe2");
	pid_t pid = fork();

	if (pid == 0)
		build(n, container, out[1]);
	close(out[1]);
	if (pid < 0 || read(out[0], &byte, 1) != 1)
		errx(1, "the namespace to dump was not made");
	close(out[0]);
	snprintf(pid_text, 16, "%d", (int)pid);
	return pid;
}

/* ---- rebind ---- */

static double dump_into(const char *dir, const char *pid)
{
	const char *argv[] = { rebind,	     "dump", "-t", pid, "-D", dir, "--external-from",
			       BASE "/dump", NULL };

	umount2(dir, MNT_DETACH);
	if (mount("bench", dir, "tmpfs", 0, NULL) < 0)
		err(1, "%s", dir);
	return run_argv(argv).seconds;
}

static double dump_plain(struct bench *b)
{
	return dump_into(BASE "/plain", b->plain_pid);
}

static double dump_container(struct bench *b)
{
	return dump_into(BASE "/container", b->container_pid);
}

static double restore_from(const char *dir)
{
	const char *argv[] = { rebind,
			       "restore",
			       "-D",
			       dir,
			       "--root",
			       BASE "/newroot",
			       "--external-from",
			       BASE "/restore",
			       "--send-fd",
			       NULL,
			       NULL };

	return run_sender(argv, 9).seconds;
}

static double restore_plain(struct bench *b)
{
	return restore_from(BASE "/plain");
}

static double restore_container(struct bench *b)
{
	return restore_from(BASE "/container");
}

static double restore_many(struct bench *b, const char *dir, unsigned int n)
{
	const struct rebind_restore_options how = {
		.size = sizeof(how),
		.images_dir = dir,
		.root = BASE "/newroot",
		.external = b->words,
		.n_external = (size_t)b->n,
	};
	struct rebind_namespace *list[COPIES] = { NULL };
	struct rebind_report *report = b->report_new();
	double begin = now();
	int err = n > 1 ? b->copies(NULL, &how, n, report, list)
			: b->restore(NULL, &how, report, list);

	if (err < 0)
		errx(1, "rebind_restore");
	double seconds = now() - begin;

	for (unsigned int i = 0; i < n; i++)
		b->namespace_free(list[i]);
	b->report_free(report);
	return seconds;
}

/* One more of a process that has made others before: a service, or a user of the library. */
static double restore_inside(struct bench *b)
{
	return restore_many(b, BASE "/plain", 1);
}

/* Each copy after the first, which is measured right before. */
static double copy_of(struct bench *b, const char *dir)
{
	double one = restore_many(b, dir, 1), all = restore_many(b, dir, COPIES);

	return all > one ? (all - one) / (COPIES - 1) : 0;
}

static double copy_plain(struct bench *b)
{
	return copy_of(b, BASE "/plain");
}

static double copy_container(struct bench *b)
{
	return copy_of(b, BASE "/container");
}

/* ---- others ---- */

static double floor_whole(struct bench *b)
{
	const char *argv[] = { floor_program, BASE "/volumes", BASE "/newroot", b->number, NULL,
			       NULL };

	return run_sender(argv, 4).seconds;
}

static double floor_inside(struct bench *b)
{
	double begin = now();
	pid_t pid = fork();

	if (pid == 0) {
		floor_make(BASE "/volumes", BASE "/newroot", b->n, -1);
		_exit(0);
	}
	return finish(pid, begin, "floor").seconds;
}

static double read_whole(struct bench *b)
{
	const char *argv[] = { floor_program, "read", b->mountinfo, NULL };

	return run_argv(argv).seconds;
}

static double read_inside(struct bench *b)
{
	return read_raw(b->plain);
}

/* The same mounts as "container". */
static double bwrap(struct bench *b)
{
	return try_run(b->bwrap_argv, execute_quietly);
}

static void bwrap_words(struct bench *b)
{
	static const char *const head[] = { "bwrap",  "--bind", BASE "/newroot", "/",
					    "--proc", "/proc",	"--tmpfs",	 "/t" };
	size_t used = sizeof(head) / sizeof(*head);

	b->bwrap_argv = calloc(used + 3 * (size_t)b->n + 2, sizeof(*b->bwrap_argv));
	memcpy(b->bwrap_argv, head, sizeof(head));
	for (int i = 0; i < b->n; i++) {
		char *from, *to;

		if (asprintf(&from, BASE "/volumes/%d", i) < 0 || asprintf(&to, "/%d", i) < 0)
			err(1, "asprintf");
		b->bwrap_argv[used++] = "--bind";
		b->bwrap_argv[used++] = from;
		b->bwrap_argv[used++] = to;
	}
	b->bwrap_argv[used] = "/nothing";
}

static void write_config(const struct bench *b)
{
	FILE *file = fopen(BASE "/bundle/config.json", "we");

	fprintf(file,
		"{\"ociVersion\":\"1.0.0\",\"process\":{\"user\":{\"uid\":0,\"gid\":0},\"args\":"
		"[\"/nothing\"],\"cwd\":\"/\"},\"root\":{\"path\":\"" BASE "/newroot\"},"
		"\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"}]},\"mounts\":["
		"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
		"{\"destination\":\"/t\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}");
	for (int i = 0; i < b->n; i++)
		fprintf(file,
			",{\"destination\":\"/%d\",\"type\":\"bind\",\"source\":\"" BASE
			"/volumes/%d\",\"options\":[\"bind\"]}",
			i, i);
	fprintf(file, "]}\n");
	if (fclose(file) != 0)
		err(1, "config.json");
}

static double crun(struct bench *b)
{
	const char *argv[] = { "crun",	       "--root",
			       BASE "/crun",   "--cgroup-manager=disabled",
			       "run",	       "--bundle=" BASE "/bundle",
			       "rebind-bench", NULL };

	return try_run(argv, execute_quietly);
}

static double runc(struct bench *b)
{
	const char *argv[] = { "runc",	   "--root",	   BASE "/runc",   "run",
			       "--bundle", BASE "/bundle", "rebind-bench", NULL };

	return try_run(argv, execute_quietly);
}

static double dump_criu(struct bench *b)
{
	umount2(BASE "/criu", MNT_DETACH);
	if (mount("bench", BASE "/criu", "tmpfs", 0, NULL) < 0)
		err(1, "criu");
	return criu_dump(&b->criu);
}

static double restore_criu(struct bench *b)
{
	return criu_restore(&b->criu);
}

/* ---- one N ---- */

static void load_library(struct bench *b)
{
	void *object = dlopen(library, RTLD_NOW | RTLD_LOCAL);

	if (!object)
		errx(1, "%s", dlerror());
	*(void **)&b->report_new = dlsym(object, "rebind_report_new");
	*(void **)&b->report_free = dlsym(object, "rebind_report_free");
	*(void **)&b->restore = dlsym(object, "rebind_restore");
	*(void **)&b->copies = dlsym(object, "rebind_restore_copies");
	*(void **)&b->namespace_free = dlsym(object, "rebind_namespace_free");
}

static void set_up(struct bench *b)
{
	const char **words = calloc((size_t)b->n + 1, sizeof(*words));

	make_directories(BASE "/sources", b->n);
	make_directories(BASE "/volumes", b->n);
	make_directories(BASE "/root", b->n);
	make_directories(BASE "/newroot", b->n);
	b->plain = start_container(b->n, false, b->plain_pid);
	b->container = start_container(b->n, true, b->container_pid);
	snprintf(b->number, sizeof(b->number), "%d", b->n);
	snprintf(b->mountinfo, sizeof(b->mountinfo), "/proc/%s/mountinfo", b->plain_pid);
	write_words(BASE "/dump", "mnt[/%d]:k%d\n", b->n);
	write_words(BASE "/restore", "mnt[k%d]:" BASE "/volumes/%d\n", b->n);
	for (int i = 0; i < b->n; i++) {
		char *word;

		if (asprintf(&word, "mnt[k%d]:" BASE "/volumes/%d", i, i) < 0)
			err(1, "asprintf");
		words[i] = word;
	}
	b->words = words;
	b->criu = criu_set_up(b->plain, BASE "/criu", BASE "/newroot", BASE "/volumes", b->n);
	bwrap_words(b);
	write_config(b);
	load_library(b);
}

static void print_way(const struct bench *b, struct way *way)
{
	double *s = way->seconds;

	if (way->missing)
		return;
	double middle = median(s, b->rounds);

	printf("{\"n\": %d, \"way\": \"%s\", \"median\": %.9f, \"min\": %.9f, \"max\": %.9f, "
	       "\"rounds\": %d}\n",
	       b->n, way->name, middle, s[0], s[b->rounds - 1], b->rounds);
	fflush(stdout);
}

static void measure(int n)
{
	struct way ways[] = {
		{ "dump", dump_plain },
		{ "dump, container", dump_container },
		{ "read", read_whole },
		{ "read, inside", read_inside },
		{ "restore", restore_plain },
		{ "floor", floor_whole },
		{ "restore, inside", restore_inside },
		{ "floor, inside", floor_inside },
		{ "copy, inside", copy_plain },
		{ "copy, container, inside", copy_container },
		{ "restore, container", restore_container },
		{ "bwrap", bwrap, 1000 },
		{ "crun", crun, 1000 },
		{ "runc", runc, 1000 },
		{ "CRIU dump", dump_criu, 1000 },
		{ "CRIU restore", restore_criu, 1000 },
	};
	const size_t n_ways = sizeof(ways) / sizeof(*ways);
	struct bench b = { .n = n, .rounds = n <= 100 ? ROUNDS_MAX : n <= 1000 ? 11 : 5 };

	set_up(&b);
	/* The first round warms up. */
	for (int round = -1; round < b.rounds; round++)
		for (size_t i = 0; i < n_ways; i++) {
			struct way *way = &ways[i];

			if (way->missing)
				continue;
			double seconds = way->n_max && n > way->n_max ? -1 : way->run(&b);

			way->missing = seconds < 0;
			way->seconds[round < 0 ? 0 : round] = seconds;
		}
	for (size_t i = 0; i < n_ways; i++)
		print_way(&b, &ways[i]);
	criu_end(&b.criu);
	kill(b.plain, SIGKILL);
	kill(b.container, SIGKILL);
	waitpid(b.plain, NULL, 0);
	waitpid(b.container, NULL, 0);
}

static void copy_program(const char *from, const char *to)
{
	char buf[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			err(1, "%s", to);
	close(in);
	close(out);
}

int main(int argc, char **argv)
{
	static const char *const sizes[] = { "0", "10", "20", "100", "1000", "10000" };
	static const char *const directories[] = { BASE "/plain",     BASE "/container",
						   BASE "/bundle",    BASE "/criu",
						   BASE "/root/proc", BASE "/newroot/proc" };

	if (argc < 5)
		errx(2, "usage: table REBIND FLOOR NOTHING LIBRARY [N...]");
	floor_program = realpath(argv[2], NULL);
	nothing = realpath(argv[3], NULL);
	library = realpath(argv[4], NULL);
	int program = open(nothing, O_PATH | O_CLOEXEC);

	if (!floor_program || !library || program < 0)
		err(1, "%s", argv[3]);
	enter_base(argv[1]);
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		if (mkdir(directories[i], 0755) < 0)
			err(1, "%s", directories[i]);
	copy_program(nothing, BASE "/newroot/nothing");
	copy_program(nothing, BASE "/root/nothing");
	if (argc > 5)
		for (int i = 5; i < argc; i++)
			measure(atoi(argv[i]));
	else
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
			measure(atoi(sizes[i]));
	return 0;
}
