// SPDX-License-Identifier: LGPL-2.1-or-later
/* The kinds that do one thing to one process at one moment: kills, failed calls, signals. */
#include "torture.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

static struct variant variants[] = {
	{ { .ending = END_PIDFILE, .creates = true } },
	{ { .ending = END_PIN, .creates = true } },
	{ { .ending = END_SEND, .creates = true } },
	{ { .ending = END_COMMAND, .creates = true } },
	{ { .ending = END_DUMP } },
	{ { .ending = END_PIDFILE, .extra = { "--new-ns", "user,pid,net,ipc" } } },
	{ { .ending = END_COMMAND, .extra = { "--new-ns", "user,pid" } } },
	{ { .ending = END_PIDFILE, .creates = true, .extra = { "--new-ns", "pid,net,ipc" } } },
	{ { .ending = END_PIN } },
	{ { .ending = END_DUMP, .is_set = true } },
	{ { .ending = END_PIN_DIR, .is_set = true } },
	{ { .ending = END_PIN_DIR, .is_set = true, .creates = true } },
	{ { .ending = END_PIDFILE, .is_set = true } },
	{ { .ending = END_PIDFILE, .is_set = true, .extra = { "--new-ns", "user,pid" } } },
	{ { .ending = END_COMMAND, .is_set = true } },
	{ { .ending = END_PIN, .copies = 2, .creates = true } },
	{ { .ending = END_PIDFILE, .copies = 2 } },
};

/* An undisturbed run tells which processes there are, and how many calls each makes. */
int variant_learn(struct run *run, struct variant *variant)
{
	struct strike none = { .op = STRIKE_NONE };
	struct verdict verdict;

	if (attempt_run(run->lab, &variant->attempt, &none, &variant->calm, &verdict) < 0)
		return -1;
	if (verdict.why[0] || !(verdict.whole || variant->attempt.any_result))
		return fprintf(stderr, "torture: undisturbed, it is wrong: %s\n", verdict.why), -1;
	variant->is_known = true;
	return 0;
}

int variant_pick(struct run *run, struct variant **ret)
{
	*ret = &variants[dice_roll(&run->dice, ARRAY_SIZE(variants))];
	return (*ret)->is_known ? 0 : variant_learn(run, *ret);
}

/* A process that makes few calls is hit as often as one that makes many. */
void variant_moment(struct run *run, const struct variant *variant, struct strike *strike)
{
	long calls;

	strike->process = (int)dice_roll(&run->dice, (uint32_t)variant->calm.n);
	calls = variant->calm.processes[strike->process].calls;
	strike->at = 1 + (long)dice_roll(&run->dice, calls > 0 ? (uint32_t)calls : 1);
	strike->after = dice_roll(&run->dice, 2);
}

int variant_strike(struct run *run, const struct variant *variant, const struct strike *strike)
{
	struct traced t;
	char name[256], what[512];

	if (attempt_run(run->lab, &variant->attempt, strike, &t, &run->verdict) < 0)
		return -1;
	snprintf(what, sizeof(what), "%s", run->what);
	snprintf(run->what, sizeof(run->what), "%s: %s %s call %ld (%s) of process %d of %d%s",
		 attempt_name(&variant->attempt, name), what, strike->after ? "after" : "at",
		 strike->at, t.struck ? trace_call_name(t.struck_call) : "not reached",
		 strike->process, t.n, run->verdict.whole ? ", the result stood" : "");
	return 0;
}

int kind_kill(struct run *run)
{
	static const char *const whom[] = { "SIGKILL to rebind", "SIGKILL to the process",
					    "SIGKILL to both", "SIGKILL to all" };
	struct strike strike = { .op = STRIKE_KILL };
	struct variant *known;

	if (variant_pick(run, &known) < 0)
		return -1;
	variant_moment(run, known, &strike);
	strike.victims = (enum victims)dice_roll(&run->dice, 4);
	struct variant variant = *known;

	/* The caller and another, or all: no process is left to take back. */
	variant.attempt.files_may_stay = strike.victims == VICTIM_ALL ||
					 (strike.victims == VICTIM_BOTH && strike.process > 0);
	snprintf(run->what, sizeof(run->what), "%s", whom[strike.victims]);
	return variant_strike(run, &variant, &strike);
}

int kind_fault(struct run *run)
{
	static const struct {
		int value;
		const char *name;
	} errnos[] = { { EPERM, "EPERM" },  { ENOMEM, "ENOMEM" }, { EIO, "EIO" },
		       { EINTR, "EINTR" },  { ENOSYS, "ENOSYS" }, { EMFILE, "EMFILE" },
		       { ENOSPC, "ENOSPC" } };
	struct strike strike = { .op = STRIKE_FAIL };
	struct variant *variant;
	size_t i = dice_roll(&run->dice, ARRAY_SIZE(errnos));

	if (variant_pick(run, &variant) < 0)
		return -1;
	variant_moment(run, variant, &strike);
	strike.after = false;
	strike.value = errnos[i].value;
	snprintf(run->what, sizeof(run->what), "%s", errnos[i].name);
	return variant_strike(run, variant, &strike);
}

int kind_signal(struct run *run)
{
	static const struct {
		int value;
		const char *name;
	} signals[] = { { SIGINT, "SIGINT" },
			{ SIGTERM, "SIGTERM" },
			{ SIGHUP, "SIGHUP" },
			{ SIGQUIT, "SIGQUIT" } };
	struct strike strike = { .op = STRIKE_SIGNAL };
	struct variant *variant;
	size_t i = dice_roll(&run->dice, ARRAY_SIZE(signals));

	if (variant_pick(run, &variant) < 0)
		return -1;
	variant_moment(run, variant, &strike);
	strike.value = signals[i].value;
	snprintf(run->what, sizeof(run->what), "%s to the group", signals[i].name);
	return variant_strike(run, variant, &strike);
}

/* One or two calls are denied to all processes, as by a container runtime's seccomp profile. */
int kind_deny(struct run *run)
{
	static const char *const calls[] = {
		"openat2",	 "statmount",  "listmount",    "open_tree",   "move_mount",
		"mount_setattr", "fsopen",     "fsconfig",     "fsmount",     "fspick",
		"statx",	 "pivot_root", "mkdirat",      "mknodat",     "unlinkat",
		"linkat",	 "symlinkat",  "mount",	       "umount2",     "unshare",
		"setns",	 "chroot",     "fchdir",       "capset",      "sendmsg",
		"recvmsg",	 "socketpair", "prctl",	       "renameat2",   "fsync",
		"getrandom",	 "fstatfs",    "memfd_create", "close_range", "fchownat",
		"fchmod",	 "utimensat",  "getdents64",   "setxattr",    "fsetxattr",
		"pidfd_getfd",
	};
	struct strike none = { .op = STRIKE_NONE };
	struct variant *known;
	struct traced t;
	char deny[2 * PATH_SIZE], list[64], name[256];

	if (variant_pick(run, &known) < 0)
		return -1;
	struct variant variant = *known;
	const char *first = calls[dice_roll(&run->dice, ARRAY_SIZE(calls))];
	const char *second = calls[dice_roll(&run->dice, ARRAY_SIZE(calls))];

	snprintf(list, sizeof(list), "%s%s%s", first, first != second ? "," : "",
		 first != second ? second : "");
	if (dice_roll(&run->dice, 2))
		*strchrnul(list, ',') = '\0';
	snprintf(deny, sizeof(deny), "%s/test/torture/deny", run->lab->build);
	variant.attempt.prefix[0] = deny;
	variant.attempt.prefix[1] = dice_roll(&run->dice, 2) ? "EPERM" : "ENOSYS";
	variant.attempt.prefix[2] = list;
	snprintf(run->what, sizeof(run->what), "%s", attempt_name(&variant.attempt, name));
	return attempt_run(run->lab, &variant.attempt, &none, &t, &run->verdict);
}
