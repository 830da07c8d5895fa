// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/oci/bundle.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/tmpfs.h"
#include "base/names.h"
#include "runtime/oci/cgroup-path.h"
#include "runtime/oci/config.h"
#include "runtime/oci/device-node.h"
#include "runtime/oci/mount-index.h"

struct bundle_finder {
	const struct bundle_request *request;
	struct config config;
	struct mount_index places;
	struct names settled; /* keys that have a source, or that were looked at */
	int root_fd;	      /* of the new root, or -EBADF */
	struct bundle *out;
};

static void finder_free(struct bundle_finder *f)
{
	mount_index_free(&f->places);
	names_free(&f->settled);
	config_free(&f->config);
	fd_close(&f->root_fd);
}

void bundle_free(struct bundle *bundle)
{
	for (size_t i = 0; i < bundle->n_inherit; i++)
		fd_close(&bundle->inherit[i].fd);
	free(bundle->inherit);
	free(bundle->root);
	strings_free(&bundle->external);
	strings_free(&bundle->keys);
	strings_free(&bundle->masked);
	strings_free(&bundle->join_ns);
	strings_free(&bundle->cgroup_root);
	free(bundle->new_ns);
	exported_list_free(&bundle->files);
	*bundle = (struct bundle){ 0 };
}

/* ---- the root ---- */

/* An absolute name of what the configuration means by a path, or NULL. */
static char *absolute(const struct bundle_request *request, const char *path)
{
	if (*path == '/')
		return strdup(path);
	return request->base ? path_join(request->base, path) : NULL;
}

static int find_root(struct bundle_finder *f)
{
	const struct bundle_request *request = f->request;

	if (request->root) {
		f->out->root = strdup(request->root);
	} else {
		if (!f->config.root)
			return log_error(-EINVAL, "'%s' has no root.path; give --root PATH",
					 request->config_name);
		if (!request->base)
			return log_error(
				-EINVAL,
				"the new root is missing: that of '%s' is a path of another "
				"host; give --root PATH",
				request->config_name);
		f->out->root = absolute(request, f->config.root);
	}
	if (!f->out->root)
		return -ENOMEM;
	/* If it is not there, the restore says so. */
	f->root_fd = open(f->out->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

/* ---- what is settled already ---- */

static int bundle_settle(struct bundle_finder *f, const char *key, size_t size)
{
	return names_put(&f->settled, key, size, 1);
}

static int settle_given(struct bundle_finder *f)
{
	const struct bundle_request *request = f->request;
	int err = 0;

	for (size_t i = 0; i < request->external->n && !err; i++) {
		const char *word = request->external->list[i], *end = strstr(word, "]:");

		if (strncmp(word, "mnt[", 4) == 0 && end)
			err = bundle_settle(f, word + 4, (size_t)(end - word) - 4);
	}
	for (size_t i = 0; i < request->n_inherit && !err; i++)
		err = bundle_settle(f, request->inherit[i].key, strlen(request->inherit[i].key));
	return err;
}

/* ---- sources ---- */

/* Takes @fd over. */
static int add_descriptor(struct bundle_finder *f, const char *key, int *fd)
{
	struct bundle *out = f->out;

	if (strings_add(&out->keys, key, strlen(key)))
		return -ENOMEM;
	out->inherit[out->n_inherit].size = sizeof(*out->inherit);
	out->inherit[out->n_inherit].key = out->keys.list[out->keys.n - 1];
	out->inherit[out->n_inherit++].fd = fd_take(fd);
	return 0;
}

static int add_path(struct bundle_finder *f, const char *key, const char *source)
{
	cleanup_free char *word = NULL;

	if (asprintf(&word, "mnt[%s]:%s", key, source) < 0) {
		word = NULL;
		return -ENOMEM;
	}
	return strings_add(&f->out->external, word, strlen(word));
}

/* Why a mount that the configuration knows gets nothing from it; the restore says what helps. */
static int not_taken(const struct bundle_finder *f, const struct rebind_mount *m,
		     const char *source, const char *why)
{
	log_warn("mount %u '%s': the source '%s' in '%s' is not taken: %s", m->id, m->mountpoint,
		 source, f->request->config_name, why);
	return 0;
}

static int take_bind(struct bundle_finder *f, const struct rebind_mount *m, const char *path)
{
	cleanup_free char *source = absolute(f->request, path);

	if (!f->request->trusted)
		return not_taken(f, m, path,
				 "it is a path of the host that an archive names; "
				 "--external mnt[] takes them all");
	if (!source)
		return not_taken(f, m, path, "a relative path belongs to a bundle");
	if (faccessat(AT_FDCWD, source, F_OK, 0) < 0)
		return not_taken(f, m, path, strerror(errno));
	return add_path(f, m->key, source);
}

/* Records of CRIU do not tell what is a file: the masks of runtimes are binds of a "null". */
static bool is_file(const struct rebind_mount *m)
{
	size_t n = strlen(m->root);

	return m->is_file || (n >= 5 && strcmp(m->root + n - 5, "/null") == 0);
}

static int take_masked(struct bundle_finder *f, const struct rebind_mount *m)
{
	static const struct config_device null = { "/dev/null", false, 1, 3 };
	cleanup_fd int fd = is_file(m) ? device_node_open(&null) : tmpfs_directory();

	if (fd < 0)
		return log_error(fd,
				 is_file(m)
					 ? "mount %u '%s' is masked, and '/dev/null' of the host "
					   "is not the character device 1:3"
					 : "mount %u '%s' is masked, and there is no empty "
					   "directory to be had",
				 m->id, m->mountpoint);
	return add_descriptor(f, m->key, &fd);
}

static int take_device(struct bundle_finder *f, const struct rebind_mount *m,
		       const struct config_device *device, bool is_own)
{
	if (is_own && !f->request->trusted)
		return not_taken(f, m, device->path,
				 "it is a device of the host that an archive "
				 "names; --external mnt[] takes them all");
	cleanup_fd int fd = device_node_open(device);

	if (fd == -ENODEV)
		return not_taken(f, m, device->path, "the host has another device of that name");
	if (fd < 0)
		return not_taken(f, m, device->path, strerror(-fd));
	return add_descriptor(f, m->key, &fd);
}

static int bundle_take(struct bundle_finder *f, const struct rebind_mount *m,
		       const struct mount_index_entry *place)
{
	switch (place->kind) {
	case MOUNT_INDEX_BIND:
		return take_bind(f, m, f->config.binds[place->index].source);
	case MOUNT_INDEX_MASKED:
		return take_masked(f, m);
	case MOUNT_INDEX_DEVICE:
		return take_device(f, m, &f->config.devices[place->index], true);
	case MOUNT_INDEX_COMMON_DEVICE:
		return take_device(f, m, device_node_common(place->index), false);
	}
	return 0;
}

/* ---- what came along ---- */

static struct exported_files *find_files(const struct bundle_finder *f, const char *path)
{
	struct exported_list *files = &f->out->files;

	for (size_t i = 0; i < files->n; i++)
		if (files->list[i].path && strcmp(files->list[i].path, path) == 0)
			return &files->list[i];
	return NULL;
}

/* The last one at a path counts: it lies on top. */
static void look_at_filesystem(struct bundle_finder *f, const struct rebind_mount *m)
{
	struct exported_files *files = find_files(f, m->mountpoint);

	if (files && !m->covered)
		files->is_new = m->owner == REBIND_OWNER_INTERNAL &&
				strcmp(m->fstype, "tmpfs") == 0 && m->depth;
}

/* As podman does. Return: 1: it has one, 0, or a negative errno. */
static int make_shm(struct bundle_finder *f, const struct rebind_mount *m,
		    const struct mount_index_entry *place)
{
	struct exported_files *files =
		strcmp(m->mountpoint, EXPORTED_SHM_PATH) ? NULL : find_files(f, m->mountpoint);
	const char *bind = place && place->kind == MOUNT_INDEX_BIND
				   ? f->config.binds[place->index].source
				   : NULL;
	cleanup_free char *source = bind ? absolute(f->request, bind) : NULL;

	if (!files || (source && f->request->trusted && faccessat(AT_FDCWD, source, F_OK, 0) == 0))
		return 0;
	cleanup_fd int fd = exported_make_shm(f->request->exported);
	int err = fd < 0 ? fd : add_descriptor(f, m->key, &fd);

	files->is_placed = true;
	return err ? err : 1;
}

/* "CRIU:..." are no names that a caller gave, and what comes along has its parent's key. */
static int find_one(struct bundle_finder *f, const struct rebind_mount *m)
{
	struct rebind_mount named = *m;
	/* What mnt[] took at the dump has its mountpoint for a key. */
	bool automatic = m->key && strcmp(m->key, "CRIU:AUTOGENERATED") == 0;

	if (automatic)
		named.key = m->mountpoint;
	size_t size = named.key ? strlen(named.key) : 0;

	if (m->owner != REBIND_OWNER_EXTERNAL || !size || strncmp(named.key, "CRIU:", 5) == 0)
		return 0;
	if (names_get(&f->settled, named.key, size) != TABLE_NONE)
		return 0;
	const struct mount_index_entry *place = mount_index_find(&f->places, named.key);

	if (!place)
		place = mount_index_find(&f->places, m->mountpoint);
	int err = bundle_settle(f, named.key, size);
	int made = err ? err : make_shm(f, &named, place);

	if (made)
		return made < 0 ? made : 0;
	return place ? bundle_take(f, &named, place) : 0;
}

static int find_all(struct bundle_finder *f, const struct rebind_tree *tree)
{
	size_t n = rebind_tree_count(tree);
	int err = 0;

	f->out->inherit = calloc(n + 1, sizeof(*f->out->inherit));
	if (!f->out->inherit)
		return -ENOMEM;
	for (size_t i = 0; i < n && !err; i++) {
		struct rebind_mount m = { .size = sizeof(m) };

		rebind_tree_get(tree, i, &m);
		look_at_filesystem(f, &m);
		err = find_one(f, &m);
	}
	return err;
}

static void close_tree(struct rebind_tree **tree)
{
	rebind_tree_free(*tree);
}

/* ---- what else it says ---- */

static int take_masks(struct bundle_finder *f)
{
	int err = 0;

	for (size_t i = 0; i < f->config.n_masked && !err; i++)
		err = strings_add(&f->out->masked, f->config.masked[i],
				  strlen(f->config.masked[i]));
	return err;
}

static int take_new(struct bundle *out, const char *kind)
{
	char *list;

	if (asprintf(&list, "%s%s%s", out->new_ns ? out->new_ns : "", out->new_ns ? "," : "",
		     kind) < 0)
		return -ENOMEM;
	free(out->new_ns);
	out->new_ns = list;
	return 0;
}

/* A namespace that an archive names by a path is the other host's. */
static int take_namespaces(struct bundle_finder *f)
{
	int err = 0;

	for (size_t i = 0; i < f->config.n_namespaces && !err; i++) {
		const struct config_namespace *ns = &f->config.namespaces[i];

		err = ns->path ? strings_print(&f->out->join_ns, "%s:%s", ns->kind, ns->path)
			       : take_new(f->out, ns->kind);
	}
	return err;
}

static int bundle_read_all(struct bundle_finder *f, struct rebind_report *report)
{
	const struct bundle_request *request = f->request;
	cleanup(close_tree) struct rebind_tree *tree = NULL;
	int err = config_read(request->config_dir_fd, request->config_file, request->config_name,
			      &f->config);

	if (!err)
		err = find_root(f);
	if (!err)
		err = rebind_tree_open(request->rebind, request->images_dir, request->ns_id, report,
				       &tree);
	if (!err)
		err = mount_index_make(&f->config, f->root_fd, &f->places);
	if (!err && request->exported)
		err = exported_find(request->exported, &f->out->files);
	if (!err)
		err = settle_given(f);
	if (!err)
		err = take_masks(f);
	if (!err && request->base)
		err = take_namespaces(f);
	if (!err && request->cgroups)
		err = cgroup_path_take(&f->config, request->config_name, tree,
				       &f->out->cgroup_root);
	return err ? err : find_all(f, tree);
}

int bundle_read(const struct bundle_request *request, struct rebind_report *report,
		struct bundle *ret)
{
	cleanup_bundle struct bundle out = { 0 };
	cleanup(finder_free) struct bundle_finder f = {
		.request = request,
		.root_fd = -EBADF,
		.out = &out,
	};
	int err = bundle_read_all(&f, report);

	if (err)
		return err;
	*ret = out;
	out = (struct bundle){ 0 };
	return 0;
}

/* ---- names for a dump ---- */

static bool is_named(const struct strings *external, const char *mountpoint)
{
	cleanup_free char *word = NULL;

	if (asprintf(&word, "mnt[%s]:", mountpoint) < 0) {
		word = NULL;
		return false;
	}
	for (size_t i = 0; i < external->n; i++)
		if (strncmp(external->list[i], word, strlen(word)) == 0)
			return true;
	return false;
}

static int name_one(const struct bundle_finder *f, const struct rebind_mount *m,
		    struct strings *external)
{
	const struct mount_index_entry *place =
		m->covered ? NULL : mount_index_find(&f->places, m->mountpoint);

	if (!place || place->kind != MOUNT_INDEX_BIND || m->depth == 0 ||
	    is_named(external, m->mountpoint))
		return 0;
	cleanup_free char *key = path_normalize(f->config.binds[place->index].destination);

	return key ? strings_print(external, "mnt[%s]:%s", m->mountpoint, key) : -ENOMEM;
}

static int name_all(struct bundle_finder *f, pid_t pid, struct strings *external,
		    struct rebind_report *report)
{
	cleanup(close_tree) struct rebind_tree *tree = NULL;
	char text[32];

	snprintf(text, sizeof(text), "/proc/%d/root", (int)pid);
	f->root_fd = open(text, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(text, sizeof(text), "%d", (int)pid);
	int err = rebind_tree_open(NULL, text, 0, report, &tree);

	if (!err)
		err = mount_index_make(&f->config, f->root_fd, &f->places);
	for (size_t i = 0; !err && i < rebind_tree_count(tree); i++) {
		struct rebind_mount m = { .size = sizeof(m) };

		rebind_tree_get(tree, i, &m);
		err = name_one(f, &m, external);
	}
	return err;
}

int bundle_name_externals(int dir_fd, const char *name, pid_t pid, struct strings *external,
			  struct rebind_report *report)
{
	cleanup(finder_free) struct bundle_finder f = { .root_fd = -EBADF };
	int err = config_read(dir_fd, "config.json", name, &f.config);

	return err ? err : name_all(&f, pid, external, report);
}
