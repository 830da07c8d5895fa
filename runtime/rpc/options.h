/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a request asks for, in the words that the library takes. */
#ifndef REBIND_RUNTIME_RPC_OPTIONS_H
#define REBIND_RUNTIME_RPC_OPTIONS_H

#include "base/text.h"
#include "runtime/rpc/operation.h"

struct options_words {
	struct strings external, skip_mnt, enable_fs;
	struct strings keys;		   /* of inherit, where the request does not have them */
	struct rebind_inherit_fd *inherit; /* of mounts */
	size_t n_inherit;
	int null_fd; /* the host's /dev/null, where masked files are bound to it */
};

void options_free(struct options_words *words);
#define cleanup_options cleanup(options_free)

/**
 * options_of_dump, options_of_restore - volumes and the like
 * @ret: options_free() frees it, also after an error
 *
 * Volumes that are the same twice count once; two values for one name are an error, of which CRIU
 * takes the last. What concerns processes is told to the log and passed over.
 *
 * Return: 0 or a negative errno, said.
 */
int options_of_dump(struct operation *op, struct options_words *ret);
int options_of_restore(struct operation *op, struct options_words *ret);

/**
 * options_inherited - a descriptor that the client hands over by inherit_fd
 *
 * Return: a descriptor that the caller owns; -ENOENT: there is none of that key; -EBADF: it is not
 * open.
 */
int options_inherited(const struct operation *op, const char *key);

#endif
