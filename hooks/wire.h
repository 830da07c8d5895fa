/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the plugin process and its parent say to each other: one message a packet, fixed fields and
 * up to two strings. Both ends are the same program, so the layout is a plain struct.
 */
#ifndef REBIND_HOOKS_WIRE_H
#define REBIND_HOOKS_WIRE_H

#include "base/util.h"

#define WIRE_TEXT 12288 /* three of PATH_MAX */

enum wire_kind {
	/* from the parent; each but WIRE_ROOT is answered with WIRE_REPLY */
	WIRE_CALL =
		1, /* hook, id, index, type, texts, a descriptor; plugin: 1 needs no WIRE_RUNNING */
	WIRE_SIMPLE, /* hook */
	WIRE_ROOT,   /* the root of the WIRE_LEAVE that follows, as a descriptor */
	WIRE_LEAVE,  /* the mount namespace, as a descriptor */
	WIRE_EXIT,   /* value: how the operation ended */
	/* from the plugin process, any number before its reply */
	WIRE_LOG,     /* value: the level; a line */
	WIRE_PLUGIN,  /* version, max_hooks, hooks, old; file and name */
	WIRE_RUNNING, /* what is about to be called: hook, a plugin's label */
	WIRE_REPLY,   /* value, is_file, plugin, a descriptor */
	/* from the supervisor */
	WIRE_ENDED, /* value: the plugin process' status; id: others killed; index: others left */
};

struct wire {
	uint32_t kind;
	int32_t hook;
	int32_t plugin;
	int32_t value;
	int32_t id, index, type;
	int32_t is_file;
	uint32_t version, max_hooks, hooks, old;
	uint32_t used;	      /* bytes of text in use */
	char text[WIRE_TEXT]; /* NUL-terminated strings, one behind the other */
};

/* A message without text. */
#define WIRE_INIT(message, what)                           \
	memset((message), 0, offsetof(struct wire, text)); \
	(message)->kind = (what)

/**
 * wire_add - append a string
 *
 * Return: 0 or -ENAMETOOLONG.
 */
int wire_add(struct wire *message, const char *text);

/**
 * wire_text - a string of a received message
 * @n: 0 for the first
 *
 * Return: the string in @message; an empty one if there are fewer.
 */
char *wire_text(struct wire *message, unsigned int n);

/**
 * wire_send - send a message and, if @fd is not negative, a descriptor
 *
 * Return: 0 or a negative errno.
 */
int wire_send(int sock, const struct wire *message, int fd);

/**
 * wire_reply - send a WIRE_REPLY with this value
 *
 * Return: 0 or a negative errno.
 */
int wire_reply(int sock, int value);

/**
 * wire_running - send a WIRE_RUNNING: what is about to be called, and of which plugin
 *
 * Return: 0 or a negative errno.
 */
int wire_running(int sock, int step, const char *label);

/**
 * wire_await - wait a moment, awake, for what will be there at once
 *
 * Thousands of questions go between two processes that do little else: to fall asleep
 * and be woken by the other CPU costs more than the question (78 instead of 35 us a mount). Returns
 * when @sock can be read, and after a tenth of a millisecond at the latest.
 */
void wire_await(int sock);

/**
 * wire_recv - receive a message
 * @ret_fd: the descriptor that came along, or -EBADF; may be NULL
 *
 * Return: 1, 0 when the other side has closed, or a negative errno: -EPROTO for bytes that are no
 * message.
 */
int wire_recv(int sock, struct wire *message, int *ret_fd);

#endif
