// SPDX-License-Identifier: LGPL-2.1-or-later
/* A namespace bound to a file, and a set to the files of a directory. */
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/namespace-internal.h"
#include "base/log.h"
#include "base/path.h"
#include "base/sys.h"
#include "mnt/handover.h"

/*
 * Why the kernel refused; both reasons are EINVAL. A mount on a shared one is copied to its peers
 * and slaves, and the file of a mount namespace is not copied, lest one keep itself alive.
 */
static int refuse_pin(int ns_fd, const char *file, int err)
{
	cleanup_fd int own_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	uint64_t id = 0, own = 0;

	if (err != -EINVAL)
		return log_error(err, "cannot bind the namespace to '%s'", file);
	if (own_fd >= 0 && !sys_mntns_id(own_fd, &own) && !sys_mntns_id(ns_fd, &id) && id <= own)
		return log_error(
			err,
			"cannot bind the namespace to '%s': it is older than the caller's, "
			"and the kernel allows only younger ones",
			file);
	return log_error(
		err,
		"cannot bind the namespace to '%s': that is on a shared mount with peers or "
		"slaves, to which the kernel would copy it; take a FILE on a private mount",
		file);
}

/* What is bound where: of a set several. */
struct pin {
	int ns_fd;
	char *file;
};

struct pins {
	struct pin *list;
	unsigned int n;
};

static void pins_free(struct pins *pins)
{
	for (unsigned int i = 0; i < pins->n; i++)
		free(pins->list[i].file);
	free(pins->list);
}

static void unbind(const struct pins *pins, unsigned int n)
{
	while (n)
		umount2(pins->list[--n].file, MNT_DETACH);
}

static int bind_pins(const struct pins *pins)
{
	char source[32];

	for (unsigned int i = 0; i < pins->n; i++) {
		const struct pin *pin = &pins->list[i];

		if (mount(fd_proc_path(pin->ns_fd, source), pin->file, NULL, MS_BIND, NULL) < 0) {
			int err = -errno;

			unbind(pins, i);
			return refuse_pin(pin->ns_fd, pin->file, err);
		}
	}
	return 0;
}

static int open_directory(const char *file)
{
	cleanup_free char *copy = strdup(file);
	int fd = copy ? open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	return fd < 0 ? -errno : fd;
}

/* The builder makes the file, and knows where to undo the pin if we die. */
static int prepare_pin(struct rebind_namespace *ns, const char *file)
{
	/* The file that a symlink leads to, if there is one. */
	cleanup_free char *real = realpath(file, NULL);
	cleanup_free char *copy = strdup(real ? real : file);
	cleanup_fd int dir = open_directory(real ? real : file);

	if (!copy || dir < 0)
		return copy ? dir : -ENOMEM;
	return handover_pin_at(&ns->journal, ns->builder_sock, dir, basename(copy), !real);
}

static int prepare_all(struct rebind_namespace *ns, const struct pins *pins)
{
	for (unsigned int i = 0; i < pins->n && ns->builder_sock >= 0; i++) {
		int err = prepare_pin(ns, pins->list[i].file);

		if (err)
			return log_error(ipc_lost(err), "cannot create '%s'", pins->list[i].file);
	}
	return 0;
}

static int refuse_held(const struct pins *pins)
{
	for (unsigned int i = 0; i < pins->n; i++)
		if (path_holds_namespace(pins->list[i].file))
			return log_error(-EBUSY,
					 "'%s' holds a namespace already: umount it first, or name "
					 "another file",
					 pins->list[i].file);
	return 0;
}

/* All of them, or none. */
static int pin_all(struct rebind_namespace *ns, const struct pins *pins)
{
	int err = refuse_held(pins);

	if (!err)
		err = namespace_tell_before(ns, ns->ns_helper.pid);
	if (!err)
		err = prepare_all(ns, pins);
	if (!err)
		err = bind_pins(pins);
	if (err)
		return err;
	err = namespace_tell_after(ns, ns->ns_helper.pid);
	int kept = err ? err : namespace_keep(ns, KEEP_NAMESPACE, -1);

	if (!kept)
		return 0;
	unbind(pins, pins->n);
	return err ? err
		   : log_error(ipc_lost(kept),
			       "the builder cannot be told that the namespace is pinned");
}

int rebind_namespace_pin(struct rebind_namespace *ns, const char *file)
{
	cleanup(pins_free) struct pins pins = { malloc(sizeof(*pins.list)), 0 };
	cleanup_call struct call call;

	namespace_begin_call(&call, ns);
	if (ns->n_members)
		return log_error(-EINVAL, "a set of namespaces cannot be bound to one file, '%s'",
				 file);
	if (!pins.list)
		return -ENOMEM;
	pins.list[pins.n++] = (struct pin){ ns->fd, strdup(file) };
	return pins.list[0].file ? pin_all(ns, &pins) : -ENOMEM;
}

/* The file that it leads to may be in another directory, where none of a set is undone. */
static int refuse_symlinks(const struct pins *pins)
{
	struct stat stat;

	for (unsigned int i = 0; i < pins->n; i++)
		if (lstat(pins->list[i].file, &stat) == 0 && S_ISLNK(stat.st_mode))
			return log_error(-ELOOP,
					 "'%s' is a symlink, and a set is bound to files of the "
					 "directory itself: remove it, or name another directory",
					 pins->list[i].file);
	return 0;
}

int rebind_namespace_pin_dir(struct rebind_namespace *ns, const char *dir)
{
	unsigned int n = rebind_namespace_count(ns);
	cleanup(pins_free) struct pins pins = { calloc(n, sizeof(*pins.list)), 0 };
	cleanup_call struct call call;

	namespace_begin_call(&call, ns);
	if (!pins.list)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++) {
		struct pin *pin = &pins.list[i];
		uint32_t id;

		pin->ns_fd = rebind_namespace_member(ns, i, &id);
		/* One that is alone has no number here. */
		if (asprintf(&pin->file, "%s/%u", dir, id ? id : 1) < 0)
			return -ENOMEM;
		pins.n++;
	}
	int err = refuse_symlinks(&pins);

	return err ? err : pin_all(ns, &pins);
}
