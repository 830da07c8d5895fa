/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of a request, as values of the library's options. */
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
 * A volume that is given twice counts once. Two values for one name are an error; CRIU would take
 * the last. Options about processes are ignored, and named in the log.
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
