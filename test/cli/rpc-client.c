// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A client of CRIU's RPC that does what it is told, right and wrong.
 *
 *	rpc-client unix:PATH | swrk:PROGRAM  STEP...
 *
 *	TYPE [FIELD=VALUE...]	  send a request (one argument), print what comes until its answer
 *				  (many=N: externals at /0, /1, ...)
 *	raw HEX | big BYTES	  send that, print what comes
 *	on SCRIPT WHAT		  at that notify: no, die, last (agree, and die), wrong, garbage,
 *				  silent, or a shell
 * command times N TYPE...		  that request so often on this connection, each must
 * succeed connect N TYPE...	  so often, each on a connection of its own
 *	closed			  the connection must be at its end
 *	hold			  print "held" and wait for the end of stdin
 *
 * It is the parent of a worker: what is made as a sibling of the worker is its child. Its exit
 * status is 1 if a request failed, 2 if the connection did.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/rpc/rpc.pb-c.h"

static int sock = -1, status;
static pid_t worker;
static struct {
	const char *script, *what;
} rules[16];
static size_t n_rules;

static const char *const types[] = { "EMPTY",	      "DUMP",	       "RESTORE", "CHECK",
				     "PRE_DUMP",      "PAGE_SERVER",   "NOTIFY",  "CPUINFO_DUMP",
				     "CPUINFO_CHECK", "FEATURE_CHECK", "VERSION", "WAIT_PID" };

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* ---- what is sent: the wire format by hand, to be free to send what no library would ---- */

struct buffer {
	uint8_t *data;
	size_t n, room;
};

static void make_room(struct buffer *b, size_t more)
{
	if (b->room - b->n >= more)
		return;
	b->room = 2 * (b->n + more);
	b->data = realloc(b->data, b->room);
	if (!b->data)
		die("realloc");
}

static void put_byte(struct buffer *b, uint8_t byte)
{
	make_room(b, 1);
	b->data[b->n++] = byte;
}

static void put_number(struct buffer *b, uint64_t value)
{
	make_room(b, 10);
	for (; value > 0x7f; value >>= 7)
		b->data[b->n++] = (uint8_t)(value | 0x80);
	b->data[b->n++] = (uint8_t)value;
}

static void put_field(struct buffer *b, unsigned int number, int64_t value)
{
	put_number(b, number << 3);
	put_number(b, (uint64_t)value);
}

static void put_bytes(struct buffer *b, unsigned int number, const void *data, size_t size)
{
	put_number(b, number << 3 | 2);
	put_number(b, size);
	make_room(b, size);
	memcpy(b->data + b->n, data, size);
	b->n += size;
}

/* "name=value" of the options; "key:fd" and "key:val" are messages of two fields. */
static bool put_option(struct buffer *b, const char *name, const char *value)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(&rpc__options__descriptor, name);
	struct buffer inner = { .n = 0 };
	const char *colon = strchr(value, ':');

	if (!field && strspn(name, "0123456789") == strlen(name))
		put_field(b, (unsigned int)atoi(name), atoll(value));
	else if (!field)
		return false;
	else if (field->type == PROTOBUF_C_TYPE_STRING)
		put_bytes(b, field->id, value, strlen(value));
	else if (field->type != PROTOBUF_C_TYPE_MESSAGE)
		put_field(b, field->id, atoll(value));
	else {
		put_bytes(&inner, 1, value, colon ? (size_t)(colon - value) : strlen(value));
		if (colon && strcmp(name, "inherit_fd") == 0)
			put_field(&inner, 2, atoll(colon + 1));
		else if (colon)
			put_bytes(&inner, 2, colon + 1, strlen(colon + 1));
		put_bytes(b, field->id, inner.data, inner.n);
	}
	return true;
}

/* Externals at places /0, /1, ... */
static void put_many(struct buffer *options, int n)
{
	char text[64];

	for (int i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "mnt[/%d]:key-of-%d", i, i);
		put_option(options, "external", text);
	}
}

static void put_request(struct buffer *b, const char *words)
{
	struct buffer options = { .n = 0 };
	char *copy = strdup(words), *rest = copy, *word = strsep(&rest, " ");
	bool has_options = false, has_dir = false;
	int type = atoi(word);

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(types[i], word) == 0)
			type = (int)i;
	put_field(b, 1, type);
	while ((word = strsep(&rest, " "))) {
		char *value = strchr(word, '=');

		if (!value)
			continue;
		*value++ = '\0';
		if (strcmp(word, "notify_success") == 0)
			put_field(b, 3, atoi(value));
		else if (strcmp(word, "keep_open") == 0)
			put_field(b, 4, atoi(value));
		else if (strcmp(word, "many") == 0)
			put_many(&options, atoi(value));
		else if (strcmp(word, "features") == 0)
			put_bytes(b, 5, "\x08\x01", 2);
		else if (put_option(&options, word, value))
			has_options = true;
		else
			die(word);
		has_dir |= strcmp(word, "images_dir_fd") == 0;
	}
	if (has_options && !has_dir)
		put_option(&options, "images_dir_fd", "-1");
	if (has_options)
		put_bytes(b, 2, options.data, options.n);
	free(copy);
}

static bool send_bytes(const void *data, size_t size)
{
	int room = (int)size * 2;

	if (size > 100000)
		setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	return send(sock, data, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static bool send_request(const char *words)
{
	struct buffer b = { .n = 0 };

	put_request(&b, words);
	return send_bytes(b.data, b.n);
}

/* ---- what comes ---- */

static Rpc__Response *receive(int *ret_fd)
{
	static uint8_t data[1 << 16];
	union {
		char buf[CMSG_SPACE(4 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = data, .iov_len = sizeof(data) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

	*ret_fd = -1;
	if (c && c->cmsg_type == SCM_RIGHTS) {
		memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
		if (c->cmsg_len != CMSG_LEN(sizeof(int)))
			printf("more than one descriptor!\n");
	}
	return n > 0 ? rpc__response__unpack(NULL, (size_t)n, data) : NULL;
}

static void print_response(const Rpc__Response *r, int fd)
{
	char link[64] = "", path[32];
	const char *type = r->type >= 0 && r->type < 12 ? types[r->type] : "?";

	printf("%s %s", type, r->success ? "ok" : "failed");
	if (r->dump)
		printf(" dump");
	if (r->version)
		printf(" %d.%d%s", r->version->major_number, r->version->minor_number,
		       r->version->gitid ? " gitid" : "");
	if (r->features)
		printf(" mem_track=%d lazy_pages=%d", r->features->mem_track,
		       r->features->lazy_pages);
	if (r->notify)
		printf(" %s", r->notify->script);
	if (r->notify && r->notify->has_pid)
		printf(" pid=%d", r->notify->pid);
	if (r->restore)
		printf(" pid=%d %s", r->restore->pid,
		       waitpid(r->restore->pid, NULL, WNOHANG) == 0 ? "child" : "no-child");
	if (fd >= 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (readlink(path, link, sizeof(link) - 1) > 0)
			printf(" fd=%s", link);
	}
	if (r->has_cr_errno)
		printf(" errno=%s", strerrorname_np(r->cr_errno));
	if (r->cr_errmsg)
		printf(" msg=%s", r->cr_errmsg);
	printf("\n");
	fflush(stdout);
}

static const char *rule_for(const char *script)
{
	for (size_t i = 0; i < n_rules; i++)
		if (strcmp(rules[i].script, script) == 0)
			return rules[i].what;
	return NULL;
}

static bool answer_notify(const Rpc__Notify *notify)
{
	const char *what = rule_for(notify->script);
	char pid[16];

	if (!what)
		return send_request("NOTIFY notify_success=1");
	if (strcmp(what, "no") == 0)
		return send_request("NOTIFY notify_success=0");
	if (strcmp(what, "wrong") == 0)
		return send_request("VERSION");
	if (strcmp(what, "silent") == 0)
		return send_request("NOTIFY");
	if (strcmp(what, "garbage") == 0)
		return send_bytes("\xff\xff\xff", 3);
	if (strcmp(what, "die") == 0)
		raise(SIGKILL);
	if (strcmp(what, "last") == 0) {
		send_request("NOTIFY notify_success=1");
		raise(SIGKILL);
	}
	snprintf(pid, sizeof(pid), "%d", notify->pid);
	setenv("PID", pid, 1);
	return send_request(system(what) == 0 ? "NOTIFY notify_success=1"
					      : "NOTIFY notify_success=0");
}

/* Return: did the answer say that it is done? */
static bool converse(bool print)
{
	for (;;) {
		int fd;
		Rpc__Response *r = receive(&fd);

		if (!r) {
			printf("closed\n");
			status = 2;
			return false;
		}
		if (print || !r->success)
			print_response(r, fd);
		if (fd >= 0)
			close(fd);
		if (r->notify && answer_notify(r->notify)) {
			rpc__response__free_unpacked(r, NULL);
			continue;
		}
		if (r->notify)
			printf("closed\n");
		bool success = r->success;

		rpc__response__free_unpacked(r, NULL);
		if (!success)
			status = 1;
		return success;
	}
}

/* ---- the two ways to connect ---- */

static void connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0 || connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
		die(path);
}

static void start_worker(const char *program)
{
	char number[16];
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		die("socketpair");
	worker = fork();
	if (worker == 0) {
		fcntl(pair[1], F_SETFD, 0);
		snprintf(number, sizeof(number), "%d", pair[1]);
		execl(program, program, "swrk", number, (char *)NULL);
		_exit(127);
	}
	close(pair[1]);
	sock = pair[0];
}

static void repeat(const char *target, int n, const char *words, bool each)
{
	for (int i = 0; i < n; i++) {
		if (each) {
			close(sock);
			connect_to(target + 5);
		}
		if (!send_request(words) || !converse(false)) {
			printf("failed at %d\n", i);
			exit(2);
		}
	}
	printf("%d times\n", n);
}

static void send_hex(const char *hex)
{
	struct buffer b = { .n = 0 };
	unsigned int byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		put_byte(&b, (uint8_t)byte);
	if (send_bytes(b.data, b.n))
		converse(true);
}

static void send_big(size_t size)
{
	void *data = calloc(1, size);

	if (!send_bytes(data, size))
		die("send");
	converse(true);
	free(data);
}

static int step(const char *target, char **args)
{
	const char *word = args[0];
	char byte;
	int fd;

	if (strcmp(word, "on") == 0) {
		rules[n_rules].script = args[1];
		rules[n_rules++].what = args[2];
		return 3;
	}
	if (strcmp(word, "raw") == 0)
		return send_hex(args[1]), 2;
	if (strcmp(word, "big") == 0)
		return send_big(strtoul(args[1], NULL, 10)), 2;
	if (strcmp(word, "times") == 0 || strcmp(word, "connect") == 0)
		return repeat(target, atoi(args[1]), args[2], *word == 'c'), 3;
	if (strcmp(word, "closed") == 0) {
		printf("%s\n", receive(&fd) ? "open" : "closed");
		return 1;
	}
	if (strcmp(word, "hold") == 0) {
		printf("held\n");
		fflush(stdout);
		while (read(STDIN_FILENO, &byte, 1) > 0)
			;
		return 1;
	}
	if (send_request(word))
		converse(true);
	else {
		printf("closed\n");
		status = 2;
	}
	return 1;
}

int main(int argc, char **argv)
{
	int worker_status;

	if (argc < 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	if (strncmp(argv[1], "swrk:", 5) == 0)
		start_worker(argv[1] + 5);
	else
		connect_to(argv[1] + 5);
	for (char **args = argv + 2; *args;)
		args += step(argv[1], args);
	shutdown(sock, SHUT_RDWR);
	if (worker > 0 && waitpid(worker, &worker_status, 0) == worker)
		printf("worker %s %d\n", WIFEXITED(worker_status) ? "exit" : "signal",
		       WIFEXITED(worker_status) ? WEXITSTATUS(worker_status)
						: WTERMSIG(worker_status));
	return status;
}
