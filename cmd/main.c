// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/errors.h"
#include "runtime/criu/actions.h"

struct verb {
	const char *name, *summary;
	int (*run)(int argc, char **argv);
	int output_lost; /* exit status when stdout could not be written */
};

static const struct verb verbs[] = {
	{ "check", "what this kernel and these privileges allow", verb_check, STATUS_FAILED },
	{ "dump", "write the image of a mount namespace", verb_dump, STATUS_FAILED },
	{ "restore", "build the namespace of an image under another root", verb_restore,
	  STATUS_FAILED },
	{ "show", "a namespace as a tree", verb_show, STATUS_FAILED },
	{ "diff", "what two namespaces have different", verb_diff, STATUS_DIFF_ERROR },
	{ "plugin", "list the plugins that would be loaded; test one", verb_plugin, STATUS_FAILED },
	{ "swrk", "serve one runtime on an inherited socket (CRIU's RPC)", verb_swrk,
	  STATUS_FAILED },
	{ "service", "serve runtimes at a socket's path (CRIU's RPC)", verb_service,
	  STATUS_FAILED },
	{ "criu", "dump or restore a whole container, the processes by CRIU", verb_criu,
	  STATUS_FAILED },
};

static int print_help(void)
{
	printf("usage: rebind VERB [options]\n"
	       "       rebind VERB --help\n"
	       "       rebind --help | --version [-v]\n\n"
	       "Dumps a mount namespace and builds it again under another root.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		printf("  %-9s %s\n", verbs[i].name, verbs[i].summary);
	printf("\nA namespace is named by a pid, an nsfs file, an image directory or a saved "
	       "mountinfo file.\nThe manual is rebind(1).\n");
	return STATUS_OK;
}

/*
 * A missing standard descriptor would be the number of the next file that is opened, and a COMMAND
 * inherits 0 to 2. It is replaced by one that cannot be used either: what was to be printed and
 * went nowhere is an error. Only what there is to say about that has to go somewhere.
 */
static int ensure_standard_fds(void)
{
	static const int modes[] = { O_WRONLY, O_RDONLY, O_RDWR };
	struct pollfd fds[] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };

	/* One call for all three; of one that is only a path it says the same. */
	if (poll(fds, ARRAY_SIZE(fds), 0) >= 0 &&
	    !((fds[0].revents | fds[1].revents | fds[2].revents) & POLLNVAL))
		return 0;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* The lowest number that is free: this one. */
		if (open("/dev/null", modes[fd]) != fd)
			return errno ? -errno : -EBADF;
	}
	return 0;
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

/* How many letters have to be put in, taken out or changed; of words of up to 15 letters. */
static size_t distance(const char *left, const char *right)
{
	enum { MAX = 15 };
	size_t n = strlen(right), row[MAX + 1];

	if (strlen(left) > MAX || n > MAX)
		return MAX;
	for (size_t k = 0; k <= n; k++)
		row[k] = k;
	for (size_t i = 0; left[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t k = 1; k <= n; k++) {
			size_t change = diagonal + (left[i] != right[k - 1]);
			size_t less = (row[k] < row[k - 1] ? row[k] : row[k - 1]) + 1;

			diagonal = row[k];
			row[k] = change < less ? change : less;
		}
	}
	return row[n];
}

static int unknown_verb(const char *name)
{
	const struct verb *nearest = &verbs[0];

	for (size_t i = 1; i < ARRAY_SIZE(verbs); i++)
		if (distance(name, verbs[i].name) < distance(name, nearest->name))
			nearest = &verbs[i];
	if (distance(name, nearest->name) > 2)
		return usage_error(NULL, "unknown verb '%s'", name);
	return usage_error(NULL, "unknown verb '%s'; did you mean '%s'?", name, nearest->name);
}

/* "help VERB" is "VERB --help". */
static int help_on(int argc, char **argv)
{
	char help[] = "--help";
	char *words[] = { argc > 0 ? argv[0] : NULL, help, NULL };
	const struct verb *verb = argc > 0 ? find_verb(argv[0]) : NULL;

	if (!argc)
		return print_help();
	return verb ? verb->run(2, words) : unknown_verb(argv[0]);
}

/* A full disk must not look like a namespace without mounts. */
static int flush_output(int status, int output_lost)
{
	bool failed = ferror(stdout);

	errno = 0;
	if (fflush(stdout) == 0 && !failed)
		return status;
	fprintf(stderr, "rebind: cannot write to stdout: %s\n",
		errno ? strerror(errno) : "output was lost");
	return status < output_lost ? output_lost : status;
}

static const char *program_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *called(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int main_run(int argc, char **argv)
{
	const struct verb *verb;

	if (argc && strcmp(program_name(argv[0]), ACTIONS_PROGRAM) == 0)
		return actions_program(argv[0]);
	if (argc > 0 && strcmp(called(argv[0]), "criu") == 0)
		return flush_output(criu_name(argc, argv), STATUS_FAILED);
	if (argc < 2)
		return usage_error(NULL, "a verb is missing");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return flush_output(print_help(), STATUS_FAILED);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return flush_output(version_print(argc - 1, argv + 1), STATUS_FAILED);
	if (argv[1][0] == '-')
		return usage_error(NULL, "unknown option '%s' before the verb", argv[1]);
	verb = find_verb(argv[1]);
	if (!verb && strcmp(argv[1], "help") == 0)
		return flush_output(help_on(argc - 2, argv + 2), STATUS_FAILED);
	if (!verb)
		return unknown_verb(argv[1]);
	int status = verb->run(argc - 1, argv + 1);

	errors_print();
	return flush_output(status, verb->output_lost);
}

static void ignore(int number)
{
}

/*
 * Some callers leave signal settings behind that break us: SIGCHLD ignored, so that children cannot
 * be waited for, and SIGXFSZ, which kills at the largest size of a file. A handler, unlike SIG_IGN,
 * is not inherited by a COMMAND.
 */
static void set_signals(void)
{
	struct sigaction action = { .sa_handler = ignore, .sa_flags = SA_RESTART };

	signal(SIGCHLD, SIG_DFL);
	sigaction(SIGXFSZ, &action, NULL);
}

/*
 * What a restore of some mounts needs comes with one call, and a little of it is not given back in
 * between. What is large is mapped for itself, and goes when it is freed.
 */
static void set_heap(void)
{
#ifdef M_TOP_PAD
	mallopt(M_TOP_PAD, 256 << 10);
	mallopt(M_TRIM_THRESHOLD, 1 << 20);
	mallopt(M_MMAP_THRESHOLD, 64 << 10);
#endif
}

int main(int argc, char **argv)
{
	set_heap();
	int err = ensure_standard_fds();

	set_signals();

	if (err) {
		fprintf(stderr, "rebind: cannot open '/dev/null': %s\n", strerror(-err));
		return STATUS_FAILED;
	}
	return main_run(argc, argv);
}
