/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Handing over. Before it, the builder removes the mountpoints that were made if the caller dies,
 * and the caller if the builder dies. The last step is the builder's, when the caller says so: it
 * releases the holder, sends the descriptor, learns that a file pins the namespace, or waits until
 * a command is executed. The hand-over is complete when the builder has answered.
 */
#ifndef REBIND_MNT_HANDOVER_H
#define REBIND_MNT_HANDOVER_H

#include "mnt/build/context.h"
#include "mnt/restore.h"

/**
 * handover_await - in the builder: do as the caller says until it is handed over, or the caller is
 * gone
 *
 * Return: whether the namespace was handed over; if not, everything must be undone.
 */
bool handover_await(struct build *b);

/**
 * handover_take_back - in the builder: remove what was made
 */
void handover_take_back(struct build *b);

/**
 * handover_take_made - in the caller: write IPC_MADE and IPC_MADE_AS messages into its journal
 *
 * Return: 0 or a negative errno: then the builder makes nothing.
 */
int handover_take_made(struct journal *journal, int sock, const struct ipc_message *message,
		       const char *const texts[4], int fd);

/**
 * handover_pin_at - in the caller: tell the builder the file that will pin the namespace
 * @make: the file does not exist, and is made
 *
 * Return: 0 or a negative errno.
 */
int handover_pin_at(struct journal *journal, int sock, int dir_fd, const char *name, bool make);

#endif
