/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sources of external mounts from an OCI bundle, or from the configuration in an archive of a
 * checkpoint. An image has keys; the configuration says which source belongs to which path. A
 * source that the caller gave takes precedence.
 */
#ifndef REBIND_RUNTIME_OCI_BUNDLE_H
#define REBIND_RUNTIME_OCI_BUNDLE_H

#include "base/text.h"
#include "include/rebind.h"
#include "runtime/oci/exported.h"

struct bundle_request {
	int config_dir_fd;
	const char *config_file; /* in that directory: "config.json" */
	const char *config_name; /* what messages call it */
	const char *base;	 /* absolute: what relative paths in it are relative to, or NULL */
	/*
	 * May the host's paths in it be used? A bundle is the caller's own. What came along with an
	 * image is no better than the image.
	 */
	bool trusted;
	const char *root; /* --root, or NULL: the one of the configuration */
	const char *images_dir;
	uint32_t ns_id;
	struct rebind *rebind;		/* or NULL */
	const struct strings *external; /* words of the caller's: these keys have sources */
	const struct rebind_inherit_fd *inherit;
	size_t n_inherit;
	const struct exported *exported; /* what came along with an archive, or NULL */
	bool cgroups;			 /* is the container's cgroup the configuration's? */
};

/* What was found. */
struct bundle {
	char *root;		 /* absolute; NULL: the configuration names none */
	struct strings external; /* "mnt[KEY]:SOURCE" */
	struct rebind_inherit_fd *inherit;
	size_t n_inherit;
	struct strings keys;	    /* of inherit */
	struct strings masked;	    /* paths that runtimes mask if they exist */
	struct strings join_ns;	    /* "net:/path" */
	char *new_ns;		    /* "pid,ipc", or NULL */
	struct strings cgroup_root; /* "CONTROLLER:/PATH" */
	struct exported_list files; /* of request->exported */
};

/**
 * bundle_read - read the configuration, and find a source for every key of the image it has one for
 *
 * A bind is used for a key that equals its destination, and for a mount at its destination,
 * resolved in the root. A masked path gets the host's /dev/null, after checking that it is the null
 * device, or an empty directory. A device node that every container has, or that the configuration
 * lists, gets the same node of the host. /dev/shm gets a new tmpfs with its exported files.
 * rebind_restore() reports keys without a source; the log says why a source was not used.
 *
 * Return: 0 or a negative errno, logged or with findings.
 */
int bundle_read(const struct bundle_request *request, struct rebind_report *report,
		struct bundle *ret);
void bundle_free(struct bundle *bundle);

/**
 * bundle_name_externals - words for a dump: each bind of the configuration at its destination
 * @pid: a process of the container
 * @external: the caller's; "mnt[PATH]:DESTINATION" is added for each bind that is mounted, and that
 *            none of them names
 *
 * Return: 0 or a negative errno, logged or with findings.
 */
int bundle_name_externals(int dir_fd, const char *name, pid_t pid, struct strings *external,
			  struct rebind_report *report);
#define cleanup_bundle cleanup(bundle_free)

#endif
