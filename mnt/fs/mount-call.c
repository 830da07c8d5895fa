// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Theory of operation
 *
 * fsconfig(2) takes values of 255 bytes. mount(2) takes a source of 4,095 bytes, and options that
 * are as long together: what is longer than 255 bytes was mounted that way, and is again. A child
 * does it, on the root of the namespace that is built, where nothing is shared with anything else:
 * "/.." leads to what is mounted there. What it sends is a clone, detached as fsmount(2) makes
 * them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "base/sys.h"
#include "mnt/fs/fs.h"
#include "model/filesystem.h"

enum { FSCONFIG_MAX = 255 };

static bool is_long(const char *text)
{
	return strlen(text) > FSCONFIG_MAX;
}

bool fs_is_too_long(const struct mount *m, const char *options, bool layers_too)
{
	struct filesystem_option option;
	bool found = is_long(m->source);

	while (!found && filesystem_next_option(&options, &option) > 0) {
		found = option.value && is_long(option.value) && !filesystem_ignores(option.name) &&
			(layers_too || !filesystem_is_layer(option.name));
		filesystem_free_option(&option);
	}
	return found;
}

/* A comma in a value: SELinux takes quotes, overlay a backslash, which it shows as it was given. */
static int put_value(FILE *out, const struct filesystem_option *option)
{
	bool quote = filesystem_is_label(option->name) && strchr(option->value, ',');

	for (const char *p = option->value; !quote && *p; p++) {
		if (*p == ',')
			return -EOPNOTSUPP;
		p += *p == '\\' && p[1];
	}
	fprintf(out, quote ? "=\"%s\"" : "=%s", option->value);
	return 0;
}

static int put_options(FILE *out, const char *options)
{
	struct filesystem_option option;
	int err = 0, more;
	bool any = false;

	while (!err && (more = filesystem_next_option(&options, &option)) > 0) {
		if (!filesystem_ignores(option.name)) {
			fprintf(out, "%s%s", any ? "," : "", option.name);
			err = option.value ? put_value(out, &option) : 0;
			any = true;
		}
		filesystem_free_option(&option);
	}
	return err ? err : more;
}

/* Options as mount(2) takes them: a malloc()ed string, or an error; a page at most. */
static int make_data(const char *options, char **ret)
{
	size_t size;
	FILE *out = open_memstream(ret, &size);
	int err = out ? put_options(out, options) : -ENOMEM;

	if (out && fclose(out) != 0 && !err)
		err = -ENOMEM;
	return err ? err : size >= (size_t)sysconf(_SC_PAGESIZE) ? -E2BIG : 0;
}

/* In the child. Return: a detached mount, or a negative errno. */
static int mount_alone(const struct mount *m, unsigned long flags, const char *data)
{
	if (mount(m->source, "/", m->fstype, flags, data) < 0)
		return -errno;
	int fd = sys_open_tree(AT_FDCWD, "/..", OPEN_TREE_CLONE);

	if (umount2("/..", MNT_DETACH) == 0 || fd < 0)
		return fd;
	close(fd);
	return -errno;
}

/* In the child, which is in the pid namespace only as the parent of another one. */
static int mount_and_send(const struct mount *m, unsigned long flags, const char *data, int sock)
{
	cleanup_fd int fd = mount_alone(m, flags, data);

	return fd < 0 ? fd : fd_send(sock, "m", 1, fd);
}

static int enter_and_send(struct ns_helper *ns_helper, const struct mount *m, unsigned long flags,
			  const char *data, int sock)
{
	const char *namespace = filesystem_find(m->fstype)->namespace;
	int err = namespace ? ns_helper_enter(ns_helper, namespace) : 0;

	if (!err)
		err = ns_helper_enter_user(ns_helper);
	if (err || !namespace || strcmp(namespace, "pid") != 0)
		return err ? err : mount_and_send(m, flags, data, sock);
	pid_t pid = child_fork();

	if (pid == 0)
		_exit(-mount_and_send(m, flags, data, sock));
	return pid < 0 ? pid : child_wait_errno(pid);
}

static int run_child(struct ns_helper *ns_helper, const struct mount *m, unsigned long flags,
		     const char *data)
{
	cleanup_fd int sock = -EBADF;
	pid_t pid = child_fork_socket(&sock);
	int fd = -EBADF;
	char word;

	if (pid == 0)
		_exit(-enter_and_send(ns_helper, m, flags, data, sock));
	if (pid < 0)
		return pid;
	ssize_t n = child_recv(pid, sock, &word, 1, &fd);
	int err = child_wait_errno(pid);

	return err ? err : n == 1 && fd >= 0 ? fd : -EIO;
}

int fs_mount_call(struct ns_helper *ns_helper, const struct mount *m, const char *options)
{
	static const unsigned long known = MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK | MS_LAZYTIME;
	const struct filesystem *fs = filesystem_find(m->fstype);
	bool single = (fs->flags & FILESYSTEM_SINGLE) && !(fs->flags & FILESYSTEM_HOST_OPTIONS);
	unsigned long flags = m->sb_flags & (single ? known | MS_RDONLY : known);
	cleanup_free char *data = NULL;
	int err = make_data(options, &data);

	if (err)
		return log_error(
			err,
			"cannot create the %s of mount %u '%s': its source or an option is "
			"longer than fsconfig(2) takes, and %s",
			m->fstype, m->id, m->mountpoint,
			err == -E2BIG	     ? "all of them are longer than mount(2) takes"
			: err == -EOPNOTSUPP ? "mount(2) takes no comma in a value"
					     : "memory ran out");
	int fd = run_child(ns_helper, m, flags, data);

	return fd < 0 && fd != -ESTALE
		       ? log_error(fd, "cannot create the %s of mount %u '%s' with mount(2)",
				   m->fstype, m->id, m->mountpoint)
		       : fd;
}
