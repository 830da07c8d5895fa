/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Handing over. Until then the builder takes back what was made when the caller dies, and the
 * caller what was made when the builder does. The last step is the builder's, at the caller's word:
 * it lets the holder go, sends the descriptor, or hears that a pin has the namespace, or a command
 * will, which it then waits for; and only what it has answered stands.
 */
#ifndef REBIND_MNT_HANDOVER_H
#define REBIND_MNT_HANDOVER_H

#include "mnt/build/context.h"
#include "mnt/restore.h"

/**
 * handover_await - in the builder: do as the caller says until it is handed over, or the caller is
 * gone
 *
 * Return: whether the namespace was handed over; else all is to be taken back.
 */
bool handover_await(struct build *b);

/**
 * handover_take_back - in the builder: remove what was made
 */
void handover_take_back(struct build *b);

/**
 * handover_take_made - in the caller: what IPC_MADE and IPC_MADE_AS say, into its journal
 *
 * Return: 0 or a negative errno: then the builder makes nothing.
 */
int handover_take_made(struct journal *journal, int sock, const struct ipc_message *message,
		       const char *const texts[4], int fd);

/**
 * handover_pin_at - in the caller: it will be pinned there
 * @make: the file does not exist, and is made
 *
 * Return: 0 or a negative errno.
 */
int handover_pin_at(struct journal *journal, int sock, int dir_fd, const char *name, bool make);

#endif
