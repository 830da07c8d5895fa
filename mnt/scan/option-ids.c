// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/scan/option-ids.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "model/ids.h"

#define MAP_MAX 16384 /* 340 lines of 36 bytes at most (user_namespaces(7)) */

void option_ids_free_maps(struct mount_idmap *maps)
{
	free(maps->uid);
	free(maps->gid);
	*maps = (struct mount_idmap){ 0 };
}

static int read_map(const char *file, struct mount_id_extent **ret, uint32_t *ret_n)
{
	cleanup_free char *text = malloc(MAP_MAX);
	cleanup_fd int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (!text || fd < 0)
		return text ? -errno : -ENOMEM;
	/* A map comes with one read; the kernel has it in a page or two. */
	n = read(fd, text, MAP_MAX - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return ids_parse_map(text, ret, ret_n);
}

static int read_maps(const char *of, struct mount_idmap *ret)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/uid_map", of);
	int err = read_map(path, &ret->uid, &ret->n_uid);

	snprintf(path, sizeof(path), "/proc/%s/gid_map", of);
	if (!err)
		err = read_map(path, &ret->gid, &ret->n_gid);
	if (err)
		option_ids_free_maps(ret);
	return err;
}

int option_ids_read_own(struct mount_idmap *ret)
{
	return read_maps("self", ret);
}

static bool is_in_ours(const char *of)
{
	char path[64];
	struct stat own, its;

	snprintf(path, sizeof(path), "/proc/%s/ns/user", of);
	return stat("/proc/self/ns/user", &own) < 0 || stat(path, &its) < 0 ||
	       (own.st_dev == its.st_dev && own.st_ino == its.st_ino);
}

int option_ids_read_of(pid_t pid, struct mount_idmap *ret)
{
	char of[16];

	snprintf(of, sizeof(of), "%d", (int)pid);
	return is_in_ours(of) ? 0 : read_maps(of, ret);
}

/* A process in it: only of one the kernel tells the maps. */
_Noreturn static void show_maps(int user_fd, int sock)
{
	char byte;

	if (setns(user_fd, CLONE_NEWUSER) < 0)
		_exit(errno);
	if (fd_send(sock, "m", 1, -1) == 0)
		fd_recv(sock, &byte, 1, NULL);
	_exit(0);
}

int option_ids_read_user(int user_fd, struct mount_idmap *ret)
{
	cleanup_fd int sock = -EBADF;
	cleanup_child pid_t pid = child_fork_socket(&sock);
	char byte;

	if (pid == 0)
		show_maps(user_fd, sock);
	if (pid < 0)
		return pid;
	return child_recv(pid, sock, &byte, 1, NULL) == 1 ? option_ids_read_of(pid, ret) : -EPERM;
}

int option_ids_read_owner(int ns_fd, struct mount_idmap *ret)
{
	cleanup_fd int owner = ioctl(ns_fd, NS_GET_USERNS);
	cleanup_fd int own = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);

	if (owner < 0 || own < 0)
		return -errno;
	return fd_same_file(owner, own) ? 0 : option_ids_read_user(owner, ret);
}

static bool has_ids(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (ids_are_in(&tree->mounts[i]))
			return true;
	return false;
}

static bool is_identity(const struct mount_idmap *maps)
{
	return maps->n_uid == 1 && maps->n_gid == 1 && maps->uid->first == maps->uid->lower &&
	       maps->gid->first == maps->gid->lower;
}

int option_ids_translate(struct mount_tree *tree)
{
	cleanup(option_ids_free_maps) struct mount_idmap maps = { 0 };
	int err = has_ids(tree) ? option_ids_read_own(&maps) : 0;

	if (err || !maps.uid || is_identity(&maps))
		return err;
	for (uint32_t i = 0; i < tree->n; i++) {
		struct mount *m = &tree->mounts[i];
		cleanup_free char *options = ids_are_in(m) ? ids_options_inside(&maps, m) : NULL;

		if (!options)
			continue;
		m->options = arena_intern(&tree->strings, options, strlen(options));
		if (!m->options)
			return -ENOMEM;
	}
	return 0;
}

bool option_ids_same(const struct mount *m, const char *raw)
{
	const struct mount shown = { .fstype = m->fstype, .options = raw };
	cleanup(option_ids_free_maps) struct mount_idmap maps = { 0 };

	if (strcmp(m->options, raw) == 0)
		return true;
	if (!ids_are_in(&shown) || option_ids_read_own(&maps) || !maps.uid)
		return false;
	cleanup_free char *inside = ids_options_inside(&maps, &shown);

	return inside && strcmp(m->options, inside) == 0;
}
