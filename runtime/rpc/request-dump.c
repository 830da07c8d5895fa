// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * DUMP: the mounts of a process. The process itself goes on, which is what leave_running asks for;
 * a dump after which it is to be gone would lose it.
 */
#include <signal.h>

#include "runtime/rpc/relay.h"
#include "runtime/rpc/operation.h"
#include "runtime/rpc/options.h"

/* A client that names no process means itself. */
static pid_t target_of(const struct operation *op)
{
	return op->options->has_pid && op->options->pid ? op->options->pid
							: op->connection->peer.pid;
}

static int check(struct operation *op, pid_t pid)
{
	const Rpc__Options *o = op->options;

	if (!o->has_leave_running || !o->leave_running)
		return operation_refuse(
			op, -EOPNOTSUPP,
			"rebind keeps mounts, not processes: this dump would end process %d without "
			"a trace of it; ask for --leave-running (leave_running), or set REBIND_CRIU "
			"to the path of a CRIU that keeps the processes",
			(int)pid);
	if (o->has_leave_stopped && o->leave_stopped)
		return operation_refuse(
			op, -EOPNOTSUPP,
			"rebind stops no process: leave_stopped takes a CRIU beside it "
			"(REBIND_CRIU)");
	if (pid <= 0 || (kill(pid, 0) < 0 && errno == ESRCH))
		return operation_refuse(op, -ESRCH, "there is no process %d to dump", (int)pid);
	return 0;
}

/* The library calls this where CRIU would tell its client. */
static int tell(void *data, const char *action, pid_t pid)
{
	return operation_notify(data, action, 0);
}

static int dump(struct operation *op, pid_t pid, const struct options_words *words)
{
	struct rebind_dump_options how = {
		.size = sizeof(how),
		.pid = pid,
		.images_dir = op->images_path,
		.external = words->external.list,
		.n_external = words->external.n,
		.skip_mnt = words->skip_mnt.list,
		.n_skip_mnt = words->skip_mnt.n,
		.enable_fs = words->enable_fs.list,
		.n_enable_fs = words->enable_fs.n,
		.on_action = tell,
		.on_action_data = op,
		.lenient = true,
	};

	return relay_is_wanted() ? relay_dump(op, &how) : rebind_dump(NULL, &how, op->report);
}

/* Options that rebind does not take as they are may be well with CRIU: the last of two, say. */
static int dump_as_told(struct operation *op, pid_t pid)
{
	cleanup_choice struct criu_choice choice = { 0 };
	cleanup_options struct options_words words;
	bool is_auto = relay_is_wanted() && op->connection->by == CRIU_BY_AUTO;
	int err = options_of_dump(op, &words);

	if (!err)
		return dump(op, pid, &words);
	if (!is_auto || err == -ENOMEM)
		return err;
	err = criu_choice_add(&choice, "rebind does not take the options of the request");
	return err ? err : relay_alone(op, pid, &choice);
}

int request_dump(struct operation *op)
{
	static const struct criu_choice wanted = { 0 };
	pid_t pid = target_of(op);
	int err = relay_is_wanted() ? 0 : check(op, pid);

	/* There in any case: clients look into it before they look at success. */
	op->reply.response.dump = &op->reply.dump;
	op->reply.dump.has_restored = true;
	if (err)
		return err;
	if (relay_is_wanted() && op->connection->by == CRIU_BY_CRIU)
		return relay_alone(op, pid, &wanted);
	return dump_as_told(op, pid);
}
