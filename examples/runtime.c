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

int main(int argc, char **argv)
{
	struct rebind_report *report = rebind_report_new();
	const char **words = calloc((size_t)argc, sizeof(*words));
	struct rebind_namespace *ns = NULL;
	char **arg = argv + 3, *word;
	size_t n = 0;

	for (; argc > 3 && *arg && strcmp(*arg, "--") != 0; arg++) {
		const char *source = strchr(*arg, '=');

		if (!source ||
		    asprintf(&word, "mnt[%.*s]:%s", (int)(source - *arg), *arg, source + 1) < 0)
			break;
		words[n++] = word;
	}
	if (argc < 5 || !*arg || strcmp(*arg, "--") != 0 || !arg[1]) {
		fprintf(stderr, "usage: %s IMAGE ROOT [KEY=SOURCE...] -- COMMAND [ARG...]\n",
			argv[0]);
		return 2;
	}
	struct rebind_restore_options options = {
		.size = sizeof(options),
		.images_dir = argv[1],
		.root = argv[2],
		.external = words,
		.n_external = n,
	};
	int err = rebind_restore(&options, report, &ns);
	int status = err ? failed(report, err) : run_inside(rebind_namespace_fd(ns), arg + 1);

	/* With the last process in it and its last descriptor the namespace is gone. */
	rebind_namespace_free(ns);
	rebind_report_free(report);
	return status;
}
