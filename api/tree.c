// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is at hand as one tree: a live namespace, an image, a saved mountinfo. */
#include "api/library.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/caps.h"
#include "base/log.h"
#include "base/fd.h"
#include "image/image.h"
#include "mnt/fs/binfmt.h"
#include "mnt/check/privileges.h"
#include "mnt/scan/scan.h"
#include "model/flags.h"
#include "model/visible.h"

void rebind_tree_free(struct rebind_tree *tree)
{
	if (!tree)
		return;
	tree_free(&tree->tree);
	scan_set_free(&tree->live);
	fd_close(&tree->image_dir_fd);
	free(tree->order);
	free(tree->depth);
	free(tree);
}

/* tree_link() chains children by descending path; a reader wants them ascending. */
static int put_in_order(struct rebind_tree *t)
{
	uint32_t n = t->tree.n, top = 0, done = 0;
	cleanup_free uint32_t *stack = malloc((n + 1) * sizeof(*stack));
	cleanup_free unsigned int *level = malloc((n + 1) * sizeof(*level));

	t->order = malloc((n + 1) * sizeof(*t->order));
	t->depth = malloc((n + 1) * sizeof(*t->depth));
	if (!stack || !level || !t->order || !t->depth)
		return -ENOMEM;
	/* The last is taken first. */
	for (uint32_t i = t->tree.n; i-- > 0;)
		if (t->tree.mounts[i].parent == MOUNT_NONE) {
			stack[top] = i;
			level[top++] = 0;
		}
	while (top) {
		uint32_t i = stack[--top];
		unsigned int depth = level[top];

		t->order[done] = i;
		t->depth[done++] = depth;
		/* The chain's last child is pushed last, so it is taken first. */
		for (uint32_t c = t->tree.mounts[i].first_child; c != MOUNT_NONE;
		     c = t->tree.mounts[c].next) {
			stack[top] = c;
			level[top++] = depth + 1;
		}
	}
	return 0;
}

static int read_live(struct rebind_tree *t, const char *reader_name)
{
	cleanup_visible struct visible visible = { 0 };
	enum scan_reader reader;
	char without[CAPS_TEXT];
	int err = scan_reader_named(reader_name, &reader);

	if (!err)
		err = caps_raise();
	if (!err)
		err = scan_set_open(&t->live);
	if (!err)
		err = scan_set_read(&t->live, reader, &t->tree, &visible);
	if (err == -ELIBACC)
		return err; /* logged */
	if (err)
		return log_error(err, "cannot read the mount namespace%s",
				 caps_without(err, CAPS_ENTER, without));
	err = binfmt_look(scan_set_target(&t->live), &t->tree);
	return err ? log_error(err, "cannot read the formats registered with binfmt_misc") : 0;
}

static int read_text(struct rebind_tree *t, int fd, const char *what, struct findings *findings)
{
	struct tree_fault fault;
	char line[32] = "";
	int err = scan_text(fd, &t->tree, &fault);

	if (fault.line)
		snprintf(line, sizeof(line), fault.id ? " (line %u)" : "line %u ", fault.line);
	if (err == -EBADMSG && !fault.id)
		findings_add(
			findings, FINDING_NOT_MOUNTINFO, 0, what,
			"give a pid, a namespace file, an image directory or a copy of a mountinfo",
			"'%s' is not a saved mountinfo: %s%s", what, line, fault.reason);
	else if (err == -EBADMSG)
		findings_add(findings, FINDING_NOT_MOUNTINFO, fault.id, what, NULL,
			     "mount %u of '%s'%s %s", fault.id, what, line, fault.reason);
	else if (err && err != -ELIBACC)
		log_error(err, "cannot read '%s'", what);
	return err ? err : binfmt_unknown(&t->tree);
}

static bool is_pid(const char *what)
{
	return *what && strspn(what, "0123456789") == strlen(what) && strlen(what) < 10;
}

/* Which namespaces of what has several. */
struct tree_choice {
	uint32_t ns_id; /* or 0 */
	enum rebind_set set;
};

static int read_process(struct rebind_tree *t, const char *what, bool below, const char *reader,
			struct findings *findings)
{
	char without[CAPS_TEXT];
	pid_t pid = atoi(what);
	int err = privileges_check_proc(findings);

	if (err)
		return err;
	caps_raise();
	int fd = scan_ns_of_pid(pid);

	err = fd < 0 ? fd : scan_set_add(&t->live, fd, pid, 0);
	if (err >= 0 && below)
		err = scan_set_add_tree(&t->live, pid);
	if (err < 0)
		return log_error(err, "cannot open the mount namespace%s of process %s%s%s",
				 below ? "s" : "", what, scan_of_zombie(pid, err),
				 caps_without(err, CAPS_OPEN, without));
	return read_live(t, reader);
}

/* The files of --pin-dir: names that are numbers, ascending, and hold a namespace. */
static int add_pin(struct scan_set *pins, int dir_fd, const char *name)
{
	cleanup_fd int fd = caps_openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	unsigned long number = strtoul(name, NULL, 10);
	uint64_t id;

	/* Whatever else has such a name is no pin. */
	if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM)
		return fd;
	if (fd < 0 || number > UINT32_MAX || sys_mntns_id(fd, &id))
		return 0;
	int added = scan_set_add(pins, fd_take(&fd), 0, (uint32_t)number);

	for (uint32_t i = pins->n - 1; added > 0 && i && pins->list[i - 1].ns > number; i--) {
		struct scan_member member = pins->list[i];

		pins->list[i] = pins->list[i - 1];
		pins->list[i - 1] = member;
	}
	return added < 0 ? added : 0;
}

static int find_pins(int dir_fd, struct scan_set *pins)
{
	cleanup_dirp DIR *dir = fd_open_dir(dir_fd, ".");
	const struct dirent *entry;
	int more = dir ? 1 : -errno, err = 0;

	while (more > 0 && !err && (more = fd_next_entry(dir, &entry)) > 0)
		if (*entry->d_name >= '1' && *entry->d_name <= '9' && is_pid(entry->d_name))
			err = add_pin(pins, dir_fd, entry->d_name);
	return err ? err : more < 0 ? more : 0;
}

/* One of them alone. */
static int keep_pin(struct rebind_tree *t, uint32_t ns_id, const char *reader,
		    struct findings *findings)
{
	cleanup_scan_set struct scan_set all = t->live;

	t->live = (struct scan_set){ 0 };
	for (uint32_t i = 0; i < all.n; i++)
		if (all.list[i].ns == ns_id) {
			int fd = fcntl(all.list[i].ns_fd, F_DUPFD_CLOEXEC, 3);
			int added = fd < 0 ? -errno : scan_set_add(&t->live, fd, 0, 0);

			return added < 0 ? added : read_live(t, reader);
		}
	findings_add(findings, FINDING_IMAGE_NAMESPACE, 0, NULL, NULL,
		     "there is no pinned namespace %u", ns_id);
	return -EINVAL;
}

/* An image; or, without an inventory, where a set was pinned. */
static int read_directory(struct rebind_tree *t, int dir_fd, const struct tree_choice *choice,
			  const char *reader, struct findings *findings)
{
	struct image_info info;
	int err = image_is_empty(dir_fd) == 1 ? find_pins(dir_fd, &t->live) : 0;

	if (err)
		return log_error(err, "cannot look at the namespaces that are pinned there");
	if (t->live.n && choice->ns_id)
		return keep_pin(t, choice->ns_id, reader, findings);
	if (t->live.n)
		return read_live(t, reader);
	t->image_dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);
	if (t->image_dir_fd < 0)
		return -errno;
	if (choice->ns_id || choice->set == REBIND_SET_NONE)
		return image_read(t->image_dir_fd, choice->ns_id, &t->tree, &info, findings);
	return image_read_set(t->image_dir_fd,
			      choice->set == REBIND_SET_ALL ? IMAGE_SET_ANY : IMAGE_SET_DUMPED, 0,
			      &t->tree, &info, findings);
}

static int read_what(struct rebind_tree *t, const char *what, const struct tree_choice *choice,
		     const char *reader, struct findings *findings)
{
	struct stat stat;
	uint64_t id;

	if (is_pid(what))
		return read_process(t, what, choice->set == REBIND_SET_ALL, reader, findings);
	/* Of another user, or of a process with privileges: below its /proc nobody with fewer may
	 * open. */
	cleanup_fd int fd = caps_openat(AT_FDCWD, what, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &stat) < 0)
		return log_error(fd < 0 ? fd : -errno, "cannot open '%s'", what);
	if (S_ISDIR(stat.st_mode))
		return read_directory(t, fd, choice, reader, findings);
	if (sys_mntns_id(fd, &id) == 0) {
		int added = scan_set_add(&t->live, fd_take(&fd), 0, 0);

		return added < 0 ? added : read_live(t, reader);
	}
	return read_text(t, fd, what, findings);
}

static int tree_open(const char *what, const struct tree_choice *choice, const char *reader,
		     struct rebind_report *report, struct rebind_tree **ret)
{
	cleanup_caps struct caps_state caps = caps_hold();
	cleanup_fd_limit struct fd_limit limit = fd_limit_raise();
	struct rebind_tree *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->tree.root = MOUNT_NONE;
	t->image_dir_fd = -EBADF;
	int err = read_what(t, what, choice, reader, &report->findings);

	if (!err)
		err = put_in_order(t);
	if (err)
		rebind_tree_free(t);
	else
		*ret = t;
	return err;
}

int rebind_tree_open(const char *what, uint32_t ns_id, const char *reader,
		     struct rebind_report *report, struct rebind_tree **ret)
{
	const struct tree_choice choice = { ns_id, REBIND_SET_NONE };

	return tree_open(what, &choice, reader, report, ret);
}

int rebind_tree_open_set(const char *what, enum rebind_set set, const char *reader,
			 struct rebind_report *report, struct rebind_tree **ret)
{
	const struct tree_choice choice = { 0, set };

	return tree_open(what, &choice, reader, report, ret);
}

size_t rebind_tree_count(const struct rebind_tree *tree)
{
	return tree->tree.n;
}

void rebind_tree_get(const struct rebind_tree *tree, size_t index, struct rebind_mount *ret)
{
	static const enum rebind_owner owners[] = {
		[MOUNT_UNDECIDED] = REBIND_OWNER_UNKNOWN, [MOUNT_ROOT] = REBIND_OWNER_ROOT,
		[MOUNT_INTERNAL] = REBIND_OWNER_INTERNAL, [MOUNT_EXTERNAL] = REBIND_OWNER_EXTERNAL,
		[MOUNT_PLUGIN] = REBIND_OWNER_PLUGIN,	  [MOUNT_SKIPPED] = REBIND_OWNER_UNKNOWN,
	};
	const struct mount *m = &tree->tree.mounts[tree->order[index]];

	*ret = (struct rebind_mount){
		.id = m->id,
		.parent_id = m->parent_id,
		.unique_id = m->unique_id,
		.depth = tree->depth[index],
		.dev_major = MOUNT_DEV_MAJOR(m->dev),
		.dev_minor = MOUNT_DEV_MINOR(m->dev),
		.mountpoint = mount_shown(m),
		.path = mount_path(m),
		.ns = m->ns,
		.root = m->root,
		.fstype = m->fstype,
		.source = m->source,
		.options = m->options,
		.key = m->key ? m->key : m->parent_key,
		.shared = m->shared,
		.master = m->master,
		.unbindable = m->unbindable,
		.is_file = m->kind == MOUNT_KIND_FILE,
		.idmapped = m->attributes & MOUNT_ATTR_IDMAP,
		.covered = tree_covering(&tree->tree, tree->order[index]) != MOUNT_NONE,
		.deleted = m->deleted,
		.owner = owners[m->owner],
	};
	flags_attr_text(m->attributes, ret->attributes);
	flags_sb_text(m->sb_flags, ret->sb_flags);
}

/* The public struct has the fields of the private one, in their order. */
size_t rebind_tree_formats(const struct rebind_tree *tree, size_t index,
			   const struct rebind_format **ret, bool *ret_disabled)
{
	const struct mount *m = &tree->tree.mounts[tree->order[index]];
	const struct mount_formats *formats =
		tree->tree.mounts[tree_first_of_superblock(&tree->tree, m)].formats;

	_Static_assert(sizeof(struct rebind_format) == sizeof(struct mount_format),
		       "the same fields");
	*ret = formats ? (const struct rebind_format *)formats->list : NULL;
	*ret_disabled = formats && formats->disabled;
	return formats ? formats->n : 0;
}

/* ---- comparison ---- */

/* A tree that neither a kernel nor an image can be asked about any more. */
