// SPDX-License-Identifier: LGPL-2.1-or-later
/* The source of a mount: a path, a descriptor, a device, or a part of another source. */
#include "mnt/source/resolve.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "mnt/source/device.h"
#include "mnt/ns/idmap.h"
#include "model/flags.h"
#include "model/volume.h"

/*
 * Open a source. @ret_name is its canonical path: the very string where it has no symlink in it,
 * which is what openat2 tells for less than a look into /proc costs.
 */
static int open_source(struct finder *f, const char *path, const char **ret_name)
{
	int fd = -ELOOP;

	*ret_name = path;
	if (path_is_normal(path))
		fd = sys_openat2(AT_FDCWD, path, O_PATH | O_CLOEXEC, RESOLVE_NO_SYMLINKS);
	if (fd != -ELOOP && fd != -ENOSYS)
		return fd;
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	cleanup_free char *name = path_of_fd(fd);

	*ret_name = name ? arena_copy(&f->out->strings, name, strlen(name)) : "";
	return fd;
}

/*
 * Look at a source without opening it: names in one directory stand side by side in most lists, and
 * the directory is opened once. Return: false where there is more to it; open_source() says what.
 */
static bool look_near(struct finder *f, const char *path, struct sys_mount_stat *ret)
{
	const char *slash = strrchr(path, '/');
	size_t size = slash ? (size_t)(slash - path) : 0;

	if (!size || !path_is_normal(path))
		return false;
	if (!f->near || f->near_size != size || memcmp(f->near, path, size) != 0) {
		cleanup_free char *dir = strndup(path, size);

		finder_forget_near(f);
		f->near_fd = dir ? sys_openat2(AT_FDCWD, dir, O_PATH | O_DIRECTORY | O_CLOEXEC,
					       RESOLVE_NO_SYMLINKS)
				 : -ENOMEM;
		f->near = path;
		f->near_size = size;
	}
	return f->near_fd >= 0 &&
	       sys_mount_stat(f->near_fd, slash + 1,
			      AT_SYMLINK_NOFOLLOW | scan_stat_flags(f->in->callers), ret) == 0 &&
	       !S_ISLNK(ret->mode);
}

void finder_forget_near(struct finder *f)
{
	if (f->near)
		fd_close(&f->near_fd);
	f->near = NULL;
}

static bool fits_kind(struct finder *f, struct mount *m, const char *name, uint32_t mode)
{
	enum mount_kind kind = S_ISDIR(mode) ? MOUNT_KIND_DIRECTORY : MOUNT_KIND_FILE;

	if (m->kind == MOUNT_KIND_UNKNOWN)
		m->kind = kind;
	if (m->kind == kind)
		return true;
	findings_mount(f->in->findings, FINDING_SOURCE_KIND, m,
		       kind == MOUNT_KIND_FILE ? "give a directory" : "give a file",
		       "its source '%s' is a %s, but the mount is of a %s",
		       *name ? name : "(a descriptor)",
		       kind == MOUNT_KIND_FILE ? "file" : "directory",
		       kind == MOUNT_KIND_FILE ? "directory" : "file");
	return false;
}

/* The volume that a mount came along with, or NULL. */
static const struct mount *whole_of(const struct finder *f, const struct mount *m)
{
	uint32_t i = names_get(&f->by_key, m->parent_key, strlen(m->parent_key));

	return i == TABLE_NONE ? NULL : &f->in->tree->mounts[i];
}

/* The new source has nothing mounted there: what is beneath takes the place, which may be meant. */
static void warn_if_beneath(const struct finder *f, const struct mount *m,
			    const struct sys_mount_stat *stat)
{
	const struct mount *volume =
		m->owner == MOUNT_EXTERNAL && !m->key && m->parent_key ? whole_of(f, m) : NULL;

	if (!volume || stat->is_mount_root || !volume_has_mounted(volume, m))
		return;
	cleanup_free char *path = path_printable(m->mountpoint);
	cleanup_free char *below = path_printable(volume_path_below(volume, m));

	log_warn("mount %u '%s' came along with the external mount '%s' as a %s mounted at '%s' "
		 "below its source; the new source has only a %s there, which is taken. Where that "
		 "is meant, say so at the dump: --external mnt[%s]:KEY",
		 m->id, path, m->parent_key, m->fstype, below,
		 S_ISDIR(stat->mode) ? "directory" : "file", path);
}

/* As the caller gave it: in another namespace its path here says little. */
static const char *given_name(const struct finder *f, const struct mount *m, const char *name)
{
	const char *key = finder_key(m);
	const struct external_option *option =
		key ? external_options_by_key(f->in->externals, key) : NULL;

	if (m->owner == MOUNT_ROOT && !f->in->options->root_fd)
		return f->in->options->root ? f->in->options->root : "/";
	return option ? option->value : *name ? name : "(a descriptor)";
}

static void say_not_clonable(struct finder *f, const struct mount *m, const char *name,
			     const char *why, const char *help)
{
	findings_mount(f->in->findings,
		       m->owner == MOUNT_ROOT ? FINDING_NO_ROOT : FINDING_NO_SOURCE, m, help,
		       "its source '%s' %s", given_name(f, m, name), why);
}

/* What no clone can be had of is found by the builder too late. */
static bool is_clonable(struct finder *f, const struct mount *m, const struct mount *host, int fd,
			const char *name)
{
	cleanup_free char *path = host ? text_quoted("%s", host->mountpoint) : NULL;
	cleanup_free char *help = NULL;

	if (host && host->deleted) {
		say_not_clonable(f, m, name,
				 "has been deleted, and the kernel mounts it nowhere else",
				 "give another source with --external");
		return false;
	}
	if (host ? !host->unbindable : !finder_is_elsewhere(fd, *name))
		return true;
	if (!host) {
		say_not_clonable(f, m, name, "lies in another mount namespace",
				 "use a path of your own mount namespace; or a descriptor of a "
				 "detached copy, as open_tree(2) makes one there, with "
				 "--inherit-fd");
		return false;
	}
	if (asprintf(&help, "run mount --make-private %s first", path ? path : "") < 0)
		help = NULL;
	say_not_clonable(f, m, name, "lies on a mount that is unbindable", help);
	return false;
}

/* @fd: negative only where a part of the caller's mount will do: is_part() */
static void set_seen(struct finder *f, uint32_t i, int *fd, const char *name,
		     const struct sys_mount_stat *stat)
{
	struct mount *m = &f->in->tree->mounts[i];
	struct source *source = &f->out->of[i];

	if (!fits_kind(f, m, name, stat->mode))
		return;
	warn_if_beneath(f, m, stat);
	const struct mount *host = finder_callers_mount(f, stat);

	if (!is_clonable(f, m, host, *fd, name))
		return;
	const char *rest = host && *name ? path_rest_below(name, host->mountpoint) : NULL;

	if (host)
		idmaps_check_source(m, host, f->in->findings);
	source->group = host && rest ? finder_mount_group(f, host) : MOUNT_NONE;
	source->rest = rest;
	if (source->group == MOUNT_NONE) {
		source->group = finder_single_group(f, fd, host);
		source->rest = "";
		if (source->group != MOUNT_NONE && host && (m->shared || m->master))
			finder_find_whole(f, source->group, host);
	}
	if (source->group != MOUNT_NONE)
		m->attributes =
			flags_union(m->attributes, f->out->groups[source->group].attributes);
}

static void set_source(struct finder *f, uint32_t i, int *fd, const char *name)
{
	struct sys_mount_stat stat;
	int err = sys_mount_stat(*fd, "", AT_EMPTY_PATH | scan_stat_flags(f->in->callers), &stat);

	if (err)
		f->err = err;
	else
		set_seen(f, i, fd, name, &stat);
}

/* Can it be cloned by its path below one of the caller's mounts? */
static bool is_part(struct finder *f, const char *path, const struct sys_mount_stat *stat)
{
	const struct mount *host = finder_callers_mount(f, stat);

	return host && path_rest_below(path, host->mountpoint) &&
	       finder_mount_group(f, host) != MOUNT_NONE;
}

static void take_path(struct finder *f, uint32_t i, const char *path)
{
	struct mount *m = &f->in->tree->mounts[i];
	struct sys_mount_stat stat;
	int none = -EBADF;
	const char *name;

	if (look_near(f, path, &stat) && is_part(f, path, &stat)) {
		set_seen(f, i, &none, path, &stat);
		return;
	}
	cleanup_fd int fd = open_source(f, path, &name);

	if (fd >= 0)
		set_source(f, i, &fd, name);
	else if (m->owner == MOUNT_ROOT)
		findings_add(f->in->findings, FINDING_NO_ROOT, 0, path, "give another with --root",
			     "the new root '%s' cannot be opened: %s", path, strerror(-fd));
	else
		findings_mount(f->in->findings, FINDING_NO_SOURCE, m,
			       "make it, or give another source with --external",
			       "its source '%s' cannot be opened: %s", path, strerror(-fd));
}

static void take_fd(struct finder *f, uint32_t i, int given)
{
	cleanup_fd int fd = fcntl(given, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		findings_mount(f->in->findings, FINDING_NO_SOURCE, &f->in->tree->mounts[i], NULL,
			       "descriptor %d of --inherit-fd is not open", given);
	else
		set_source(f, i, &fd, "");
}

static void take_root(struct finder *f, uint32_t i)
{
	const struct rebind_restore_options *o = f->in->options;
	cleanup_fd int fd = o->root_fd ? fcntl(o->root_fd, F_DUPFD_CLOEXEC, 3) : -EBADF;

	if (!o->root_fd)
		take_path(f, i, o->root ? o->root : "/");
	else if (fd >= 0)
		set_source(f, i, &fd, "");
	else
		findings_add(f->in->findings, FINDING_NO_ROOT, 0, NULL, NULL,
			     "descriptor %d, given as the new root, is not open", o->root_fd);
}

static const struct rebind_inherit_fd *inherited(const struct finder *f, const char *key)
{
	const struct rebind_restore_options *o = f->in->options;

	for (size_t i = 0; i < o->n_inherit_fd; i++)
		if (strcmp(o->inherit_fd[i].key, key) == 0)
			return &o->inherit_fd[i];
	return NULL;
}

static const char *why_not_below(int err)
{
	return err == -ELOOP ? "a symlink is on the way, which is not followed" : strerror(-err);
}

/* What is below a descriptor comes with it, also in a detached tree. */
static void take_below_fd(struct finder *f, uint32_t i, int given, const char *rest)
{
	const struct mount *m = &f->in->tree->mounts[i];
	cleanup_fd int fd = path_open_across(given, rest);

	if (fd < 0)
		findings_mount(
			f->in->findings, FINDING_NO_SOURCE, m,
			"give it a key of its own at the dump",
			"it came along with the external mount '%s', and there is no '%s' below "
			"descriptor %d: %s",
			m->parent_key, rest + strspn(rest, "/"), given, why_not_below(fd));
	else
		set_source(f, i, &fd, "");
}

/*
 * The caller's word is for @whole. What is in it may be the container's own doing: a symlink there
 * must not lead out of it.
 */
static void take_below_path(struct finder *f, uint32_t i, const char *whole, const char *rest)
{
	const char *name;
	cleanup_fd int whole_fd = open_source(f, whole, &name);
	cleanup_fd int fd = whole_fd < 0 ? whole_fd : path_open_across(whole_fd, rest);
	cleanup_free char *path = path_join(whole_fd < 0 ? whole : name, rest);
	const char *kept = path ? arena_copy(&f->out->strings, path, strlen(path)) : NULL;

	if (!kept)
		f->err = -ENOMEM;
	else if (fd < 0)
		findings_mount(f->in->findings, FINDING_NO_SOURCE, &f->in->tree->mounts[i],
			       "make it there, or give the mount a key of its own at the dump",
			       "its source '%s' cannot be opened: %s", kept,
			       whole_fd < 0 ? strerror(-fd) : why_not_below(fd));
	else
		set_source(f, i, &fd, *name ? kept : "");
}

/* What would give a key its source. Or NULL: no memory. */
static char *advice(const char *what, const char *key, size_t size, const char *value)
{
	cleanup_free char *word = text_quoted("%s[%.*s]:%s", what, (int)size, key, value);
	char *option;

	return word && asprintf(&option, "--external %s", word) >= 0 ? option : NULL;
}

static void take_companion(struct finder *f, uint32_t i)
{
	struct mount *m = &f->in->tree->mounts[i];
	const struct mount *whole = whole_of(f, m);
	const struct external_option *option =
		external_options_by_key(f->in->externals, m->parent_key);
	const struct rebind_inherit_fd *inherit = inherited(f, m->parent_key);
	const char *rest = whole ? volume_path_below(whole, m) : NULL;

	if (rest && option)
		take_below_path(f, i, option->value, rest);
	else if (rest && inherit)
		take_below_fd(f, i, inherit->fd, rest);
	else
		findings_mount(
			f->in->findings, FINDING_NO_SOURCE, m, "give that one a source",
			"it came along with the external mount '%s', which has no source to look in",
			m->parent_key);
}

static bool is_automatic(const struct mount *m)
{
	return m->key && strcmp(m->key, MOUNT_KEY_AUTO) == 0;
}

const char *finder_key(const struct mount *m)
{
	return is_automatic(m) ? mount_shown(m) : finder_is_device(m) ? NULL : m->key;
}

/* The caller gives it no source of its own. */
static void take_automatic(struct finder *f, uint32_t i)
{
	struct mount *m = &f->in->tree->mounts[i];
	cleanup_free char *help = NULL;

	if (f->in->externals->automatic) {
		take_path(f, i, m->source);
		return;
	}
	cleanup_free char *own = advice("mnt", mount_shown(m), strlen(mount_shown(m)), "SOURCE");

	if (!own || asprintf(&help, "--external mnt[], or %s", own) < 0)
		help = NULL;
	findings_mount(
		f->in->findings, FINDING_NO_SOURCE, m, help,
		"the image names the host path '%s' for it, which needs the caller's consent",
		m->source);
}

static void take_by_key(struct finder *f, uint32_t i)
{
	struct mount *m = &f->in->tree->mounts[i];
	const struct external_option *option =
		external_options_by_key(f->in->externals, finder_key(m));
	const struct rebind_inherit_fd *inherit = inherited(f, finder_key(m));
	cleanup_free char *help = NULL;

	if (option && inherit)
		findings_mount(f->in->findings, FINDING_KEY_TWICE, m, NULL,
			       "its key '%s' is given by --external and by --inherit-fd",
			       finder_key(m));
	else if (option)
		take_path(f, i, option->value);
	else if (inherit)
		take_fd(f, i, inherit->fd);
	else if (is_automatic(m))
		take_automatic(f, i);
	else if ((help = advice("mnt", m->key, strlen(m->key), "SOURCE")))
		findings_mount(f->in->findings, FINDING_NO_SOURCE, m, help,
			       "the external mount '%s' has no source", m->key);
}

bool finder_is_device(const struct mount *m)
{
	return m->key && strcmp(m->key, MOUNT_KEY_DEVICE) == 0;
}

/* The device is mounted once, attached nowhere; all records of its key are parts of that. */
static uint32_t device_group(struct finder *f, const struct mount *m, const char *device)
{
	uint32_t found = names_get(&f->by_device, device, strlen(device));

	if (found != TABLE_NONE)
		return found;
	cleanup_fd int fd = device_mount(device, m);

	if (fd < 0) {
		findings_mount(f->in->findings, FINDING_NO_SOURCE, m, NULL,
			       "its device '%s' cannot be mounted as %s: %s", device, m->fstype,
			       strerror(-fd));
		return MOUNT_NONE;
	}
	uint32_t group = finder_single_group(f, &fd, NULL);

	if (group == MOUNT_NONE || names_put(&f->by_device, device, strlen(device), group)) {
		f->err = -ENOMEM;
		return MOUNT_NONE;
	}
	f->out->groups[group].attributes = 0;
	return group;
}

static void take_device(struct finder *f, uint32_t i)
{
	struct mount *m = &f->in->tree->mounts[i];
	size_t size = 0;
	const char *key = device_key(m, &size);
	const struct external_option *option =
		key ? external_options_by_device(f->in->externals, key, size) : NULL;
	cleanup_free char *help = NULL;

	if (!key || !device_mounts(m->fstype)) {
		findings_mount(
			f->in->findings, FINDING_NO_SOURCE, m, NULL,
			"the image names '%s' of a %s for it, which is not a filesystem on a device",
			m->source, m->fstype);
		return;
	}
	if (!option) {
		if ((help = advice("dev", key, size, "DEVICE")))
			findings_mount(f->in->findings, FINDING_NO_SOURCE, m, help,
				       "the external device '%.*s' has no source", (int)size, key);
		return;
	}
	f->out->of[i].group = device_group(f, m, option->value);
	f->out->of[i].rest = mount_is_fsroot(m) ? "" : m->root;
	if (m->kind == MOUNT_KIND_UNKNOWN && mount_is_fsroot(m))
		m->kind = MOUNT_KIND_DIRECTORY;
}

void finder_find_one(struct finder *f, uint32_t i)
{
	struct mount *m = &f->in->tree->mounts[i];

	if (m->owner == MOUNT_ROOT)
		take_root(f, i);
	else if (m->owner != MOUNT_EXTERNAL)
		return;
	else if (finder_is_device(m))
		take_device(f, i);
	else if (m->key)
		take_by_key(f, i);
	else if (m->parent_key)
		take_companion(f, i);
}
