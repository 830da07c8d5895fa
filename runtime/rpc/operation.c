// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/operation.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "runtime/rpc/relay.h"

/* What a request of a type needs, and its function. NULL: relayed to a CRIU, or refused. */
static const struct request_kind {
	const char *name;
	int (*run)(struct operation *op);
	bool has_files; /* it works on an image directory */
} kinds[] = {
	[MESSAGE_DUMP] = { "DUMP", request_dump, true },
	[MESSAGE_RESTORE] = { "RESTORE", request_restore, true },
	[MESSAGE_CHECK] = { "CHECK", request_check },
	[MESSAGE_PRE_DUMP] = { "PRE_DUMP", NULL, true },
	[MESSAGE_PAGE_SERVER] = { "PAGE_SERVER", NULL, true },
	[MESSAGE_CPUINFO_DUMP] = { "CPUINFO_DUMP", NULL, true },
	[MESSAGE_CPUINFO_CHECK] = { "CPUINFO_CHECK", NULL, true },
	[MESSAGE_FEATURE_CHECK] = { "FEATURE_CHECK", request_feature_check },
	[MESSAGE_VERSION] = { "VERSION", request_version },
	[MESSAGE_WAIT_PID] = { "WAIT_PID" },
	[MESSAGE_PAGE_SERVER_CHILD] = { "PAGE_SERVER_CHLD" },
	[MESSAGE_SINGLE_PRE_DUMP] = { "SINGLE_PRE_DUMP", NULL, true },
};

static const struct request_kind *find_kind(int32_t type)
{
	if (type <= 0 || (size_t)type >= ARRAY_SIZE(kinds) || !kinds[type].name)
		return NULL;
	return &kinds[type];
}

/* ---- errors ---- */

int operation_refuse(struct operation *op, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_vline(LOG_ERROR, format, args);
	va_end(args);
	return err;
}

int operation_notify(struct operation *op, const char *script, pid_t pid)
{
	if (!op->options->has_notify_scripts || !op->options->notify_scripts)
		return 0;
	log_info("the client is told of %s", script);
	int err = connection_notify(op->connection, script, pid);

	if (err == -ECANCELED)
		return operation_refuse(op, err, "the client's %s failed", script);
	if (err == -EPIPE)
		return operation_refuse(op, err, "the client was gone at %s", script);
	if (err)
		return operation_refuse(op, err, "the client did not answer %s with a NOTIFY",
					script);
	return 0;
}

static void operation_append(char *text, size_t size, const char *more)
{
	size_t n = strlen(text);

	snprintf(text + n, size - n, "%s%s", n ? "\n" : "", more);
}

/* "TEXT; HELP", as the command says it. */
static char *finding_line(const struct rebind_finding *finding)
{
	cleanup_free char *path = finding->path ? path_printable(finding->path) : NULL;
	char where[32] = "", *line;

	if (finding->mount_id)
		snprintf(where, sizeof(where), " (mount %u)", finding->mount_id);
	if (asprintf(&line, "%s%s%s%s%s%s", path ? path : "", where, path || *where ? ": " : "",
		     finding->text, finding->help ? "; " : "",
		     finding->help ? finding->help : "") < 0)
		return NULL;
	return line;
}

/* All that is wrong goes to the log; of that, as much to the client as there is room for. */
static void tell_findings(struct operation *op)
{
	for (size_t i = 0; i < rebind_report_n_findings(op->report); i++) {
		cleanup_free char *line = finding_line(rebind_report_finding(op->report, i));
		cleanup_free char *safe = line ? text_safe(line) : NULL;

		if (!safe)
			continue;
		log_line(LOG_ERROR, "%s", safe);
		operation_append(op->reply.text, sizeof(op->reply.text), safe);
	}
}

static void tell_differences(struct operation *op)
{
	for (size_t i = 0; i < rebind_report_n_differences(op->report); i++) {
		const struct rebind_difference *d = rebind_report_difference(op->report, i);

		log_line(LOG_ERROR, "%s: %s is '%s', not '%s'", d->path, d->field, d->right,
			 d->left);
	}
}

static void tell_error(struct operation *op, int err)
{
	struct reply *reply = &op->reply;

	tell_findings(op);
	tell_differences(op);
	if (!*reply->text)
		operation_append(reply->text, sizeof(reply->text),
				 op->log.first_error ? op->log.first_error : strerror(-err));
	reply->response.success = false;
	reply->response.cr_errmsg = reply->text;
	reply->response.has_cr_errno = true;
	reply->response.cr_errno = -err;
}

/* ---- files ---- */

/* A path for the library, and for people if it can be. */
static int name_images(struct operation *op)
{
	cleanup_free char *path = path_of_fd(op->images_fd);
	struct stat named, open;
	char own[32];

	if (path && stat(path, &named) == 0 && fstat(op->images_fd, &open) == 0 &&
	    named.st_dev == open.st_dev && named.st_ino == open.st_ino)
		op->images_path = take_ptr(&path);
	else
		op->images_path = strdup(fd_proc_path(op->images_fd, own));
	return op->images_path ? 0 : -ENOMEM;
}

static int open_images(struct operation *op)
{
	const char *path = op->options->images_dir;
	int number = op->options->images_dir_fd;
	int fd = -EBADF;

	if (number >= 0)
		fd = peer_open(&op->connection->peer, number, O_RDONLY | O_DIRECTORY);
	else if (!path || !*path)
		return operation_refuse(op, -EBADRQC,
					"the image directory is missing: give images_dir_fd or "
					"images_dir");
	else if (*path != '/' && !op->connection->is_worker)
		return operation_refuse(
			op, -EBADRQC,
			"images_dir '%s' is relative, but not to a directory of this "
			"service",
			path);
	else
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && number >= 0)
		return operation_refuse(
			op, fd, "images_dir_fd %d of process %d is not an open directory: %s",
			number, (int)op->connection->peer.pid, strerror(-fd));
	if (fd < 0)
		return operation_refuse(op, -errno, "cannot open images_dir '%s': %s", path,
					strerror(errno));
	op->images_fd = fd;
	return name_images(op);
}

static int open_work(struct operation *op)
{
	const Rpc__Options *o = op->options;

	if (!o->has_work_dir_fd || o->work_dir_fd < 0)
		return 0;
	op->work_fd = peer_open(&op->connection->peer, o->work_dir_fd, O_RDONLY | O_DIRECTORY);
	if (op->work_fd >= 0)
		return 0;
	return operation_refuse(
		op, op->work_fd, "work_dir_fd %d of process %d is not an open directory: %s",
		o->work_dir_fd, (int)op->connection->peer.pid, strerror(-op->work_fd));
}

/* A log is emptied when it is opened: it shall not be a file of an image. */
static bool is_log_name(const char *name)
{
	size_t n = strlen(name);

	return !strchr(name, '/') && strcmp(name, "..") != 0 &&
	       (n < 4 || strcmp(name + n - 4, ".img") != 0);
}

static int open_log(struct operation *op)
{
	const Rpc__Options *o = op->options;
	const char *name = o->log_file && *o->log_file ? o->log_file : NULL;
	int dir_fd = op->work_fd >= 0 ? op->work_fd : op->images_fd;

	if (name && !is_log_name(name))
		return operation_refuse(
			op, -EBADRQC,
			"log_file '%s' is not a valid name: the file is in work_dir_fd or the "
			"image directory, and must not end in .img",
			name);
	log_file_stop(&op->log);
	op->log.to_stderr = o->has_log_to_stderr && o->log_to_stderr;
	int err = log_file_start(&op->log, dir_fd, name,
				 o->has_log_level ? o->log_level : REBIND_LOG_WARN);

	return err ? operation_refuse(op, err, "cannot write the log file '%s': %s", name,
				      strerror(-err))
		   : 0;
}

/* A zero byte to status_fd: the request is understood, and work on it begins. */
static int tell_ready(struct operation *op)
{
	const Rpc__Options *o = op->options;

	if (!o->has_status_fd || o->status_fd < 0)
		return 0;
	cleanup_fd int fd = peer_open(&op->connection->peer, o->status_fd, O_WRONLY);

	if (fd >= 0 && write(fd, "", 1) == 1)
		return 0;
	int err = fd < 0 ? fd : -errno;

	return operation_refuse(op, err, "status_fd %d of process %d cannot be written: %s",
				o->status_fd, (int)op->connection->peer.pid, strerror(-err));
}

int operation_open(struct operation *op)
{
	int err = open_images(op);

	if (!err)
		err = open_work(op);
	if (!err)
		err = open_log(op);
	return err ? err : tell_ready(op);
}

/* ---- the answer ---- */

const Rpc__Response *operation_seal(struct operation *op)
{
	op->reply.response.success = true;
	return &op->reply.response;
}

static int operation_answer(struct operation *op, int err)
{
	if (op->answered)
		return err;
	if (err)
		tell_error(op, err);
	else
		operation_seal(op);
	int sent = message_send(op->connection->sock, &op->reply.response, -1);

	return err ? err : sent;
}

/* Those that need none may name a directory for their log. */
static bool names_files(const struct operation *op)
{
	const Rpc__Options *o = op->options;

	return o->images_dir_fd >= 0 || (o->images_dir && *o->images_dir);
}

static int operation_run(struct operation *op, const struct request_kind *kind)
{
	static const struct request_kind unknown = { "of an unknown type" };

	if (!kind && op->request->type == MESSAGE_NOTIFY)
		return operation_refuse(op, -EBADRQC, "no request waits for a NOTIFY");
	if (!kind && relay_is_wanted())
		kind = &unknown;
	if (!kind)
		return operation_refuse(op, -EBADRQC, "there is no request of type %d",
					op->request->type);
	if (!kind->run && !relay_is_wanted())
		return operation_refuse(op, -EOPNOTSUPP,
					"%s is about processes, and rebind keeps mounts: with "
					"REBIND_CRIU=PATH a CRIU beside it keeps the rest",
					kind->name);
	bool opens = kind->has_files || (relay_is_wanted() && names_files(op));
	int err = opens ? operation_open(op) : 0;

	if (err)
		return err;
	/* A dump or a restore decides itself what it relays to CRIU. */
	if (relay_is_wanted() && kind->run != request_dump && kind->run != request_restore)
		return relay_request(op);
	return kind->run(op);
}

static void reply_init(struct reply *reply, int32_t type)
{
	reply->response = (Rpc__Response)RPC__RESPONSE__INIT;
	reply->dump = (Rpc__Dumped)RPC__DUMPED__INIT;
	reply->restore = (Rpc__Restored)RPC__RESTORED__INIT;
	reply->features = (Rpc__Features)RPC__FEATURES__INIT;
	reply->version = (Rpc__Version)RPC__VERSION__INIT;
	reply->text[0] = '\0';
	reply->response.type = find_kind(type) || type == MESSAGE_NOTIFY ? type : MESSAGE_EMPTY;
}

static void operation_end(struct operation *op)
{
	log_file_stop(&op->log);
	rebind_report_free(op->report);
	fd_close(&op->images_fd);
	fd_close(&op->work_fd);
	free(op->images_path);
}

int operation_serve(const struct connection *connection, const Rpc__Request *request)
{
	const struct request_kind *kind = find_kind(request->type);
	Rpc__Options none = RPC__OPTIONS__INIT;
	cleanup(operation_end) struct operation op = {
		.connection = connection,
		.request = request,
		.options = request->opts ? request->opts : &none,
		.name = kind ? kind->name : "EMPTY",
		.log = LOG_FILE_NONE,
		.report = rebind_report_new(),
		.images_fd = -EBADF,
		.work_fd = -EBADF,
	};

	if (!op.report)
		return -ENOMEM;
	none.images_dir_fd = -1;
	reply_init(&op.reply, request->type);
	log_file_start(&op.log, -1, NULL, REBIND_LOG_WARN);
	return operation_answer(&op, operation_run(&op, kind));
}
