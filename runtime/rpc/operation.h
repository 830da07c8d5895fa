/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One request, until its answer. Each type of request has a function; what these share is here: the
 * directories that the client named, the log file, and how an error becomes an answer.
 */
#ifndef REBIND_RUNTIME_RPC_OPERATION_H
#define REBIND_RUNTIME_RPC_OPERATION_H

#include "runtime/rpc/connection.h"
#include "runtime/rpc/log-file.h"
#include "runtime/rpc/message.h"

/* The answer, with room for what may be in it. */
struct reply {
	Rpc__Response response;
	Rpc__Dumped dump;
	Rpc__Restored restore;
	Rpc__Features features;
	Rpc__Version version;
	char text[2048]; /* of cr_errmsg; older clients read small packets only */
};

struct operation {
	const struct connection *connection;
	const Rpc__Request *request;
	const Rpc__Options *options; /* of the request, or those that are like none */
	const char *name;	     /* of the type: "DUMP" */
	struct log_file log;
	struct rebind_report *report;
	int images_fd, work_fd; /* the latter borrowed or owned, or negative */
	char *images_path;	/* a name by which the library may open images_fd */
	struct reply reply;
	bool answered; /* by another process */
};

/**
 * operation_serve - do what a request asks for, and answer it
 *
 * Return: 0 if it was done, or a negative errno (answered: why).
 */
int operation_serve(const struct connection *connection, const Rpc__Request *request);

/**
 * operation_open - the image directory, the working directory and the log of a request
 *
 * Return: 0 or a negative errno, said.
 */
int operation_open(struct operation *op);

/**
 * operation_refuse - say why a request is not done
 *
 * The first sentence is what the client gets; all of them are in its log.
 *
 * Return: @err.
 */
int operation_refuse(struct operation *op, int err, const char *format, ...) printf_like(3, 4);

/**
 * operation_notify - connection_notify(), if the client asked to be told; said what went wrong
 */
int operation_notify(struct operation *op, const char *script, pid_t pid);

/**
 * operation_seal - complete an answer that reports success
 *
 * Only needed if another process sends it; otherwise operation_serve() does it.
 */
const Rpc__Response *operation_seal(struct operation *op);

/* Each does one type of request, and fills the reply. Return: 0 or a negative errno, said. */
int request_version(struct operation *op);
int request_check(struct operation *op);
int request_feature_check(struct operation *op);
int request_dump(struct operation *op);
int request_restore(struct operation *op);

#endif
