// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Each entry is judged twice: by tar.c, from the archive alone, and by disk.c, where the kernel
 * refuses to go through a symlink that is on the disk.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "archive/archive-limit.h"
#include "archive/attributes.h"
#include "archive/disk.h"
#include "model/ids.h"

/* Files are made in the working directory. */
struct place {
	int before; /* the caller's working directory */
	mode_t umask;
};

static int place_leave(struct place *place)
{
	umask(place->umask);
	int err = fchdir(place->before) < 0 ? -errno : 0;

	fd_close(&place->before);
	return err;
}

static int place_enter(struct place *place, int dir_fd)
{
	cleanup_fd int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (before < 0 || fchdir(dir_fd) < 0)
		return -errno;
	place->umask = umask(0);
	place->before = fd_take(&before);
	return 0;
}

struct unpack {
	struct archive *in;
	struct disk disk;
	bool to_disk; /* else: to check only */
	const struct archive_rules *rules;
	struct archive_limit limit;
	struct mount_contents done;
	struct archive_flags *flags;
	struct tar_progress progress;
	struct archive_fault *fault;
};

static int unpack_data(struct unpack *u, const char *name)
{
	const void *data;
	size_t size;
	int64_t offset;
	int more;

	while ((more = tar_data(u->in, name, &data, &size, &offset, u->fault)) > 0) {
		int err = archive_limit_data(&u->limit, size, offset, name, u->fault);

		if (!err)
			err = disk_write(&u->disk, data, size, offset);
		if (err)
			return err;
		tar_progress_add(&u->progress, size);
	}
	return more;
}

static void map_owner(const struct mount_idmap *ids, struct archive_entry *entry)
{
	int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);

	if (ids && uid >= 0 && uid < UINT32_MAX)
		archive_entry_set_uid(entry, ids_owner(ids->uid, ids->n_uid, (uint32_t)uid));
	if (ids && gid >= 0 && gid < UINT32_MAX)
		archive_entry_set_gid(entry, ids_owner(ids->gid, ids->n_gid, (uint32_t)gid));
}

static int unpack_entry(struct unpack *u, struct archive_entry *entry)
{
	map_owner(u->rules->ids, entry);
	int err = disk_make(&u->disk, entry);

	if (!err && archive_entry_size(entry) > 0)
		err = unpack_data(u, archive_entry_pathname(entry));
	return err ? err : disk_finish(&u->disk, entry);
}

/* Reading the data finds damage in it. */
static int check_data(struct unpack *u, struct archive_entry *entry)
{
	const void *data;
	size_t size;
	int64_t offset;
	const char *name = archive_entry_pathname(entry);
	int more;

	while ((more = tar_data(u->in, name, &data, &size, &offset, u->fault)) > 0) {
		int err = archive_limit_data(&u->limit, size, offset, name, u->fault);

		if (err)
			return err;
	}
	return more;
}

static int check_ids(const struct unpack *u, struct archive_entry *entry)
{
	const struct mount_idmap *within = u->rules->within;
	int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);
	const char *name = archive_entry_pathname(entry);

	if (!within)
		return 0;
	if (uid < 0 || uid >= UINT32_MAX || !ids_has(within->uid, within->n_uid, (uint32_t)uid))
		return tar_fault(u->fault, -EOVERFLOW, "'%s' belongs to user %lld", name,
				 (long long)uid);
	if (gid < 0 || gid >= UINT32_MAX || !ids_has(within->gid, within->n_gid, (uint32_t)gid))
		return tar_fault(u->fault, -EOVERFLOW, "'%s' belongs to group %lld", name,
				 (long long)gid);
	int err = attributes_check_ids(entry, within);

	return err == -EOVERFLOW
		       ? tar_fault(u->fault, err, "an ACL or the capabilities of '%s' name another",
				   name)
		       : err;
}

static void archive_unpack_count(struct mount_contents *done, struct archive_entry *entry)
{
	done->entries++;
	if (archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry))
		done->bytes += (uint64_t)archive_entry_size(entry);
}

static int unpack_all(struct unpack *u)
{
	cleanup_tar_guard struct tar_guard guard = { .policy = u->rules->policy };
	struct archive_entry *entry;
	int more, err;

	while ((more = tar_next(u->in, &entry, u->fault)) > 0) {
		err = tar_guard_check(&guard, entry, u->fault);
		if (!err) {
			archive_unpack_count(&u->done, entry);
			err = archive_limit_entry(&u->limit, &u->done, entry, u->fault);
		}
		if (!err && !u->to_disk)
			err = check_ids(u, entry);
		if (!err)
			err = u->to_disk ? unpack_entry(u, entry) : check_data(u, entry);
		if (err)
			return err;
		tar_progress_entry(&u->progress);
	}
	return more;
}

static int unpack_here(struct unpack *u, int dir_fd)
{
	int err = disk_start(&u->disk, dir_fd, u->flags, u->fault);

	u->to_disk = true;
	u->disk.ids = u->rules->ids;
	if (!err)
		err = unpack_all(u);
	if (!err)
		err = disk_end(&u->disk);
	disk_free(&u->disk);
	return err;
}

static int unpack_below(struct unpack *u, int dir_fd)
{
	struct place place;
	int err = place_enter(&place, dir_fd);

	if (err)
		return tar_fault(u->fault, err, "the directory cannot be entered: %s",
				 strerror(-err));
	err = unpack_here(u, dir_fd);
	int back = place_leave(&place);

	if (back && !err)
		return tar_fault(u->fault, back, "the working directory cannot be put back: %s",
				 strerror(-back));
	return err;
}

int archive_unpack(int in_fd, int dir_fd, const struct archive_rules *rules,
		   struct mount_contents *ret_done, struct archive_flags *ret_flags,
		   archive_progress_fn progress, void *data, struct archive_fault *fault)
{
	int prepared = archive_prepare(rules->writer, fault);
	cleanup_tar_locale locale_t before_locale = prepared ? NULL : tar_locale_enter();
	struct digest digest;
	cleanup_gunzip struct gunzip gz = {
		.fd = in_fd,
		.digest = &digest,
		.stored = rules->writer == ARCHIVE_STORED,
	};
	cleanup_tar_reader struct archive *a = NULL;
	struct unpack u = {
		.rules = rules,
		.limit = { .rules = rules, .last_page = -1 },
		.done = { .has_digest = true },
		.flags = ret_flags,
		.progress = { .fn = progress, .data = data },
		.fault = fault,
	};

	digest_start(&digest);
	int err = prepared ? prepared : tar_open(&gz, &a, fault);

	if (err)
		return err;
	u.in = a;
	err = rules->policy & ARCHIVE_LIST_ONLY ? unpack_all(&u) : unpack_below(&u, dir_fd);
	if (!err)
		err = tar_read_rest(&gz, a, fault);
	if (err)
		return err;
	digest_end(&digest, u.done.digest);
	*ret_done = u.done;
	return 0;
}
