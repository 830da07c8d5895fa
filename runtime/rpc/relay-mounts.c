// SPDX-License-Identifier: LGPL-2.1-or-later
/* The requests at which rebind has a part: the mounts are done at CRIU's notifies. */
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/tmpfs.h"
#include "runtime/rpc/relay-part.h"

/* The mounts are none of its business: it is told of them in our way only. */
static void leave_out_mounts(Rpc__Options *o)
{
	o->n_ext_mnt = o->n_skip_mnt = o->n_enable_fs = 0;
	o->has_auto_ext_mnt = o->has_ext_sharing = o->has_ext_masters = false;
	o->root = NULL;
	o->has_notify_scripts = o->notify_scripts = true;
}

/* What is external besides mounts: CRIU is told of those that rebind has made, and no others. */
static int externals(const Rpc__Options *o, struct strings *ret)
{
	for (size_t i = 0; i < o->n_external; i++)
		if (strncmp(o->external[i], "mnt[", 4) != 0 &&
		    strings_print(ret, "%s", o->external[i]))
			return -ENOMEM;
	return 0;
}

static int on_dump_notify(struct relay *relay, const char *script, pid_t pid)
{
	if (strcmp(script, "post-dump") != 0)
		return 0;
	int err = criu_dump_mounts(NULL, relay->dump, false, relay->op->report);

	relay->done = err == 0;
	return err;
}

static int dump_beside(struct relay *relay, struct strings *words)
{
	struct operation *op = relay->op;
	Rpc__Options o = relay_options(op, op->images_fd);
	int err = externals(&o, words);

	if (!err)
		err = criu_externals(relay->dump->pid, "", words, op->report);
	if (err)
		return err;
	leave_out_mounts(&o);
	o.external = (char **)words->list;
	o.n_external = words->n;
	o.has_pid = true;
	o.pid = relay->dump->pid;
	return relay_ask(relay, &o);
}

static int dump_claimed(struct operation *op, const struct rebind_dump_options *how)
{
	cleanup_relay struct relay relay = FORWARD_INIT(op, on_dump_notify);
	cleanup(strings_free) struct strings words = { 0 };
	cleanup_fd int locked = -EBADF;
	int err = criu_images_claim(how->images_dir, &locked);

	if (err)
		return err;
	relay.dump = how;
	err = dump_beside(&relay, &words);
	relay_dismiss(&relay);
	criu_dumped_end(&relay.dumped, how->images_dir, err != 0);
	return err;
}

int relay_dump(struct operation *op, const struct rebind_dump_options *how)
{
	cleanup_choice struct criu_choice choice = { 0 };
	cleanup(strings_free) struct strings parent = { 0 };
	const char *name = op->options->parent_img;

	if (name && *name && strings_print(&parent, "parent_img '%s'", name))
		return -ENOMEM;
	int by = criu_choose(NULL, how, parent.n ? parent.list[0] : NULL, op->connection->by,
			     op->report, &choice);

	if (by == CRIU_BY_CRIU)
		return relay_alone(op, how->pid, &choice);
	return by < 0 ? by : dump_claimed(op, how);
}

static int on_restore_notify(struct relay *relay, const char *script, pid_t pid)
{
	int err = criu_mounts_act(&relay->mounts, script, pid);

	/* The last of them: processes run again, and are not taken back. */
	if (strcmp(script, "post-resume") == 0)
		relay->done = true;
	return err;
}

static int restore_beside(struct relay *relay, int view, struct strings *words)
{
	Rpc__Options o = relay_options(relay->op, view);
	cleanup_free Rpc__Joined **joins = calloc(o.n_join_ns + 1, sizeof(*joins));
	Rpc__Joined mnt = RPC__JOINED__INIT;
	char name[80];
	int err = joins ? criu_mounts_prepare(&relay->mounts, name) : -ENOMEM;

	if (!err)
		err = externals(&o, words);
	if (err)
		return err;
	leave_out_mounts(&o);
	o.external = (char **)words->list;
	o.n_external = words->n;
	for (size_t i = 0; i < o.n_join_ns; i++)
		joins[i] = o.join_ns[i];
	mnt.ns = (char *)"mnt";
	mnt.ns_file = name;
	joins[o.n_join_ns++] = &mnt;
	o.join_ns = joins;
	return relay_ask(relay, &o);
}

int relay_restore(struct operation *op, const struct rebind_restore_options *how)
{
	cleanup_relay struct relay relay = FORWARD_INIT(op, on_restore_notify);
	cleanup(strings_free) struct strings words = { 0 };

	relay.mounts.how = *how;
	relay.mounts.report = op->report;
	/* CRIU creates every device that is in an image; beside it, so do we. */
	relay.mounts.how.allow_devices = true;
	int err = criu_mounts_look(&relay.mounts);

	if (err)
		return err;
	relay.mounts.dir_fd = tmpfs_directory();
	if (relay.mounts.dir_fd < 0)
		return log_error(relay.mounts.dir_fd, "cannot make a scratch directory");
	cleanup_fd int view =
		criu_view(op->images_fd, relay.mounts.dir_fd, &relay.mounts.removed.files);

	return view < 0 ? view : restore_beside(&relay, view, &words);
}
