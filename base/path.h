/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths: as text, and as (directory descriptor, name). */
#ifndef REBIND_BASE_PATH_H
#define REBIND_BASE_PATH_H

#include "base/util.h"

/**
 * path_open_beneath - open a handle on a path that must stay beneath a directory
 * @dir_fd: directory that no component of @path may leave
 * @path: path as seen from @dir_fd; leading slashes stand for @dir_fd itself
 *
 * The kernel reports mountpoints fully resolved. A symlink met here therefore
 * means that the tree is not the one that was dumped: refuse it, don't follow it.
 * Other mounts are not crossed either: a place in a mount is a place in that mount.
 *
 * Return: an O_PATH descriptor that the caller owns, or a negative errno: -ELOOP if @path crosses
 * a symlink, -EXDEV if it has ".." in it or crosses a mount.
 */
int path_open_beneath(int dir_fd, const char *path);

/**
 * path_open_across - the same, but other mounts are crossed: they may be what is looked for
 */
int path_open_across(int dir_fd, const char *path);

/**
 * path_open_link_beneath - the same, of a symlink: the last component is one, and is not followed
 *
 * Return: as path_open_beneath(); -EINVAL if it is no symlink, -EXDEV if something is mounted on
 * it.
 */
int path_open_link_beneath(int dir_fd, const char *path);

/**
 * path_open_in_root - open a handle on a path as a process with that root would
 * @root_fd: its root; absolute symlinks and ".." stay below it
 *
 * Without openat2 a child does it, with that directory as its root: this needs CAP_SYS_CHROOT.
 *
 * Return: an O_PATH descriptor that the caller owns, or a negative errno.
 */
int path_open_in_root(int root_fd, const char *path);

/* The directory that was opened last: names in one directory stand side by side in sorted lists. */
struct path_cache {
	int fd;
	int root_fd;
	const char *dir; /* borrowed, not terminated */
	size_t size;
};

#define PATH_CACHE_NONE      \
	(struct path_cache)  \
	{                    \
		.fd = -EBADF \
	}

/**
 * path_cache_open - the directory of a path, opened as by path_open_beneath()
 * @root_fd: directory that @path is below; forget the cache when this number gets another meaning
 * @path: must live as long as the cache
 * @ret_name: the last component
 *
 * Return: a descriptor that belongs to the cache and is valid until the next call, or a negative
 * errno.
 */
int path_cache_open(struct path_cache *cache, int root_fd, const char *path, const char **ret_name);
void path_cache_forget(struct path_cache *cache);
#define cleanup_path_cache cleanup(path_cache_forget)

/**
 * path_rest_below - what remains of a path below a directory
 * @path, @dir: absolute and normal
 *
 * Return: a pointer into @path that starts with '/' or is empty (the same path), or NULL if
 * @path does not lie below @dir.
 */
const char *path_rest_below(const char *path, const char *dir);

/**
 * path_dir_size - of a path with a slash in it, how long its directory's is
 *
 * Return: the size, 0 for what is right in "/".
 */
size_t path_dir_size(const char *path);

/**
 * path_is_normal - is it absolute, without "//", ".", "..", and without a trailing slash
 */
bool path_is_normal(const char *path);

/**
 * path_normalize - an absolute path with what path_is_normal() refuses taken out, by text alone
 * @path: absolute or not; a relative one is taken from "/"
 *
 * Return: a malloc()ed string, or NULL (no memory). ".." is taken by text: for names only.
 */
char *path_normalize(const char *path);

/**
 * path_join - "@dir/@rest" with one slash between
 *
 * Return: a malloc()ed string, or NULL (no memory).
 */
char *path_join(const char *dir, const char *rest);

/**
 * path_of_fd - the kernel's name for what a descriptor refers to
 *
 * Return: a malloc()ed string (/proc/self/fd/N read), or NULL.
 */
char *path_of_fd(int fd);

/**
 * path_holds_namespace - is a namespace bound to a file (namespaces(7))
 *
 * Return: false also where the file is not there, or cannot be looked at.
 */
bool path_holds_namespace(const char *path);

/**
 * path_printable - escape what a terminal should not see
 * @path: bytes
 *
 * Space stays; control characters, backslash and bytes that are not valid UTF-8 become \ooo as in
 * mountinfo. Return: a malloc()ed string, or NULL (no memory).
 */
char *path_printable(const char *path);

#endif
