// SPDX-License-Identifier: LGPL-2.1-or-later
/* Requests that only ask: which version, what works here. */
#include <stdio.h>
#include <string.h>

#include "runtime/rpc/operation.h"

/*
 * The version of CRIU with this protocol and these images: runtimes compare it with what they need.
 * There is no gitid, because no commit of CRIU is this.
 */
int request_version(struct operation *op)
{
	op->reply.version.major_number = 4;
	op->reply.version.minor_number = 2;
	op->reply.response.version = &op->reply.version;
	return 0;
}

/* All of what can be asked for concerns memory and processes. */
int request_feature_check(struct operation *op)
{
	Rpc__Features *features = &op->reply.features;

	if (!op->request->features)
		return operation_refuse(op, -EBADRQC,
					"a FEATURE_CHECK says in 'features' which it asks for");
	features->has_mem_track = features->has_lazy_pages = features->has_pidfd_store = true;
	op->reply.response.features = features;
	return 0;
}

static void list_missing(void *data, const struct rebind_probe *probe)
{
	char *text = data;
	size_t n = strlen(text);

	if (probe->required && !probe->ok)
		snprintf(text + n, 512 - n, "%s%s (%s)", n ? ", " : "", probe->name, probe->detail);
}

int request_check(struct operation *op)
{
	char missing[512] = "";
	int err = rebind_check(NULL, list_missing, missing);

	if (err < 0)
		return operation_refuse(op, err, "cannot tell what this kernel allows");
	if (err > 0)
		return operation_refuse(
			op, -EOPNOTSUPP,
			"this kernel or these privileges lack what rebind needs: %s", missing);
	return 0;
}
