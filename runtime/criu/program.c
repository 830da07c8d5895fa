// SPDX-License-Identifier: LGPL-2.1-or-later
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "runtime/criu/criu.h"

extern char **environ;

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

pid_t criu_spawn(char *const *argv)
{
	pid_t pid;

	if (criu_sibling_is_wanted())
		return criu_sibling_start(argv);
	int err = posix_spawn(&pid, argv[0], NULL, NULL, argv, environ);

	return err ? log_error(-err, "cannot start '%s'", argv[0]) : pid;
}
