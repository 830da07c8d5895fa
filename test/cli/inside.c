// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Runs where a namespace has no programs of its own: linked statically, it is copied into the root.
 *
 *	inside hold ROOT [DIR]	make ROOT the root, say so on stdout, and stay; DIR of it, a mount,
 * is moved over it inside exit N | kill N	end that way inside stay		do not end
 *	inside fds		the open descriptors, one a line
 *	inside cwd		the working directory
 *	inside cat FILE...	what is in the files
 *	inside pids		the processes that /proc shows
 *	inside ns KIND...	the namespaces that it is in
 *	inside write FILE	create the file
 *	inside hear SOCKET	connect, and print what comes
 *	inside socket FILE	make a socket of this name
 *	inside receive COMMAND [ARG...]
 *				run the command with a socket as descriptor 3; what it sends is
 *				kept as descriptor 9: say so on stdout, and stay
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "inside: %s: %s\n", what, strerror(errno));
	return 99;
}

static int stay(void)
{
	printf("ready\n");
	fflush(stdout);
	while (pause())
		;
	return 0;
}

static int hold(const char *root, const char *over)
{
	if (chdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chroot(".") < 0)
		return fail(root);
	if (over && mount(over, "/", NULL, MS_MOVE, NULL) < 0)
		return fail(over);
	return stay();
}

static int list_numbers(const char *dir)
{
	DIR *d = opendir(dir);

	if (!d)
		return fail(dir);
	for (struct dirent *entry; (entry = readdir(d));)
		if (isdigit(entry->d_name[0]) && atoi(entry->d_name) != dirfd(d))
			puts(entry->d_name);
	closedir(d);
	return 0;
}

static int cwd(void)
{
	char buf[4096];

	if (!getcwd(buf, sizeof(buf)))
		return fail("getcwd");
	puts(buf);
	return 0;
}

static int cat(const char *file)
{
	char buf[65536];
	int fd = open(file, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fail(file);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (fwrite(buf, 1, (size_t)n, stdout) != (size_t)n)
			return 99;
	close(fd);
	return n < 0 ? fail(file) : 0;
}

static int ns(const char *kind)
{
	char name[64], link[64];

	snprintf(name, sizeof(name), "/proc/self/ns/%s", kind);
	ssize_t n = readlink(name, link, sizeof(link) - 1);

	if (n < 0)
		return fail(name);
	printf("%.*s\n", (int)n, link);
	return 0;
}

static int receive_fd(int sock)
{
	char data[16];
	union {
		struct cmsghdr head;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd = -1;

	if (recvmsg(sock, &msg, MSG_DONTWAIT) < 0)
		return -1;
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	if (head && head->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

static int receive(char **command)
{
	int pair[2], status;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		return fail("socketpair");
	pid_t pid = fork();

	if (pid == 0) {
		/* Through a number that is neither: one of the pair may be 3 itself. */
		dup2(pair[1], 10);
		dup2(10, 3);
		close(10);
		execvp(command[0], command);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return fail("fork");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
	int fd = receive_fd(pair[0]);

	if (fd < 0 || dup2(fd, 9) < 0)
		return fail("no descriptor came");
	return stay();
}

static int each(char **words, int (*one)(const char *word))
{
	for (; *words; words++)
		if (one(*words))
			return 99;
	return 0;
}

/* What the one says who serves a socket. */
static int hear(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char buf[256];
	ssize_t n;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return fail(path);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write(1, buf, (size_t)n) != n)
			return fail("stdout");
	return n < 0 ? fail(path) : 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (strcmp(verb, "exit") == 0 && argc == 3)
		return atoi(argv[2]);
	if (strcmp(verb, "kill") == 0 && argc == 3)
		return raise(atoi(argv[2]));
	if (strcmp(verb, "hold") == 0 && argc >= 3)
		return hold(argv[2], argv[3]);
	if (strcmp(verb, "stay") == 0)
		return stay();
	if (strcmp(verb, "fds") == 0)
		return list_numbers("/proc/self/fd");
	if (strcmp(verb, "pids") == 0)
		return list_numbers("/proc");
	if (strcmp(verb, "cwd") == 0)
		return cwd();
	if (strcmp(verb, "cat") == 0)
		return each(argv + 2, cat);
	if (strcmp(verb, "ns") == 0)
		return each(argv + 2, ns);
	if (strcmp(verb, "write") == 0 && argc == 3)
		return open(argv[2], O_WRONLY | O_CREAT, 0600) < 0 ? fail(argv[2]) : 0;
	if (strcmp(verb, "hear") == 0 && argc == 3)
		return hear(argv[2]);
	if (strcmp(verb, "socket") == 0 && argc == 3)
		return mknod(argv[2], S_IFSOCK | 0600, 0) < 0 ? fail(argv[2]) : 0;
	if (strcmp(verb, "receive") == 0 && argc > 2)
		return receive(argv + 2);
	fprintf(stderr, "inside: what?\n");
	return 99;
}
