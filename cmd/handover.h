/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What becomes of a restored namespace: pinned to a file, held by a process, sent over a socket, or
 * entered by a command. Everything about it that can be wrong is found before the restore begins.
 */
#ifndef REBIND_CMD_HANDOVER_H
#define REBIND_CMD_HANDOVER_H

#include "cmd/pidfile.h"
#include "include/rebind.h"

struct handover {
	/* What the caller asked for. */
	const char *pin, *pidfile;
	const char *pin_dir;
	int64_t send_fd; /* negative: not given */
	char **command;
	/* Ours. */
	char *shell[2]; /* the command when nothing was given, on a terminal */
	struct pidfile file;
	bool said; /* why it failed has been printed */
};

void handover_init(struct handover *handover);
void handover_free(struct handover *handover);
#define cleanup_handover cleanup(handover_free)

/**
 * handover_choose - exactly one, or a shell on a terminal
 * @dry_run: none is needed
 *
 * Return: 0 or STATUS_USAGE, printed.
 */
int handover_choose(struct handover *handover, bool dry_run);

/**
 * handover_prepare - open and look at what will be needed
 *
 * Return: 0 or STATUS_*, printed.
 */
int handover_prepare(struct handover *handover);

/**
 * handover_run - hand the namespace over
 * @ret_holder: pid of the holder process; untouched without --pidfile
 * @ret_status: exit status of the command; untouched without one
 *
 * Return: 0 or a negative errno.
 */
int handover_run(struct handover *handover, struct rebind_namespace *ns, pid_t *ret_holder,
		 int *ret_status);

/**
 * handover_begin - with rebind.h's action pre-resume, when all that may take long is done
 *
 * Between that and the end there is no good moment to stop, and it is a short way: the signals that
 * ask for it wait.
 */
void handover_begin(const struct handover *handover);

/**
 * handover_hold_signals - the signals that ask for an end wait, until there is one anyway
 */
void handover_hold_signals(void);

/**
 * handover_held - with rebind.h's action post-resume: a holder is there, and may be known
 *
 * Return: 0 or a negative errno, printed; the holder must go then.
 */
int handover_held(struct handover *handover, pid_t pid);

#endif
