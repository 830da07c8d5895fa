/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the builder and the caller say to each other, over one socket. */
#ifndef REBIND_MNT_TALK_H
#define REBIND_MNT_TALK_H

#include "base/log.h"
#include "model/findings.h"

enum talk_type {
	TALK_LOG,      /* value: level; text */
	TALK_FINDING,  /* value: mount id; texts: code, path, text, help */
	TALK_MADE,     /* a mountpoint will be made: the descriptor of its directory comes along; name */
	TALK_MADE_AS,  /* it was made: device and inode */
	TALK_ATTRIBUTES, /* value: index; inode: what a plugin's mount has got */
	TALK_BUILT,    /* the namespace stands */
	TALK_VERDICT,  /* caller to builder: value: 0 or a negative errno */
	TALK_DONE,     /* value: the builder's result */
};

struct talk_message {
	enum talk_type type;
	int32_t value;
	uint64_t device, inode;
	uint32_t n_text;   /* bytes behind the message */
	uint32_t next[3];  /* where the second to fourth text start; 0: there is none */
};

#define TALK_MAX 65536

/**
 * talk_send - send a message with up to four texts
 * @fd: comes along, or negative
 *
 * Return: 0 or a negative errno. Texts that are too long are cut.
 */
int talk_send(int sock, struct talk_message message, const char *const texts[4], int fd);

/**
 * talk_recv - receive one
 * @buf: at least TALK_MAX bytes; the texts point into it
 *
 * Return: 1, 0 when the other side has gone, or a negative errno.
 */
int talk_recv(int sock, char *buf, struct talk_message *ret, const char *ret_texts[4], int *ret_fd);

/**
 * talk_log_sink - a log sink (log_to) that sends lines to the caller
 * @sock: a pointer to the socket's descriptor
 */
void talk_log_sink(void *sock, enum log_level level, const char *line);

/**
 * talk_send_findings - send each of them
 */
void talk_send_findings(int sock, const struct findings *findings);

#endif
