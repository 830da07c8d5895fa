// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * RESTORE: the mounts of an image, under another root, with a process that lives among them.
 *
 * request_restore() decides what that process is. For an image of mounts alone it is a pause
 * process, made here; an image with processes needs a CRIU.
 */
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "image/image.h"
#include "runtime/rpc/relay.h"
#include "runtime/rpc/pause.h"
#include "runtime/rpc/operation.h"
#include "runtime/rpc/options.h"
#include "runtime/rpc/recorded.h"

struct restore {
	struct operation *op;
	struct image_info image;
	struct options_words words;
	struct pause_request ns_request;
	struct pause holder;
	struct rebind_namespace *ns;
};

static void restore_free(struct restore *r)
{
	for (size_t i = 0; i < NS_USER; i++)
		fd_close(&r->ns_request.join[i]);
	/* The namespace goes before the holder does, and what is mounted with it. */
	rebind_namespace_free(r->ns);
	pause_end(&r->holder);
	options_free(&r->words);
}

/* ---- which namespaces ---- */

static int open_word(const char *name, int type, const char *word)
{
	char path[64];

	if (text_number(word) >= 0) {
		snprintf(path, sizeof(path), "/proc/%s/ns/%s", word, name);
		word = path;
	}
	cleanup_fd int fd = open(word, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return ioctl(fd, NS_GET_NSTYPE) == type ? fd_take(&fd) : -EINVAL;
}

static int join_word(struct restore *r, const Rpc__Joined *join)
{
	size_t kind = ns_kind_named(join->ns, strlen(join->ns));

	/* A CRIU beside it could not enter the mounts from a user namespace. */
	if (kind >= NS_USER)
		return operation_refuse(r->op, -EOPNOTSUPP,
					"join_ns '%s': rebind joins pid, net, ipc, uts and cgroup "
					"namespaces here; %s",
					join->ns,
					strcmp(join->ns, "user") == 0
						? "a user namespace is joined by rebind restore "
						  "--join-ns user:PID"
						: "others take a CRIU beside it (REBIND_CRIU)");
	fd_close(&r->ns_request.join[kind]);
	r->ns_request.join[kind] = open_word(join->ns, ns_kinds[kind].flag, join->ns_file);
	if (r->ns_request.join[kind] >= 0)
		return 0;
	if (r->ns_request.join[kind] == -EINVAL)
		return operation_refuse(r->op, -EINVAL, "join_ns %s:%s is no %s namespace",
					join->ns, join->ns_file, join->ns);
	return operation_refuse(r->op, r->ns_request.join[kind],
				"join_ns %s:%s cannot be opened: %s", join->ns, join->ns_file,
				strerror(-r->ns_request.join[kind]));
}

/* runc and crun hand over namespaces that were there before as extRootNetNS, extRootPidNS. */
static int join_inherited(struct restore *r, size_t kind)
{
	const char *name = ns_kinds[kind].name;
	char key[32];

	snprintf(key, sizeof(key), "extRoot%c%sNS", name[0] - 'a' + 'A', name + 1);
	int fd = options_inherited(r->op, key);

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return operation_refuse(r->op, fd, "inherit_fd '%s' is not open: %s", key,
					strerror(-fd));
	r->ns_request.join[kind] = fd;
	return 0;
}

static int choose_namespaces(struct restore *r)
{
	const Rpc__Options *o = r->op->options;
	uint32_t make = recorded_of(&r->image);
	int err = 0;

	if (make & CLONE_NEWUSER)
		return operation_refuse(r->op, -EOPNOTSUPP,
					"the container had a user namespace of its own, which is "
					"not made again here: rebind restore --new-ns user makes "
					"one for its mounts");
	if (o->has_empty_ns && (o->empty_ns & ~(uint32_t)CLONE_NEWNET))
		return operation_refuse(r->op, -EOPNOTSUPP,
					"empty_ns %#x: only a net namespace can be asked for empty",
					o->empty_ns);
	make |= o->has_empty_ns ? o->empty_ns : 0;
	for (size_t i = 0; i < NS_USER && !err; i++)
		err = join_inherited(r, i);
	for (size_t i = 0; i < o->n_join_ns && !err; i++)
		err = join_word(r, o->join_ns[i]);
	for (size_t i = 0; i < NS_USER; i++)
		if (r->ns_request.join[i] >= 0)
			make &= ~(uint32_t)ns_kinds[i].flag;
	r->ns_request.make = make & PAUSE_NAMESPACES;
	return err;
}

/* ---- a holder ---- */

/* The library's actions up to the comparison; the others are ours to tell. */
static int tell(void *data, const char *action, pid_t pid)
{
	struct restore *r = data;
	bool has_pid = strcmp(action, "setup-namespaces") == 0;

	return operation_notify(r->op, action, has_pid ? r->holder.pid : 0);
}

/* In the order in which CRIU tells it. */
static int tell_rest(struct restore *r)
{
	static const char *const actions[] = { "post-restore", "network-unlock", "pre-resume",
					       "post-resume" };
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(actions) && !err; i++)
		err = operation_notify(r->op, actions[i], i == 0 ? r->holder.pid : 0);
	return err;
}

static struct rebind_restore_options mounts_of(const struct restore *r)
{
	return (struct rebind_restore_options){
		.size = sizeof(struct rebind_restore_options),
		.images_dir = r->op->images_path,
		.root = r->op->options->root,
		.external = r->words.external.list,
		.n_external = r->words.external.n,
		.inherit_fd = r->words.inherit,
		.n_inherit_fd = r->words.n_inherit,
		.enable_fs = r->words.enable_fs.list,
		.n_enable_fs = r->words.enable_fs.n,
		.lenient = true,
		.max_contents = r->op->options->max_contents,
		.lsm_mount_context = r->op->options->lsm_mount_context,
	};
}

static int request_build(struct restore *r)
{
	struct rebind_restore_options how = mounts_of(r);
	char joins[NS_USER][32];
	const char *join[NS_USER];

	for (size_t i = 0; i < NS_USER; i++) {
		snprintf(joins[i], sizeof(joins[i]), "%s:%d", ns_kinds[i].name, (int)r->holder.pid);
		join[i] = joins[i];
	}
	how.join_ns = join;
	how.n_join_ns = ARRAY_SIZE(join);
	how.on_action = tell;
	how.on_action_data = r;
	return rebind_restore(&how, r->op->report, &r->ns);
}

static int start_holder(struct restore *r)
{
	const Rpc__Options *o = r->op->options;

	r->ns_request.is_sibling = o->has_rst_sibling && o->rst_sibling;
	int err = pause_start(&r->ns_request, &r->holder);

	return err ? operation_refuse(r->op, err,
				      "cannot make a process that holds the namespace: %s",
				      strerror(-err))
		   : 0;
}

static int request_enter(struct restore *r)
{
	int err = pause_enter(&r->holder, rebind_namespace_fd(r->ns));

	return err ? operation_refuse(r->op, err, "process %d cannot enter the new namespace: %s",
				      (int)r->holder.pid, strerror(-err))
		   : 0;
}

static int release(struct restore *r)
{
	cleanup_free uint8_t *answer = NULL;
	size_t size;

	r->op->reply.response.restore = &r->op->reply.restore;
	r->op->reply.restore.pid = r->holder.pid;
	int err = message_pack(operation_seal(r->op), &answer, &size);

	if (!err)
		err = pause_release(&r->holder, r->op->connection->sock, answer, size);
	/* Either the client is gone, or the holder was killed and the client can be told. */
	if (err)
		return operation_refuse(r->op, err, "the client could not be answered: %s",
					strerror(-err));
	r->op->answered = true;
	return 0;
}

static int restore_with_holder(struct restore *r)
{
	int err = options_of_restore(r->op, &r->words);

	if (!err)
		err = choose_namespaces(r);
	if (!err)
		err = start_holder(r);
	if (!err)
		err = request_build(r);
	if (!err)
		err = request_enter(r);
	if (!err)
		err = tell_rest(r);
	return err ? err : release(r);
}

/* ---- which process is handed over ---- */

/* What is wrong with the image otherwise, the library will say with all the rest. */
static void look_at_image(struct restore *r)
{
	cleanup_findings struct findings findings = { 0 };

	image_read_info(r->op->images_fd, &r->image, &findings);
}

static int restore_with_criu(struct restore *r)
{
	enum criu_by by = r->op->connection->by;

	if (criu_choose_restore(r->op->images_path, by) == CRIU_BY_CRIU)
		return relay_request(r->op);
	int err = options_of_restore(r->op, &r->words);
	struct rebind_restore_options how = mounts_of(r);

	return err ? err : relay_restore(r->op, &how);
}

int request_restore(struct operation *op)
{
	cleanup(restore_free) struct restore r = {
		.op = op,
		.words = { .null_fd = -EBADF },
		.ns_request = { .join = { -EBADF, -EBADF, -EBADF, -EBADF, -EBADF } },
		.holder = PAUSE_NONE,
	};

	if (op->options->has_rst_sibling && op->options->rst_sibling && !op->connection->is_worker)
		return operation_refuse(
			op, -EBADRQC,
			"rst_sibling takes a worker (swrk): a service's children are "
			"not its clients'");
	look_at_image(&r);
	if (r.image.has_processes && relay_is_wanted())
		return restore_with_criu(&r);
	if (r.image.has_processes)
		return operation_refuse(
			op, -EOPNOTSUPP,
			"'%s' holds processes too, and rebind restores mounts: set REBIND_CRIU to the "
			"path of a CRIU that restores them among the mounts (an image without "
			"processes is what a dump with --leave-running by rebind makes)",
			op->images_path);
	return restore_with_holder(&r);
}
