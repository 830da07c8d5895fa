// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A plugin for served.sh: descriptors come from the servers outside (outside.c), whose sockets are
 * named in REBIND_TEST_FUSE, REBIND_TEST_AUTOFS and REBIND_TEST_UNIX. What it needs at restore it
 * keeps in the image: which id was a fuse, a pipe or a socket.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "criu-plugin.h"
#include "criu-log.h"

static bool told(const char *word)
{
	const char *mode = getenv("REBIND_TEST_PLUGIN");

	return mode && strstr(mode, word);
}

static int note(int id, const char *what)
{
	char name[64];

	snprintf(name, sizeof(name), "served-%d", id);
	int fd = openat(criu_get_image_dir(), name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, what, strlen(what)) < 0)
		return -errno;
	close(fd);
	return 0;
}

static bool is_noted(int id, const char *what)
{
	char name[64], text[32] = "";

	snprintf(name, sizeof(name), "served-%d", id);
	int fd = openat(criu_get_image_dir(), name, O_RDONLY);

	if (fd < 0)
		return false;
	bool same = read(fd, text, sizeof(text) - 1) > 0 && strcmp(text, what) == 0;

	close(fd);
	return same;
}

/* What is behind a descriptor, by its link: a device, a pipe, or the path of an O_PATH one. */
static int dump_file(int fd, int id)
{
	char name[64], link[4096];
	ssize_t n;

	if (told("decline"))
		return -ENOTSUP;
	if (told("crash"))
		abort();
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	pr_info("dump_file(%s, %d)\n", n > 0 ? link : "none", id);
	return note(id, strncmp(link, "pipe:", 5) && !told("autofs") ? "fuse" : "autofs");
}

static int ask_outside(const char *variable, int *ret_sock)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	int fd, sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s",
		 getenv(variable) ? getenv(variable) : "");
	if (connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	if (recvmsg(sock, &message, MSG_CMSG_CLOEXEC) != 1 || !message.msg_controllen)
		return -EIO;
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	/* Open for as long as this process lives: the server gives up when it is not. */
	if (ret_sock)
		*ret_sock = sock;
	return fd;
}

static int restore_file(int id, bool *retry_needed)
{
	static int calls, last;

	pr_info("restore_file(%d)\n", id);
	if (told("crash"))
		abort();
	if (told("null"))
		return open("/dev/null", O_RDWR);
	/* The first that is asked lets the others go first. */
	if (told("forever") || (told("retry") && calls++ == 0)) {
		last = id;
		*retry_needed = true;
		return -EAGAIN;
	}
	if (told("retry") && calls == 2 && id == last)
		return -EINVAL;
	if (is_noted(id, "autofs"))
		return ask_outside("REBIND_TEST_AUTOFS", NULL);
	return is_noted(id, "fuse") ? ask_outside("REBIND_TEST_FUSE", NULL) : -ENOTSUP;
}

/* A socket in a tmpfs: its name tells if it is one that is served outside. */
static int dump_socket(int fd, int id)
{
	char name[64], link[4096];
	struct stat st;
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, link, sizeof(link) - 1);
	if (n < 0 || fstat(fd, &st) < 0)
		return -errno;
	link[n] = '\0';
	pr_info("dump_socket(%s)\n", link);
	if (told("crash"))
		abort();
	if (!S_ISSOCK(st.st_mode) || (int)st.st_ino != id)
		return -EINVAL;
	return strstr(link, "served") ? note(id, "socket") : -ENOTSUP;
}

static int servers[64], n_servers;

static int restore_socket(int id)
{
	struct sockaddr_un any = { .sun_family = AF_UNIX };

	pr_info("restore_socket\n");
	if (told("crash"))
		abort();
	if (!is_noted(id, "socket") || told("decline"))
		return -ENOTSUP;
	if (told("null"))
		return open("/dev/null", O_RDWR);
	int fd = n_servers < 64 ? ask_outside("REBIND_TEST_UNIX", &servers[n_servers]) : -EMFILE;

	if (fd >= 0)
		n_servers++;

	if (fd >= 0 && told("bound"))
		bind(fd, (struct sockaddr *)&any, sizeof(any.sun_family));
	return fd;
}

/* They have their names by now: the servers may listen. */
static int late(void)
{
	char byte = 'x';

	for (int i = 0; i < n_servers; i++)
		if (write(servers[i], &byte, 1) != 1 || read(servers[i], &byte, 1) != 1)
			return -EIO;
	return 0;
}

static int dump_mount(char *mountpoint, int id)
{
	return told("mounts") && strcmp(mountpoint, "./fuse") == 0 ? note(id, "mount") : -ENOTSUP;
}

/* A fuse that is mounted already, by a daemon of the host's. */
static int restore_mount(int id, char *mountpoint, char *old_root, int *is_file)
{
	char source[4096];

	*is_file = 0;
	if (!is_noted(id, "mount"))
		return -ENOTSUP;
	snprintf(source, sizeof(source), "%s%s", old_root, getenv("REBIND_TEST_SOURCE"));
	if (mkdir(mountpoint, 0755) < 0 || mount(source, mountpoint, NULL, MS_BIND, NULL) < 0)
		return -errno;
	return 0;
}

CR_PLUGIN_REGISTER_DUMMY("served")
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_FILE, dump_file)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_FILE, restore_file)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_UNIX_SK, dump_socket)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_UNIX_SK, restore_socket)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__POST_FORKING, late)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_MOUNT, dump_mount)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT, restore_mount)
