// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The suite: options, a process for each case, and what they say as TAP. See ../README.md.
 */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner.h"

#define TRIAL_SECONDS 120

struct options {
	struct suite suite;
	struct list cases;
	struct list readers; /* each case runs with each; none: the engine chooses */
	const char *reader;
	long jobs;
	bool list, keep;
};

struct task {
	const char *name;   /* of the case */
	const char *reader; /* NULL: the engine's choice */
	const char *title;
	char *scratch;
	pid_t pid; /* 0: not started, or ended */
	int output;
	int status;
	bool ended;
};

struct totals {
	size_t passed, failed, skipped;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* --- scratch directories ------------------------------------------------------------------------
 */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	if (remove(path))
		fprintf(stderr, "cannot remove %s: %s\n", path, strerror(errno));
	return 0;
}

static char *make_scratch(void)
{
	const char *parent = getenv("TMPDIR");
	char *path = format("%s/zdtm-mnt.XXXXXX", parent && *parent ? parent : "/tmp");

	if (!mkdtemp(path) || chmod(path, 0755)) {
		fprintf(stderr, "cannot make %s: %s\n", path, strerror(errno));
		exit(2);
	}
	return path;
}

static void remove_scratch(const char *path)
{
	nftw(path, remove_entry, 64, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* --- trials -------------------------------------------------------------------------------------
 */

static _Noreturn void trial_process(const struct suite *suite, const struct task *task)
{
	const struct trial trial = { suite, task->name, task->scratch, task->reader };

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	dup2(task->output, 1);
	alarm((unsigned int)(TRIAL_SECONDS * kernel_slowness()));
	trial_run(&trial);
	fflush(stdout);
	exit(has_complaints());
}

static void start_task(const struct suite *suite, struct task *task)
{
	task->scratch = make_scratch();
	task->output = memfd_create(task->name, MFD_CLOEXEC);
	fflush(stdout);
	task->pid = (pid_t)syscall(SYS_clone, CLONE_NEWNS | CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
	if (task->output < 0 || task->pid < 0) {
		fprintf(stderr, "cannot start a trial: %s\n", strerror(errno));
		exit(2);
	}
	if (!task->pid)
		trial_process(suite, task);
}

static struct task *task_of(struct task *tasks, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (tasks[i].pid == pid)
			return &tasks[i];
	return NULL;
}

static void wait_task(struct task *tasks, size_t count, bool keep)
{
	int status;
	pid_t pid = wait(&status);
	struct task *task = pid > 0 ? task_of(tasks, count, pid) : NULL;

	if (!task)
		return;
	task->pid = 0;
	task->status = status;
	task->ended = true;
	if (keep)
		fprintf(stderr, "%s: %s\n", task->title, task->scratch);
	else
		remove_scratch(task->scratch);
}

/* --- what is said -------------------------------------------------------------------------------
 */

/* The first line is the case's sentence; the others are remarks. */
static void print_task(const struct task *task, size_t number, struct totals *totals)
{
	struct text text = { 0 };
	char *about, *remarks;

	lseek(task->output, 0, SEEK_SET);
	text_read_fd(&text, task->output);
	close(task->output);
	about = text.bytes ? text.bytes : strdup("");
	remarks = strchr(about, '\n');
	if (remarks)
		*remarks++ = '\0';
	if (!task->status) {
		totals->passed++;
		printf("ok %zu - %s: %s\n", number, task->title, about);
	} else if (WIFEXITED(task->status) && WEXITSTATUS(task->status) == EXIT_SKIPPED) {
		totals->skipped++;
		printf("ok %zu - %s # SKIP %s", number, task->title,
		       remarks && *remarks ? remarks + 2 : "\n");
		return;
	} else {
		totals->failed++;
		printf("not ok %zu - %s: %s\n", number, task->title, about);
	}
	if (WIFSIGNALED(task->status))
		printf("# killed by signal %d\n", WTERMSIG(task->status));
	printf("%s", remarks ? remarks : "");
}

/* Each case, once for each reader. */
static struct task *make_tasks(const struct options *options, size_t *ret_count)
{
	size_t readers = options->readers.count ? options->readers.count : 1;
	struct task *tasks = allocate((options->cases.count * readers + 1) * sizeof(*tasks));

	*ret_count = options->cases.count * readers;
	for (size_t i = 0; i < *ret_count; i++) {
		struct task *task = &tasks[i];

		task->name = task->title = options->cases.items[i / readers];
		if (options->readers.count) {
			task->reader = options->readers.items[i % readers];
			task->title = format("%s/%s", task->name, task->reader);
		}
	}
	return tasks;
}

static struct totals run_tasks(const struct options *options)
{
	size_t count, started = 0, ended = 0, printed = 0;
	struct task *tasks = make_tasks(options, &count);
	struct totals totals = { 0 };

	printf("1..%zu\n", count);
	while (ended < started || (started < count && !interrupted)) {
		while (started < count && !interrupted && started - ended < (size_t)options->jobs)
			start_task(&options->suite, &tasks[started++]);
		wait_task(tasks, count, options->keep);
		ended = 0;
		for (size_t i = 0; i < started; i++)
			ended += tasks[i].ended;
		for (; printed < started && tasks[printed].ended; printed++)
			print_task(&tasks[printed], printed + 1, &totals);
		fflush(stdout);
	}
	totals.failed += count - started;
	return totals;
}

static int print_list(const struct options *options)
{
	for (size_t i = 0; i < options->cases.count; i++) {
		char *program = format("%s/%s", options->suite.cases, options->cases.items[i]);
		char about[512] = "?\n";
		FILE *stream = popen(format("'%s' about", program), "r");

		if (!stream || !fgets(about, sizeof(about), stream))
			fprintf(stderr, "%s says nothing about itself\n", program);
		if (stream)
			pclose(stream);
		printf("%-28s %s", options->cases.items[i], about);
	}
	return 0;
}

/* --- options ------------------------------------------------------------------------------------
 */

static _Noreturn void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"usage: run [--engine PROGRAM] [--case-dir DIR] [--flavour host|userns] [--list]\n"
		"           [--reader statmount|mountinfo|both|any] [--jobs N] [--no-diff] [--keep]\n"
		"           [--verbose] [--table] [CASE...]\n");
	exit(status);
}

static void all_cases(struct list *cases, const char *directory)
{
	DIR *stream = opendir(directory);
	struct dirent *entry;

	while (stream && (entry = readdir(stream)))
		if (!strchr(entry->d_name, '.'))
			list_add(cases, entry->d_name);
	if (stream)
		closedir(stream);
	list_sort(cases);
}

static void parse_options(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{ "engine", required_argument, NULL, 'e' },
		{ "cases", required_argument, NULL, 'c' },
		{ "build", required_argument, NULL, 'b' },
		{ "flavour", required_argument, NULL, 'f' },
		{ "reader", required_argument, NULL, 'r' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "no-diff", no_argument, NULL, 'n' },
		{ "list", no_argument, NULL, 'l' },
		{ "keep", no_argument, NULL, 'k' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct suite *suite = &options->suite;
	int option;

	while ((option = getopt_long(argc, argv, "j:vh", known, NULL)) != -1)
		switch (option) {
		case 'e':
			suite->engine = optarg;
			break;
		case 'c':
			suite->cases = optarg;
			break;
		case 'b':
			suite->build = optarg;
			break;
		case 'f':
			suite->flavour = optarg;
			break;
		case 'r':
			options->reader = optarg;
			break;
		case 'j':
			options->jobs = atol(optarg);
			break;
		case 'n':
			suite->diff = false;
			break;
		case 'l':
			options->list = true;
			break;
		case 'k':
			options->keep = true;
			break;
		case 'v':
			suite->verbose = true;
			break;
		case 'h':
			usage(0);
		default:
			usage(2);
		}
	for (; optind < argc; optind++)
		list_add(&options->cases, argv[optind]);
}

/* A program given by a path with a slash; others are found in PATH, as a shell would. */
static void absolute(const char **path)
{
	char *real = strchr(*path, '/') ? realpath(*path, NULL) : NULL;

	if (real)
		*path = real;
}

static void choose_readers(struct options *options)
{
	const char *reader = options->reader;
	bool both = !strcmp(reader, "both");

	if (!both && strcmp(reader, "any") && strcmp(reader, "statmount") &&
	    strcmp(reader, "mountinfo"))
		usage(2);
	if (!options->suite.rebind || !strcmp(reader, "any"))
		return;
	if (both && options->suite.statmount)
		list_add(&options->readers, "statmount");
	list_add(&options->readers, both ? "mountinfo" : reader);
}

static void complete_options(struct options *options)
{
	struct suite *suite = &options->suite;
	const char *name;

	if (!suite->cases || !suite->build || !suite->engine ||
	    (strcmp(suite->flavour, "host") && strcmp(suite->flavour, "userns")))
		usage(2);
	absolute(&suite->engine);
	absolute(&suite->cases);
	absolute(&suite->build);
	name = strrchr(suite->engine, '/');
	suite->rebind = !strcmp(name ? name + 1 : suite->engine, "rebind");
	if (!suite->rebind)
		suite->diff = false;
	suite->statmount = kernel_has_statmount();
	choose_readers(options);
	if (!options->cases.count)
		all_cases(&options->cases, suite->cases);
	if (!options->cases.count) {
		fprintf(stderr, "there are no cases in %s\n", suite->cases);
		exit(2);
	}
	if (options->jobs < 1)
		options->jobs = sysconf(_SC_NPROCESSORS_ONLN);
}

int main(int argc, char **argv)
{
	struct options options = { .suite = { .flavour = "host", .diff = true }, .reader = "both" };
	struct sigaction action = { .sa_handler = on_signal };
	struct text before = { 0 }, after = { 0 };
	struct totals totals;

	parse_options(&options, argc, argv);
	complete_options(&options);
	if (options.list)
		return print_list(&options);
	if (geteuid()) {
		fprintf(stderr, "the suite makes mount namespaces: it has to run as root\n");
		return 2;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	text_read_file(&before, "/proc/self/mountinfo");
	totals = run_tasks(&options);
	text_read_file(&after, "/proc/self/mountinfo");
	if (strcmp(text_string(&before), text_string(&after))) {
		printf("# the mount table outside the suite has changed meanwhile\n");
		totals.failed++;
	}
	printf("%zu passed, %zu failed, %zu skipped\n", totals.passed, totals.failed,
	       totals.skipped);
	return totals.failed ? 1 : 0;
}
