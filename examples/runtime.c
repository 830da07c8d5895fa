// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A small container runtime: builds the mounts of an image and runs a command in them.
 *
 *	runtime IMAGE ROOT [KEY=SOURCE...] -- COMMAND [ARG...]
 *
 *	cc -Wall -o runtime runtime.c $(pkg-config --cflags --libs rebind)
 */
#define _GNU_SOURCE
#include <rebind.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Everything that is wrong, each with what would help. */
static int failed(const struct rebind_report *report, int err)
{
	const struct rebind_finding *list;
	size_t n = rebind_report_findings(report, &list);

	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "%s: %s (%s)\n", list[i].path ? list[i].path : "image",
			list[i].text, list[i].help ? list[i].help : "no option helps");
	fprintf(stderr, "the mounts cannot be restored: %s\n", strerror(-err));
	return 125;
}

static int run_inside(int ns_fd, char **command)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		/* The root of a process that enters a mount namespace becomes that of the
		 * namespace. */
		if (setns(ns_fd, CLONE_NEWNS) == 0 && chdir("/") == 0)
			execvp(command[0], command);
		perror(command[0]);
		_exit(126);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 125;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* "KEY=SOURCE" as the option --external spells it. */
static char *external_word(const char *arg)
{
	const char *source = strchr(arg, '=');
	char *word;

	if (!source || asprintf(&word, "mnt[%.*s]:%s", (int)(source - arg), arg, source + 1) < 0)
		return NULL;
	return word;
}

static int restore_and_run(const char *image, const char *root, char **words, size_t n,
			   char **command)
{
	struct rebind_report *report = rebind_report_new();
	struct rebind_namespace *ns = NULL;
	struct rebind_restore_options options = {
		.size = sizeof(options),
		.images_dir = image,
		.root = root,
		.external = (const char *const *)words,
		.n_external = n,
	};
	int err = rebind_restore(&options, report, &ns);
	int status = err ? failed(report, err) : run_inside(rebind_namespace_fd(ns), command);

	/* With the last process in it and its last descriptor the namespace is gone. */
	rebind_namespace_free(ns);
	rebind_report_free(report);
	return status;
}

int main(int argc, char **argv)
{
	int dashes = 3, bad = 0;

	while (dashes < argc && strcmp(argv[dashes], "--") != 0)
		bad |= !strchr(argv[dashes++], '=');
	if (bad || dashes + 1 >= argc) {
		fprintf(stderr, "usage: %s IMAGE ROOT [KEY=SOURCE...] -- COMMAND [ARG...]\n",
			argv[0]);
		return 2;
	}
	size_t n = (size_t)dashes - 3;

	/* In place of the arguments. */
	for (size_t i = 0; i < n; i++)
		argv[3 + i] = external_word(argv[3 + i]);
	int status = restore_and_run(argv[1], argv[2], argv + 3, n, argv + dashes + 1);

	for (size_t i = 0; i < n; i++)
		free(argv[3 + i]);
	return status;
}
