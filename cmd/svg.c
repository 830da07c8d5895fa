// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/svg.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "cmd/dot.h"
#include "cmd/errors.h"

/* dot(1), which reads @in and writes to our stdout. */
static int start_dot(int in, pid_t *ret)
{
	const char *argv[] = { "dot", "-Tsvg", NULL };
	posix_spawn_file_actions_t actions;
	int err = posix_spawn_file_actions_init(&actions);

	if (err)
		return -err;
	err = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (!err)
		err = posix_spawnp(ret, argv[0], &actions, NULL, (char **)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (err == ENOENT)
		errors_say("cannot draw: dot, of Graphviz, is not installed; --dot prints what it "
			   "would draw");
	else if (err)
		errors_say("cannot start dot, of Graphviz: %s", strerror(err));
	return -err;
}

/* All that dot reads; stdout is the pipe, then closed. */
static int write_to_dot(const struct rebind_tree *tree, int out)
{
	if (dup2(out, STDOUT_FILENO) < 0)
		return -errno;
	int err = dot_print(tree);

	if (fclose(stdout) != 0 && !err)
		err = -errno;
	return err;
}

int svg_print(const struct rebind_tree *tree)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		errors_say("cannot make a pipe: %s", strerror(errno));
		return -EMFILE;
	}
	cleanup_fd int in = ends[0], out = ends[1];
	int err = start_dot(in, &pid);

	if (err)
		return err;
	signal(SIGPIPE, SIG_IGN); /* dot may end before it has read all */
	fd_close(&in);
	err = write_to_dot(tree, out);
	fd_close(&out);
	int ended = child_wait_program(pid, NULL);

	if (err || ended)
		errors_say("dot, of Graphviz, has drawn nothing, or not all of it");
	return err ? err : ended;
}
