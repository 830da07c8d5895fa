// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "runtime/criu/criu.h"

extern char **environ;

#define VERSION_PATIENCE 2000 /* ms */

static void posix_spawn_file_actions_clear(posix_spawn_file_actions_t *files)
{
	posix_spawn_file_actions_destroy(files);
}

/* rebind under the name criu, as a runtime finds it: it would call itself for ever. */
static bool is_self(const char *path)
{
	struct stat self, other;

	return stat("/proc/self/exe", &self) == 0 && stat(path, &other) == 0 &&
	       self.st_dev == other.st_dev && self.st_ino == other.st_ino;
}

static int find_in_path(char **ret)
{
	const char *dir = secure_getenv("PATH") ?: "/usr/sbin:/usr/bin:/sbin:/bin";
	char path[PATH_MAX];

	while (*dir) {
		size_t n = strcspn(dir, ":");
		int size = snprintf(path, sizeof(path), "%.*s/criu", (int)n, dir);

		if (n && size < (int)sizeof(path) && access(path, X_OK) == 0 && !is_self(path)) {
			*ret = strdup(path);
			return *ret ? 0 : log_error(-ENOMEM, "cannot look for criu");
		}
		dir += n + (dir[n] == ':');
	}
	return log_error(-ENOENT, "CRIU is not in PATH: name it with REBIND_CRIU");
}

int criu_find(char **ret)
{
	const char *named = secure_getenv("REBIND_CRIU");

	if (!named || !*named)
		return find_in_path(ret);
	if (access(named, X_OK) < 0)
		return log_error(-errno, "cannot execute '%s', which REBIND_CRIU names", named);
	if (is_self(named))
		return log_error(-EINVAL, "REBIND_CRIU names rebind itself: '%s'", named);
	*ret = strdup(named);
	return *ret ? 0 : log_error(-ENOMEM, "cannot look for criu");
}

/* What it prints, up to the end of the line. Return: false if it does not, within a while. */
static bool read_version(int fd, char *buf, size_t size)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	ssize_t n = poll(&poll_fd, 1, VERSION_PATIENCE) > 0 ? read(fd, buf, size - 1) : 0;

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return *buf;
}

const char *criu_version(const char *path, char text[CRIU_VERSION_MAX])
{
	char option[] = "--version", buf[128];
	char *const argv[] = { (char *)path, option, NULL };
	cleanup(posix_spawn_file_actions_clear) posix_spawn_file_actions_t files;
	int ends[2];
	pid_t pid = 0;

	text[0] = '\0';
	if (posix_spawn_file_actions_init(&files) != 0 || pipe2(ends, O_CLOEXEC) < 0)
		return text;
	cleanup_fd int in = ends[0];
	cleanup_fd int out = ends[1];

	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (posix_spawn(&pid, path, &files, NULL, argv, environ) != 0)
		return text;
	fd_close(&out);
	if (read_version(in, buf, sizeof(buf)))
		snprintf(text, CRIU_VERSION_MAX, "; it is '%s', %s", path, buf);
	child_kill(&pid);
	return text;
}

pid_t criu_spawn(char *const *argv)
{
	pid_t pid;

	if (criu_sibling_is_wanted())
		return criu_sibling_start(argv);
	int err = posix_spawn(&pid, argv[0], NULL, NULL, argv, environ);

	return err ? log_error(-err, "cannot start '%s'", argv[0]) : pid;
}
