// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/bundle.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

void bundle_args_init(struct bundle_args *args)
{
	*args = (struct bundle_args){ .unpacked = UNPACKED_NONE };
}

void bundle_args_free(struct bundle_args *args)
{
	checkpoint_dir_close(&args->unpacked);
	bundle_free(&args->found);
	free(args->name);
	free(args->base);
	free(args->inherit);
	bundle_args_init(args);
}

static bool is_trusted(const struct strings *external)
{
	for (size_t i = 0; i < external->n; i++)
		if (strcmp(external->list[i], "mnt[]") == 0)
			return true;
	return false;
}

static int read_config(struct bundle_args *args, const struct rebind_restore_options *how,
		       const struct strings *external, struct rebind_report *report)
{
	cleanup_fd int dir = args->dir ? open(args->dir, O_PATH | O_DIRECTORY | O_CLOEXEC)
				       : fcntl(args->unpacked.dir.fd, F_DUPFD_CLOEXEC, 3);
	struct bundle_request request = {
		.config_dir_fd = dir,
		.config_file = args->dir ? "config.json" : "spec.dump",
		.trusted = args->dir || is_trusted(external),
		.root = how->root,
		.images_dir = how->images_dir,
		.ns_id = how->ns_id,
		.reader = how->reader,
		.external = external,
		.inherit = how->inherit_fd,
		.n_inherit = how->n_inherit_fd,
		.exported = args->archive ? &args->exported : NULL,
		.cgroups = args->dir && args->is_alone && !how->n_cgroup_root,
	};

	if (dir < 0)
		return log_error(-errno, "cannot open the bundle '%s'", args->dir);
	args->base = args->dir ? realpath(args->dir, NULL) : NULL;
	if (asprintf(&args->name, "%s/%s", args->dir ? args->dir : args->archive,
		     request.config_file) < 0) {
		args->name = NULL;
		return -ENOMEM;
	}
	request.config_name = args->name;
	request.base = args->base;
	return bundle_read(&request, report, &args->found);
}

/* An archive that rebind wrote without --bundle has none. */
static bool has_config(const struct bundle_args *args)
{
	return args->dir || faccessat(args->unpacked.dir.fd, "spec.dump", F_OK, 0) == 0;
}

/* Only the files that came along. */
static int do_without_config(struct bundle_args *args, const struct rebind_restore_options *how)
{
	args->found.root = how->root ? strdup(how->root) : NULL;
	if (how->root && !args->found.root)
		return -ENOMEM;
	return exported_find(&args->exported, &args->found.files);
}

static int add_words(struct bundle_args *args, struct strings *external)
{
	const struct strings *found = &args->found.external;
	int err = 0;

	for (size_t i = 0; i < found->n && !err; i++)
		err = strings_add(external, found->list[i], strlen(found->list[i]));
	return err;
}

/* The caller's first, then those that were found; the list is the bundle's. */
static int add_descriptors(struct bundle_args *args, struct rebind_restore_options *how)
{
	struct bundle *found = &args->found;
	size_t n = how->n_inherit_fd + found->n_inherit;
	struct rebind_inherit_fd *list = calloc(n + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	if (how->n_inherit_fd)
		memcpy(list, how->inherit_fd, how->n_inherit_fd * sizeof(*list));
	if (found->n_inherit)
		memcpy(list + how->n_inherit_fd, found->inherit, found->n_inherit * sizeof(*list));
	free(args->inherit);
	args->inherit = list;
	how->inherit_fd = list;
	how->n_inherit_fd = n;
	return 0;
}

int bundle_complete(struct bundle_args *args, struct rebind_restore_options *how,
		    struct strings *external, struct rebind_report *report)
{
	int err = 0;

	if (!args->dir && !args->archive)
		return 0;
	if (args->archive) {
		err = checkpoint_dir_open(args->archive, args->apply_root, &args->unpacked);
		how->images_dir = args->unpacked.images_dir;
		args->exported = (struct exported){ args->unpacked.dir.fd, args->archive,
						    how->allow_devices };
	}
	if (!err)
		err = has_config(args) ? read_config(args, how, external, report)
				       : do_without_config(args, how);
	if (!err)
		err = add_words(args, external);
	if (!err)
		err = add_descriptors(args, how);
	how->masked = (const char *const *)args->found.masked.list;
	how->n_masked = args->found.masked.n;
	if (args->is_alone && !how->new_ns && !how->n_join_ns) {
		how->new_ns = args->found.new_ns;
		how->join_ns = (const char *const *)args->found.join_ns.list;
		how->n_join_ns = args->found.join_ns.n;
	}
	if (args->found.cgroup_root.n) {
		how->cgroup_root = (const char *const *)args->found.cgroup_root.list;
		how->n_cgroup_root = args->found.cgroup_root.n;
	}
	how->external = external->list;
	how->n_external = external->n;
	how->root = args->found.root;
	if (!err && args->archive && args->apply_root && !how->dry_run)
		err = exported_apply_root(&args->exported, how->root);
	return err;
}

int bundle_fill(const struct bundle_args *args, struct rebind_namespace *ns)
{
	return args->archive ? exported_fill(&args->exported, &args->found.files,
					     rebind_namespace_root(ns))
			     : 0;
}

int bundle_name_for_dump(const char *dir, pid_t pid, struct strings *external,
			 struct rebind_report *report)
{
	cleanup_fd int fd = dir ? open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC) : -EBADF;
	cleanup_free char *name = NULL;

	if (!dir)
		return 0;
	if (fd < 0)
		return log_error(-errno, "cannot open the bundle '%s'", dir);
	if (asprintf(&name, "%s/config.json", dir) < 0) {
		name = NULL;
		return -ENOMEM;
	}
	return bundle_name_externals(fd, name, pid, external, report);
}
