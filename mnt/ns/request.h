/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The values of --join-ns and --new-ns: the other namespaces to join or make. */
#ifndef REBIND_MNT_NS_REQUEST_H
#define REBIND_MNT_NS_REQUEST_H

#include <sys/types.h>

#include "base/ns.h"
#include "include/rebind.h"
#include "model/findings.h"

struct ns_request {
	int join[NS_KINDS]; /* nsfs descriptors, or -EBADF */
	int make;	    /* CLONE_NEW* */
	uint64_t above;
};

/**
 * ns_request_check - a finding for each malformed value, and each namespace that is named twice
 */
void ns_request_check(const struct rebind_restore_options *o, struct findings *findings);

/**
 * ns_request_read - read the values, and open the namespaces to join
 * @join: "pid:PID|FILE", "net:...", ...; @new_ns: "pid,net" or NULL
 *
 * The values were checked. Findings: a namespace that cannot be opened.
 */
void ns_request_read(const char *const *join, size_t n_join, const char *new_ns,
		     struct ns_request *ns_request, struct findings *findings);

void ns_request_close(struct ns_request *ns_request);
#define cleanup_ns_request cleanup(ns_request_close)

/**
 * ns_request_names - does the caller give this kind ("net"), with --join-ns or --new-ns
 */
bool ns_request_names(const struct rebind_restore_options *o, const char *kind);

#endif
