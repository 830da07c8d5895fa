// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/activation.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"

#define FIRST_FD 3 /* the protocol's: those that are passed are numbered from here */

static void forget_variables(void)
{
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
}

/* Return: how many were passed to this process, 0 if none, or a negative errno, said. */
static int count_passed(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");

	if (!pid || !fds || text_number(pid) != getpid())
		return 0;
	int n = text_number(fds);

	return n < 0 ? log_error(-EINVAL, "LISTEN_FDS is '%s', not a number", fds) : n;
}

static int socket_option(int fd, int name)
{
	int value;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &size) < 0 ? -errno : value;
}

static int check_socket(int fd)
{
	int domain = socket_option(fd, SO_DOMAIN);

	if (domain < 0)
		return log_error(domain, "descriptor %d, given by LISTEN_FDS, is no socket", fd);
	if (domain != AF_UNIX || socket_option(fd, SO_TYPE) != SOCK_SEQPACKET)
		return log_error(-EPROTOTYPE,
				 "the socket given by LISTEN_FDS is not a Unix socket of type "
				 "SOCK_SEQPACKET; in a socket unit: ListenSequentialPacket=");
	if (socket_option(fd, SO_ACCEPTCONN) != 1)
		return log_error(-EINVAL, "the socket given by LISTEN_FDS does not listen; in a "
					  "socket unit: Accept=no");
	return 0;
}

int activation_socket(void)
{
	int n = count_passed();

	forget_variables();
	if (n <= 0)
		return n < 0 ? (int)n : -ENOENT;
	if (n > 1)
		return log_error(-E2BIG, "LISTEN_FDS gives %d sockets; the service takes one", n);
	int err = check_socket(FIRST_FD);

	if (err)
		return err;
	if (fcntl(FIRST_FD, F_SETFD, FD_CLOEXEC) < 0 || fcntl(FIRST_FD, F_SETFL, O_NONBLOCK) < 0)
		return log_error(-errno, "cannot use the socket given by LISTEN_FDS");
	return FIRST_FD;
}

/* A path, or a name in the abstract namespace, which begins with '@'. Return: its size, or 0. */
static socklen_t set_address(const char *text, struct sockaddr_un *ret)
{
	size_t n = strlen(text);

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if ((*text != '/' && *text != '@') || n < 2 || n >= sizeof(ret->sun_path))
		return 0;
	memcpy(ret->sun_path, text, n);
	if (*text == '@')
		ret->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

static int send_ready(const char *path)
{
	static const char text[] = "READY=1";
	struct sockaddr_un address;
	socklen_t size = set_address(path, &address);

	if (!size)
		return -EINVAL;
	cleanup_fd int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sock < 0)
		return -errno;
	ssize_t n = sendto(sock, text, strlen(text), MSG_NOSIGNAL,
			   (const struct sockaddr *)&address, size);

	return n < 0 ? -errno : 0;
}

int activation_ready(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	int err = path ? send_ready(path) : 0;

	if (err)
		log_error(err, "cannot notify '%s' of NOTIFY_SOCKET", path);
	unsetenv("NOTIFY_SOCKET");
	return err;
}
