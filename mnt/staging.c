// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The checks after each plugin mount must stay cheap with 10,000 of them. Unique mount ids are
 * never reused and only grow, so listmount(2) tells which mounts are new. In a tmpfs each new entry
 * adds the same to the size of the directory, so the entries are listed only if the size is not the
 * expected one.
 */
#include "mnt/staging.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/sys.h"
#include "mnt/pivot.h"
#include "mnt/scan/scan.h"

#define ENTRY_SIZE 20 /* of a directory of tmpfs, for each name; if it is not, it costs time */
#define BATCH	   64
#define PLACE_SIZE 8192

/* The mount and the plugin that an error is blamed on, as far as they are known. */
struct culprit {
	const struct mount *mount; /* or NULL */
	const char *plugin;
};

static int accuse(const struct culprit *who, const char *what, const char *where)
{
	if (!who->mount)
		return log_error(-EPROTO, "a plugin left %s at '%s' in the staging root", what,
				 where);
	return log_error(-EPROTO, "plugin %s: RESTORE_EXT_MOUNT for mount %u '%s' left %s at '%s'",
			 who->plugin, who->mount->id, who->mount->mountpoint, what, where);
}

/* ---- entries ---- */

/* The plugin mount whose premount has this name, or NULL. */
static const struct mount *mount_of_point(const struct build *b, const char *name)
{
	size_t n = strlen(PIVOT_PREMOUNT);
	unsigned int id;
	char end;

	if (strncmp(name, PIVOT_PREMOUNT, n) != 0 || sscanf(name + n, "%u%c", &id, &end) != 1)
		return NULL;
	const struct mount *m = tree_find(b->tree, id);

	return m && m->owner == MOUNT_PLUGIN && !m->file_id ? m : NULL;
}

static bool is_our_entry(struct build *b, const char *name)
{
	struct stat own, old;

	if (strcmp(name, PIVOT_OLD_ROOT) == 0 || strcmp(name, PIVOT_NEW_ROOT) == 0 ||
	    mount_of_point(b, name))
		return true;
	/* A symlink leads to an entry of the caller's root. */
	return fstatat(b->staging_fd, name, &own, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISLNK(own.st_mode) &&
	       fstatat(b->old_root_fd, name, &old, AT_SYMLINK_NOFOLLOW) == 0;
}

static int look_at_entries(struct build *b, const struct culprit *who)
{
	cleanup_dirp DIR *dir = fd_open_dir(b->staging_fd, ".");
	const struct dirent *entry;
	char where[300];
	int err = 0, more = dir ? 0 : -errno;

	while (dir && !err && (more = fd_next_entry(dir, &entry)) > 0) {
		if (is_our_entry(b, entry->d_name))
			continue;
		snprintf(where, sizeof(where), "/%s", entry->d_name);
		err = accuse(who, "a file or directory", where);
	}
	return more < 0 ? log_error(more, "cannot list the staging root") : err;
}

static int64_t staging_size(struct build *b)
{
	struct stat stat;

	return fstat(b->staging_fd, &stat) < 0 ? -1 : stat.st_size;
}

/* ---- mounts ---- */

static bool is_in_old_root(const char *place)
{
	return path_rest_below(place, "/" PIVOT_OLD_ROOT) != NULL;
}

static int look_at_mount(uint64_t id, const struct culprit *who)
{
	char buf[sizeof(struct sys_statmount) + PLACE_SIZE];
	struct sys_statmount *stat = (struct sys_statmount *)buf;
	char point[64];
	int err = sys_statmount(id, 0, SYS_STATMOUNT_MNT_POINT, stat, sizeof(buf));
	/* Gone already, or out of reach, or in a place too deep to be one of ours. */
	if (err || !(stat->mask & SYS_STATMOUNT_MNT_POINT))
		return 0;
	const char *place = stat->str + stat->mnt_point;

	if (is_in_old_root(place))
		return 0;
	snprintf(point, sizeof(point), "/" PIVOT_PREMOUNT "%u", who->mount->id);
	return accuse(who, strcmp(place, point) == 0 ? "a second mount" : "another mount", place);
}

/* Everything newer than the last look, in batches. @who: NULL, to remember only. */
static int look_at_new_mounts(struct build *b, const struct culprit *who, uint64_t own)
{
	uint64_t ids[BATCH];
	int err = 0;
	long n;

	do {
		n = sys_listmount(SYS_LSMT_ROOT, 0, b->newest_mount, ids, BATCH);
		if (n < 0)
			return (int)n;
		for (long i = 0; i < n && who && !err; i++)
			err = ids[i] == own ? 0 : look_at_mount(ids[i], who);
		if (n)
			b->newest_mount = ids[n - 1];
	} while (n == BATCH && !err);
	return err;
}

/* Without listmount(2): each mount is below the old root or the only one at its premount's place.
 */
static int look_at_table(struct build *b)
{
	const struct culprit nobody = { NULL, NULL };
	cleanup_tree struct mount_tree tree = { 0 };
	struct tree_fault fault;
	cleanup_fd int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : scan_text(fd, &tree, &fault);

	if (err)
		return log_error(err, "cannot read what plugins mounted");
	for (uint32_t i = 0; i < b->tree->n; i++)
		b->targets[i].premounted = false;
	for (uint32_t i = 0; i < tree.n && !err; i++) {
		const char *place = tree.mounts[i].mountpoint;
		const struct mount *m = mount_of_point(b, place + 1);
		bool *seen = m ? &b->targets[tree_index(b->tree, m)].premounted : NULL;

		if (i == tree.root || is_in_old_root(place))
			continue;
		if (!seen || *seen)
			err = accuse(&nobody, m ? "a second mount" : "another mount", place);
		else
			*seen = true;
	}
	return err;
}

/* ---- when ---- */

void staging_watch(struct build *b)
{
	b->staging_size = staging_size(b);
	b->newest_mount = 0;
	b->knows_new_mounts = look_at_new_mounts(b, NULL, 0) == 0;
}

int staging_look(struct build *b, const struct mount *m, const char *plugin, int fd)
{
	const struct culprit who = { m, plugin };
	int64_t size = staging_size(b);
	struct sys_mount_stat stat;
	int err = 0;

	if (size != b->staging_size + ENTRY_SIZE)
		err = look_at_entries(b, &who);
	b->staging_size = size;
	if (err || !b->knows_new_mounts)
		return err;
	err = sys_mount_stat(fd, "", AT_EMPTY_PATH, &stat);
	return err ? log_error(err, "cannot look at the plugin mount %u", m->id)
		   : look_at_new_mounts(b, &who, stat.unique_id);
}

int staging_look_again(struct build *b)
{
	const struct culprit nobody = { NULL, NULL };
	int err = look_at_entries(b, &nobody);

	return err || b->knows_new_mounts ? err : look_at_table(b);
}
