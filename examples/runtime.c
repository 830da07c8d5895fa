/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small container runtime: builds the mounts of an image and runs a command in them.
 *	runtime IMAGE ROOT ['mnt[KEY]:SOURCE'...] -- COMMAND [ARG...]
 *	cc -Wall -o runtime runtime.c $(pkg-config --cflags --libs rebind)
 */
#define _GNU_SOURCE
#include <rebind.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Everything that is wrong, each with what would help. */
static int failed(const struct rebind_report *report, int err)
{
	const struct rebind_finding *f;

	for (size_t i = 0; (f = rebind_report_finding(report, i)); i++)
		fprintf(stderr, "%s: %s (%s)\n", f->path ?: "image", f->text, f->help ?: "");
	fprintf(stderr, "the mounts cannot be restored: %s\n", strerror(-err));
	return 125;
}

static int run_inside(int ns_fd, char **command)
{
	int status = 125 << 8;
	pid_t pid = fork();

	/* Its root and working directory become those of the namespace. */
	if (pid == 0 && setns(ns_fd, CLONE_NEWNS) == 0)
		execvp(command[0], command);
	if (pid == 0)
		_exit(126);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	struct rebind_restore_options options = { .size = sizeof(options) };
	struct rebind_report *report = rebind_report_new();
	struct rebind_namespace *ns = NULL;
	int i = 3;

	while (i < argc && strcmp(argv[i], "--") != 0)
		i++;
	if (i + 1 >= argc)
		return 2;
	options.images_dir = argv[1];
	options.root = argv[2];
	options.external = (const char *const *)argv + 3;
	options.n_external = (size_t)i - 3;
	int fd = rebind_restore(NULL, &options, report, &ns) ?: rebind_namespace_keep_fd(ns);
	int status = fd < 0 ? failed(report, fd) : run_inside(fd, argv + i + 1);
	rebind_namespace_free(ns); /* it lives as long as somebody is in it */
	rebind_report_free(report);
	return status;
}
