// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "base/path.h"
#include "mnt/fs/fs.h"
#include "mnt/fs/overlay-index.h"
#include "model/filesystem.h"

/* A path that is too long for fsconfig(2) is given as a descriptor (Linux 6.13). */
static int set_layer(int fs_fd, const struct mount *m, const struct filesystem_option *option)
{
	if (!filesystem_is_layer(option->name) || strlen(option->value) < 256)
		return fs_set_option(fs_fd, m, option->name, option->value);
	cleanup_fd int fd = open(option->value, O_PATH | O_CLOEXEC);

	if (fd < 0 || fsconfig(fs_fd, FSCONFIG_SET_FD, option->name, NULL, fd) < 0)
		return log_error(
			-errno,
			"cannot create the overlay of mount %u '%s': its layer '%.200s...' "
			"cannot be given as a descriptor",
			m->id, m->mountpoint, option->value);
	return 0;
}

/* The kernel shows redirect_dir for an overlay without an upper layer, where it has no meaning and
 * may be EPERM. */
static int set_layers(const struct mount *m, int fs_fd)
{
	bool upper = strstr(m->options, "upperdir=") != NULL;
	const char *rest = m->options;
	struct filesystem_option option;
	int err = fs_set_options(fs_fd, m, ""), more = 1;

	while (!err && (more = filesystem_next_option(&rest, &option)) > 0) {
		if (!filesystem_ignores(option.name) &&
		    (upper || strcmp(option.name, "redirect_dir") != 0))
			err = set_layer(fs_fd, m, &option);
		filesystem_free_option(&option);
	}
	return err ? err : more;
}

/* Kernels differ in how they show it. */
static bool is_word_volatile(const struct filesystem_option *option)
{
	return strcmp(option->name, "volatile") == 0 ||
	       (strcmp(option->name, "fsync") == 0 && option->value &&
		strcmp(option->value, "volatile") == 0);
}

/* As the kernel does: what follows a backslash is taken as it is. */
static void unescape(char *path)
{
	char *to = path;

	for (const char *from = path; *from; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	*to = '\0';
}

static bool is_volatile(const char *options)
{
	struct filesystem_option option;
	bool found = false;

	while (filesystem_next_option(&options, &option) > 0) {
		found |= is_word_volatile(&option);
		filesystem_free_option(&option);
	}
	return found;
}

/* The directory that an option names, or a negative errno: -ENOENT also without the option. */
static int open_directory_of(int root_fd, const struct mount *m, const char *name)
{
	const char *rest = m->options;
	struct filesystem_option option;
	int fd = -ENOENT;

	while (filesystem_next_option(&rest, &option) > 0) {
		if (strcmp(option.name, name) == 0 && option.value && fd < 0) {
			unescape(option.value);
			fd = path_open_in_root(root_fd, option.value);
		}
		filesystem_free_option(&option);
	}
	return fd;
}

/*
 * The kernel empties the work directory and makes these in it again. Their times are those that
 * they had: whoever looks for what was changed finds what the namespace has changed.
 */
static const char *const made_again[] = {
	"work/incompat/volatile/dirty", "work/incompat/volatile", "work/incompat", "work", "",
};

struct times {
	struct timespec access_and_change[ARRAY_SIZE(made_again)][2];
};

static void read_times(int workdir_fd, struct times *ret)
{
	struct stat stat;

	for (size_t i = 0; i < ARRAY_SIZE(made_again); i++) {
		bool there = fstatat(workdir_fd, made_again[i], &stat,
				     AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) == 0;

		ret->access_and_change[i][0] =
			there ? stat.st_atim : (struct timespec){ .tv_nsec = UTIME_OMIT };
		ret->access_and_change[i][1] =
			there ? stat.st_mtim : (struct timespec){ .tv_nsec = UTIME_OMIT };
	}
}

static void put_times(int workdir_fd, const struct mount *m, const struct times *times)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(made_again); i++)
		if (utimensat(workdir_fd, made_again[i], times->access_and_change[i],
			      AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno != ENOENT)
			err = -errno;
	if (err)
		log_warn("mount %u '%s': the times of its work directory, which mounting changed, "
			 "cannot be set again: %s",
			 m->id, m->mountpoint, strerror(-err));
}

/*
 * The kernel marks the work directory of a volatile overlay and never removes the mark. It refuses
 * to mount an overlay with the mark, because its layers may not have been synced and the caller may
 * not know that. Here the image says that the overlay was volatile, so the mark is removed. Return:
 * was it there?
 */
static bool take_mark(int incompat_fd)
{
	return unlinkat(incompat_fd, "volatile/dirty", 0) == 0 &&
	       unlinkat(incompat_fd, "volatile", AT_REMOVEDIR) == 0;
}

static void put_mark_back(int incompat_fd)
{
	if (mkdirat(incompat_fd, "volatile", 0) == 0)
		mknodat(incompat_fd, "volatile/dirty", S_IFREG, 0);
}

static int make_by_call(const struct mount *m)
{
	cleanup_free char *options = strdup(m->options);

	if (options && !strstr(options, "upperdir="))
		filesystem_drop_option(options, "redirect_dir");
	return options ? fs_mount_call(NULL, m, options) : -ENOMEM;
}

static int overlay_make(int fs_fd, const struct mount *m)
{
	if (fs_fd < 0)
		return make_by_call(m);
	return fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 ? -errno : 0;
}

/* @fs_fd: negative: with mount(2). Return: a mount where that made one, 0, or a negative errno. */
static int overlay_create(int fs_fd, const struct mount *m)
{
	cleanup_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int workdir = open_directory_of(root, m, "workdir");
	/* Where the kernel keeps the names of what an older one would not understand. */
	cleanup_fd int incompat = is_volatile(m->options) && workdir >= 0
					  ? path_open_beneath(workdir, "work/incompat")
					  : -ENOENT;
	struct times times;

	if (workdir >= 0)
		read_times(workdir, &times);
	bool marked = incompat >= 0 && take_mark(incompat);
	int err = overlay_make(fs_fd, m);

	if (err < 0 && marked)
		put_mark_back(incompat);
	if (workdir >= 0)
		put_times(workdir, m, &times);
	return err;
}

/* Return: what fsmount(2) takes, or a mount, or a negative errno, logged unless it is -ESTALE. */
static int configure(const struct mount *m, bool *ret_is_mount)
{
	*ret_is_mount = fs_is_too_long(m, m->options, false);
	if (*ret_is_mount)
		return overlay_create(-EBADF, m);
	cleanup_fd int fs_fd = fsopen("overlay", FSOPEN_CLOEXEC);

	if (fs_fd < 0)
		return log_error(-errno, "cannot create an overlay for mount %u '%s'", m->id,
				 m->mountpoint);
	int err = fs_set_source(fs_fd, m);

	if (!err)
		err = set_layers(m, fs_fd);
	if (err)
		return err;
	err = overlay_create(fs_fd, m);
	if (err < 0 && err != -ESTALE)
		return log_error(err, "cannot create the overlay of mount %u '%s' from '%.200s'",
				 m->id, m->mountpoint, m->options);
	return err ? err : fd_take(&fs_fd);
}

static int refuse_stale(const struct mount *m, const struct overlay_index *index)
{
	return log_error(
		-ESTALE,
		"cannot create the overlay of mount %u '%s': its layers are copies, and its index "
		"names the files of the old ones. To restore it without, empty the directory "
		"'index' in its work directory and take the attribute %s from it, and %s from its "
		"upper directory; '%.200s'",
		m->id, m->mountpoint, index->upper, index->origin, m->options);
}

/* Layers that are copies: the kernel sets what it misses. Return: 0, or a negative errno, logged. */
static int renew_index(const struct mount *m)
{
	cleanup_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int work = open_directory_of(root, m, "workdir");
	cleanup_fd int upper = open_directory_of(root, m, "upperdir");
	struct overlay_index index;

	overlay_index_look(m->options, &index);
	if (work < 0 || upper < 0 || overlay_index_needed(&index, upper, work))
		return refuse_stale(m, &index);
	int err = overlay_index_forget(&index, upper, work);

	return err ? log_error(err, "cannot renew the index of the overlay of mount %u '%s'", m->id,
			       m->mountpoint)
		   : 0;
}

/* In the child. Return: as configure(), each error logged. */
static int configure_anew(const struct mount *m, bool *ret_is_mount)
{
	int fd = configure(m, ret_is_mount);

	if (fd != -ESTALE)
		return fd;
	int err = renew_index(m);

	if (err)
		return err;
	struct overlay_index index;

	overlay_index_look(m->options, &index);
	fd = configure(m, ret_is_mount);
	return fd == -ESTALE ? refuse_stale(m, &index) : fd;
}

/*
 * The child that serves all overlays, or in a set those of one namespace. Its root is the new root,
 * and it is in the user namespace that shall own the mounts: overlayfs wants its layers looked up
 * there (EIO and a kernel warning otherwise).
 */
static int serve(struct build *b, int sock, uint32_t root)
{
	/* The layers have to be in the namespace of who asks (EINVAL). */
	int err = b->n_members && setns(b->members[b->overlays_member].fd, CLONE_NEWNS) < 0
			  ? -errno
			  : ns_helper_enter_user(b->ns_helper);
	uint32_t i;

	if (!err && (fchdir(b->fds[root]) < 0 || chroot(".") < 0))
		err = -errno;
	if (err)
		log_error(err, "cannot enter the new root for its overlays");
	while (!err && fd_recv(sock, &i, sizeof(i), NULL) == sizeof(i)) {
		bool is_mount;
		cleanup_fd int fd = configure_anew(&b->tree->mounts[i], &is_mount);

		err = fd < 0 ? fd : fd_send(sock, is_mount ? "m" : "o", 1, fd);
	}
	return err;
}

void fs_overlay_end(struct build *b)
{
	fd_close(&b->overlays_sock);
	child_kill(&b->overlays_pid);
}

static int start_child(struct build *b, uint32_t i)
{
	fs_overlay_end(b);
	b->overlays_member = b->targets[i].member;
	b->overlays_pid = child_fork_socket(&b->overlays_sock);
	if (b->overlays_pid == 0)
		_exit(serve(b, b->overlays_sock, tree_root_of(b->tree, b->tree->mounts[i].ns)) ? 1
											       : 0);
	return b->overlays_pid < 0 ? log_error(b->overlays_pid, "cannot fork") : 0;
}

int fs_overlay_create(struct build *b, uint32_t i)
{
	const struct mount *m = &b->tree->mounts[i];
	cleanup_fd int fs_fd = -EBADF;
	char word = '\0';
	bool runs = b->overlays_pid > 0 && b->overlays_member == b->targets[i].member;
	int err = runs ? 0 : start_child(b, i);

	/* It has said why, if it is gone. */
	if (!err && (fd_send(b->overlays_sock, &i, sizeof(i), -1) ||
		     child_recv(b->overlays_pid, b->overlays_sock, &word, 1, &fs_fd) != 1))
		err = -EIO;
	if (err)
		return err;
	if (word == 'm')
		return fd_take(&fs_fd);
	int fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, 0);

	return fd < 0 ? log_error(-errno, "cannot mount the overlay of mount %u '%s'", m->id,
				  m->mountpoint)
		      : fd;
}
