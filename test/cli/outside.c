// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What lives outside of a container and serves it.
 *
 *	outside fuse SOCKET IMAGE	for each that connects: a new /dev/fuse, served by
 *					squashfuse
 *	outside autofs SOCKET FILE	a new pipe; the requests that come are written to FILE
 *	outside unix SOCKET		a new socket; who connects to it hears "served outside"
 *	outside mount SOCKET TYPE TARGET OPTIONS
 *					connect, and mount with the descriptor that comes
 *	outside bind SOCKET PATH	connect, and bind the socket that comes
 *
 * "ready" on stdout says that SOCKET can be connected to. What served for a connection ends when
 * nobody can ask it any more; all of it ends with the first process.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/auto_fs.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "outside: %s: %s\n", what, strerror(errno));
	_exit(99);
}

static int unix_socket(const char *path, struct sockaddr_un *ret)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(ret->sun_path, sizeof(ret->sun_path), "%s", path);
	if (fd < 0)
		fail("socket");
	return fd;
}

/* One byte, and perhaps a descriptor. Return: the descriptor that came, or -1. */
static int exchange(int sock, int send_fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	int fd = -1;

	if (send_fd < 0) {
		if (recvmsg(sock, &message, MSG_CMSG_CLOEXEC) == 1 && message.msg_controllen)
			memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
		return fd;
	}
	control.header = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.header), &send_fd, sizeof(int));
	if (sendmsg(sock, &message, MSG_NOSIGNAL) != 1)
		fail("sendmsg");
	return -1;
}

/* ---- the services: the descriptor is sent, and what it needs goes on in a child ---- */

/* Before it is mounted, a read from it fails, and squashfuse would end. Nothing tells when it is.
 */
static void await_mount(int sock, int fd)
{
	struct pollfd device = { .fd = fd, .events = POLLIN }, other = { .fd = sock };

	bool over = false;

	while (poll(&device, 1, 0) == 1 && (device.revents & POLLERR)) {
		if (over)
			_exit(0);
		over = poll(&other, 1, 1) == 1;
	}
}

static void serve_fuse(int sock, const char *image)
{
	int fd = open("/dev/fuse", O_RDWR);
	char name[32];

	if (fd < 0)
		fail("/dev/fuse");
	snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	exchange(sock, fd);
	await_mount(sock, fd);
	execlp("squashfuse", "squashfuse", "-f", image, name, NULL);
	fail("squashfuse");
}

/* "There is none": said by ioctl, to the filesystem as the one who asked sees it. */
static void deny(const struct autofs_v5_packet *packet)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%u/root/auto", packet->pid);
	int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, AUTOFS_IOC_FAIL, packet->wait_queue_token) < 0)
		fail(name);
	close(fd);
}

static void serve_autofs(int sock, const char *file)
{
	union autofs_v5_packet_union packet;
	FILE *out = fopen(file, "ae");
	int ends[2];

	if (!out || pipe2(ends, O_CLOEXEC) < 0)
		fail(file);
	exchange(sock, ends[1]);
	close(ends[1]);
	while (read(ends[0], &packet, sizeof(packet)) > 0) {
		fprintf(out, "%.*s\n", (int)packet.v5_packet.len, packet.v5_packet.name);
		fflush(out);
		deny(&packet.v5_packet);
	}
	_exit(0);
}

/* Not bound yet: whoever makes the name binds it, and then says so with a byte. */
static void serve_unix(int sock, const char *unused)
{
	static const char text[] = "served outside\n";
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd poll_both[2] = { { .fd = sock, .events = POLLIN },
				       { .fd = fd, .events = POLLIN } };
	char byte;

	(void)unused;
	exchange(sock, fd);
	if (read(sock, &byte, 1) != 1 || listen(fd, 5) < 0 || write(sock, &byte, 1) != 1)
		_exit(0);
	poll_both[0].fd = -1;
	while (poll(poll_both, 2, -1) > 0) {
		int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (client < 0 || write(client, text, sizeof(text) - 1) < 0)
			fail("client");
		close(client);
	}
	_exit(0);
}

static void serve(const char *path, void (*service)(int, const char *), const char *argument)
{
	struct sockaddr_un address;
	int fd = unix_socket(path, &address);

	signal(SIGCHLD, SIG_IGN);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 5) < 0)
		fail(path);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (client < 0)
			fail("accept");
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			service(client, argument);
		}
		close(client);
	}
}

static int mount_it(char *argv[])
{
	struct sockaddr_un address;
	int sock = unix_socket(argv[2], &address);
	char options[256];

	if (connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail(argv[2]);
	snprintf(options, sizeof(options), "fd=%d,%s", exchange(sock, -1), argv[5]);
	if (mount("outside", argv[4], argv[3], 0, options) < 0)
		fail(argv[4]);
	return 0;
}

static int bind_it(char *argv[])
{
	struct sockaddr_un address;
	int sock = unix_socket(argv[2], &address);
	char byte = 'x';

	if (connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail(argv[2]);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[3]);
	if (bind(exchange(sock, -1), (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    write(sock, &byte, 1) != 1 || read(sock, &byte, 1) != 1)
		fail(argv[3]);
	return 0;
}

int main(int argc, char *argv[])
{
	if (argc == 6 && strcmp(argv[1], "mount") == 0)
		return mount_it(argv);
	if (argc == 4 && strcmp(argv[1], "bind") == 0)
		return bind_it(argv);
	if (argc == 4 && strcmp(argv[1], "fuse") == 0)
		serve(argv[2], serve_fuse, argv[3]);
	if (argc == 4 && strcmp(argv[1], "autofs") == 0)
		serve(argv[2], serve_autofs, argv[3]);
	if (argc == 3 && strcmp(argv[1], "unix") == 0)
		serve(argv[2], serve_unix, NULL);
	errno = EINVAL;
	fail("usage");
}
