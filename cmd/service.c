// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/service.h"

#include <limits.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/mounts.h"
#include "cmd/options.h"
#include "cmd/pidfile.h"
#include "runtime/rpc/activation.h"

struct service_args {
	const char *address, *pidfile, *mounts;
	int64_t status_fd;
	bool daemon;
};

static const struct option_spec specs[] = {
	{ '\0', "address", OPTION_TEXT, offsetof(struct service_args, address), "PATH",
	  "the socket to listen on; else the one given by LISTEN_FDS" },
	{ 'd', "daemon", OPTION_FLAG, offsetof(struct service_args, daemon), NULL,
	  "go to the background when it listens" },
	{ '\0', "pidfile", OPTION_TEXT, offsetof(struct service_args, pidfile), "FILE",
	  "write its pid to FILE when it listens" },
	{ '\0', "status-fd", OPTION_NUMBER, offsetof(struct service_args, status_fd), "N",
	  "write a zero byte to descriptor N when it listens", 0, INT_MAX },
	MOUNTS_SPEC(struct service_args),
};

static const char *const synopsis[] = { "service [--address PATH] [options]", NULL };

static const struct option_set options = {
	.verb = "service",
	.synopsis = synopsis,
	.note = "Container runtimes speak CRIU's RPC to it.",
	.specs = specs,
	.n_specs = ARRAY_SIZE(specs),
};

static int write_pidfile(void *data, int pid)
{
	return pidfile_write(data, pid);
}

/* @ret: owned by the caller, if there is no @address. Return: STATUS_*. */
static int take_socket(const char *address, int *ret)
{
	cleanup_fd int sock = activation_socket();

	if (sock < 0 && sock != -ENOENT)
		return STATUS_FAILED;
	if (sock < 0 && !address)
		return usage_error("service", "the socket is missing: give --address PATH, or "
					      "start it by a socket unit");
	if (sock >= 0 && address)
		return usage_error("service", "--address and LISTEN_FDS both give a socket: leave "
					      "out --address");
	*ret = fd_take(&sock);
	return STATUS_OK;
}

int verb_service(int argc, char **argv)
{
	struct service_args args = { .status_fd = -1 };
	struct option_words words = { 0 };
	cleanup_pidfile struct pidfile file = { .fd = -EBADF };
	int status;

	if (!options_parse(&options, argc, argv, &args, &words, &status))
		return status;
	cleanup_fd int sock = -EBADF;

	status = take_socket(args.address, &sock);
	if (status != STATUS_OK)
		return status;
	int by = mounts_choice(args.mounts);

	if (by < 0)
		return STATUS_FAILED;
	int err = args.pidfile ? pidfile_open(&file, args.pidfile) : 0;

	if (err)
		return log_error(err, "cannot write the pid file '%s'", args.pidfile),
		       STATUS_FAILED;
	struct service service = {
		.address = args.address,
		.sock = fd_take(&sock),
		.status_fd = (int)args.status_fd,
		.in_background = args.daemon,
		.by = (enum criu_by)by,
		.on_start = args.pidfile ? write_pidfile : NULL,
		.data = &file,
	};

	err = service_run(&service);
	if (args.pidfile && !err)
		unlink(args.pidfile);
	return err < 0 ? STATUS_FAILED : STATUS_OK;
}
