/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an OCI configuration (config.json of a bundle) says about mounts. */
#ifndef REBIND_RUNTIME_OCI_CONFIG_H
#define REBIND_RUNTIME_OCI_CONFIG_H

#include "base/text.h"

/* A bind of its mounts. */
struct config_bind {
	const char *destination, *source;
};

/* A device node of its own. */
struct config_device {
	const char *path;
	bool is_block;
	unsigned int major, minor;
};

/* A namespace of its own, or one to be joined. */
struct config_namespace {
	const char *kind; /* "pid", "net", "ipc", "uts", "user" or "cgroup" */
	const char *path; /* or NULL: a new one */
};

struct config {
	const char *root; /* root.path, or NULL */
	struct config_bind *binds;
	size_t n_binds;
	struct config_device *devices;
	size_t n_devices;
	const char **masked; /* linux.maskedPaths */
	size_t n_masked;
	struct config_namespace *namespaces;
	size_t n_namespaces;
	const char *cgroups_path;   /* linux.cgroupsPath, or NULL */
	const char *cgroup_mounted; /* where the last mount of type "cgroup" is, or NULL */
	void *document;		    /* what the strings are in */
};

void config_free(struct config *config);
#define cleanup_config cleanup(config_free)

/**
 * config_read - read and check one
 * @dir_fd, @file: where it is
 * @name: what messages call it
 *
 * Values that rebind does not need are ignored; if a name occurs twice, the last counts. All errors
 * are logged: invalid JSON with line and column, a value of a wrong type with its path in the
 * document.
 *
 * Return: 0; -EBADMSG: it is not understood; or another negative errno, logged.
 */
int config_read(int dir_fd, const char *file, const char *name, struct config *ret);

#endif
