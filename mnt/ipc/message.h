/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages between the caller and its children (the builder, the reader of contents, the helper),
 * over one socket each. */
#ifndef REBIND_MNT_IPC_MESSAGE_H
#define REBIND_MNT_IPC_MESSAGE_H

#include "base/log.h"
#include "model/findings.h"

enum ipc_type {
	IPC_LOG,     /* value: level; text */
	IPC_FINDING, /* mount: its id; texts: the code's word, path, text, help */
	IPC_MADE,    /* a mountpoint will be made: the descriptor of its directory comes along; name
		    */
	IPC_MADE_AS, /* inode: what was made */
	IPC_ATTRIBUTES,	      /* attributes: what a plugin's mount has got */
	IPC_BUILT,	      /* the namespace stands */
	IPC_MEMBER,	      /* value: which of a set; the descriptor of that namespace */
	IPC_MEMBER_ROOT,      /* the same, of its root; it comes first */
	IPC_VERDICT,	      /* caller to builder: value: 0 or a negative errno */
	IPC_DONE,	      /* value: the builder's result */
	IPC_CONTENTS,	      /* contents; texts: the digest, in hex */
	IPC_DELETED,	      /* unlinked; text: a name it has still */
	IPC_SOCKET,	      /* socket, of the contents told last; texts: path, times */
	IPC_SOCKET_ATTRIBUTE, /* of the socket told last: name; value, in hex */
	IPC_CHANGED,	      /* mount: a superblock's first; text: a file in it */
	IPC_PROGRESS,	      /* progress; text: what is done */
	IPC_GO,		      /* the other side may go on */
	IPC_OPEN,	      /* to the helper: open a context of this filesystem */
	IPC_ROOT,   /* to the helper: the descriptor of its root, when it holds a namespace */
	IPC_HOLD,   /* to the helper: the descriptor of a namespace that it holds from now on */
	IPC_BESIDE, /* to the helper: as IPC_HOLD, for another process, which ends with it */
	IPC_NS,	    /* to inside/: a namespace to enter; value: CLONE_NEW*; its name */
	IPC_START,  /* to inside/: start */
	IPC_MAP,    /* from inside/: a user namespace was made, and wants its maps */
	IPC_PIN,    /* to the builder: the directory of a pin's file; value: it has to be made; name
		     */
	IPC_KEEP,   /* to the builder: value: enum keep; the namespace is handed over */
	IPC_CLAUSE, /* value: it holds; texts: a clause of the plugin contract, what was seen */
	IPC_ANSWER, /* value: 0 or more, or a negative errno; a descriptor may come along */
};

struct ipc_message {
	enum ipc_type type;
	union {
		int32_t value;
		uint32_t mount; /* index, but for a finding */
		struct {
			uint64_t device, number;
		} inode;
		struct {
			uint32_t mount, bits; /* index, MOUNT_ATTR_* */
		} attributes;
		struct {
			uint32_t first, takes; /* index, MOUNT_TAKES_* */
			uint32_t packing;      /* MOUNT_PACKED_* */
			uint64_t entries, bytes;
		} contents;
		struct {
			uint32_t mount; /* index */
			uint64_t inode;
		} unlinked;
		struct {
			uint32_t mode, uid, gid;
			uint64_t inode;
		} socket;
		struct {
			uint64_t bytes, all_bytes;
			uint32_t mounts, all_mounts;
		} progress;
		struct {
			int32_t purpose; /* enum inside_purpose */
			int32_t make;	 /* CLONE_NEW* */
			uint64_t above;	 /* the id that the new mount namespace must be above */
		} start;
	};
	uint32_t n_text;  /* bytes behind the message */
	uint32_t next[3]; /* where the second to fourth text start; 0: there is none */
};

/* IPC_KEEP: how to hand over; the builder does it, because it would also undo everything. */
enum keep {
	KEEP_NAMESPACE, /* it has been handed over */
	KEEP_COMMAND,	/* it is, when a program is executed: of child_before_exec() */
	KEEP_HOLDER,	/* release the holder; its socket comes along */
	KEEP_SEND,	/* send it over the socket that comes along */
};

#define IPC_MAX 65536

/**
 * ipc_send - send a message with up to four texts
 * @fd: comes along, or negative
 *
 * If it cannot be sent, the connection ends: neither side goes on without it. Return: 0 or a
 * negative errno. Texts that are too long are cut.
 */
int ipc_send(int sock, struct ipc_message message, const char *const texts[4], int fd);

/**
 * ipc_recv - receive one
 * @buf: at least IPC_MAX bytes; the texts point into it
 *
 * Return: 1, 0 when the other side has gone, or a negative errno.
 */
int ipc_recv(int sock, char *buf, struct ipc_message *ret, const char *ret_texts[4], int *ret_fd);

/**
 * ipc_hear - receive one that is not a line of the log: those go to our own log
 *
 * Parameters and return: as ipc_recv.
 */
int ipc_hear(int sock, char *buf, struct ipc_message *ret, const char *ret_texts[4], int *ret_fd);

/**
 * ipc_hear_child - the same, while a child of ours that others can stop is watched: child_poll()
 * @pid: the child; 0 for none
 */
int ipc_hear_child(pid_t pid, int sock, char *buf, struct ipc_message *ret,
		   const char *ret_texts[4], int *ret_fd);

/**
 * ipc_await - hear one message, which must be of this type
 * @ret_value, @ret_fd: its value, and the descriptor that came along or a negative number; may be
 * NULL
 *
 * Return: 0; -EIO: the other side has gone; -EPROTO: it is another message; or another negative
 * errno.
 */
int ipc_await(int sock, enum ipc_type type, int *ret_value, int *ret_fd);

/**
 * ipc_await_child - the same, while a child of ours that others can stop is watched: child_poll()
 * @pid: the child; 0 for none
 */
int ipc_await_child(pid_t pid, int sock, enum ipc_type type, int *ret_value, int *ret_fd);

/**
 * ipc_lost - an error of these functions, for a log line: -ECHILD if the other side has gone
 */
static inline int ipc_lost(int err)
{
	return err == -EIO || err == -EPIPE || err == -ECONNRESET ? -ECHILD : err;
}

/**
 * ipc_answer - send a IPC_ANSWER
 * @fd: comes along, or negative
 */
int ipc_answer(int sock, int value, int fd);

/**
 * ipc_go - send IPC_GO, and wait for its answer
 * @pid: of a child that others can stop, else 0: child_poll()
 */
int ipc_go(pid_t pid, int sock);

/**
 * ipc_keep - tell the builder that the namespace is handed over, and wait for its answer
 * @pid: of a child that the builder may wait for, and others can stop; else 0
 * @what: enum keep; @fd: comes along, or negative
 *
 * Return: 0: mountpoints that were made stay; or a negative errno: they are removed.
 */
int ipc_keep(pid_t pid, int sock, int what, int fd);

/**
 * ipc_keep_by_exec - the same, by the process that will execute a program in the namespace
 * @marked_fd: of child_before_exec(), or negative: then it is handed over at once
 *
 * Return: 0: mountpoints stay once the program is executed; -EOWNERDEAD: the builder has ended;
 * -ECANCELED: it answered that it cannot, or it could not be told.
 */
int ipc_keep_by_exec(int sock, int marked_fd);

/**
 * ipc_log_sink - a log sink (log_to) that sends lines to the caller
 * @sock: a pointer to the socket's descriptor
 */
void ipc_log_sink(void *sock, enum log_level level, const char *line);

/**
 * ipc_send_findings - send each of them
 * Return: 0: there are none; -EINVAL: there are; or another negative errno: not all could be sent.
 */
int ipc_send_findings(int sock, const struct findings *findings);

#endif
