// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Each entry is judged twice: by tar.c, from the archive alone, and by libarchive, which looks at
 * what is on the disk and refuses to go through a symlink there.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/tar.h"

#define DISK_FLAGS                                                              \
	(ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |  \
	 ARCHIVE_EXTRACT_ACL | ARCHIVE_EXTRACT_XATTR | ARCHIVE_EXTRACT_SPARSE | \
	 ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT |    \
	 ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS)

/* libarchive unpacks into the working directory. */
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

static void disk_free(struct archive **disk)
{
	int saved = errno;

	archive_write_free(*disk);
	*disk = NULL;
	errno = saved;
}

/* Anything but ARCHIVE_OK: a warning is an owner, a mode, an attribute that was not restored. */
static int disk_fault(struct archive *disk, const char *name, struct archive_fault *fault)
{
	int err = archive_errno(disk);
	const char *text = archive_error_string(disk);

	return tar_fault(fault, err > 0 ? -err : -EIO, "'%s' cannot be unpacked: %s", name,
			 text ? text : "no reason given");
}

/*
 * libarchive sets the times of a directory that it made at the end, but those of one that was
 * there at once; and the root was there. Each file made in it changes them.
 */
struct root_times {
	bool known;
	struct timespec times[2];
};

struct unpack {
	struct archive *in, *disk; /* disk: NULL to check only */
	unsigned int policy;
	struct mount_contents done;
	struct root_times root;
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
		if (archive_write_data_block(u->disk, data, size, offset) < ARCHIVE_OK)
			return disk_fault(u->disk, name, u->fault);
		tar_progress_add(&u->progress, size);
	}
	return more;
}

static int unpack_entry(struct unpack *u, struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);
	int err = 0;

	if (archive_write_header(u->disk, entry) != ARCHIVE_OK)
		return disk_fault(u->disk, name, u->fault);
	if (archive_entry_size(entry) > 0)
		err = unpack_data(u, name);
	if (!err && archive_write_finish_entry(u->disk) != ARCHIVE_OK)
		return disk_fault(u->disk, name, u->fault);
	return err;
}

/* Reading the data finds damage in it. */
static int check_data(struct unpack *u, struct archive_entry *entry)
{
	const void *data;
	size_t size;
	int64_t offset;
	int more;

	do {
		more = tar_data(u->in, archive_entry_pathname(entry), &data, &size, &offset,
				u->fault);
	} while (more > 0);
	return more;
}

/* "." and "./", which a file of the name "..." is not. */
static bool is_root(const char *name)
{
	for (size_t n; *name; name += n + (name[n] == '/')) {
		n = strcspn(name, "/");
		if (n > 1 || (n == 1 && *name != '.'))
			return false;
	}
	return true;
}

static void root_times_note(struct root_times *root, struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);

	if (!is_root(name) || !archive_entry_mtime_is_set(entry))
		return;
	root->known = true;
	root->times[0].tv_nsec = UTIME_OMIT;
	if (archive_entry_atime_is_set(entry)) {
		root->times[0].tv_sec = archive_entry_atime(entry);
		root->times[0].tv_nsec = archive_entry_atime_nsec(entry);
	}
	root->times[1].tv_sec = archive_entry_mtime(entry);
	root->times[1].tv_nsec = archive_entry_mtime_nsec(entry);
}

static int root_times_set(const struct root_times *root)
{
	return root->known && utimensat(AT_FDCWD, ".", root->times, 0) < 0 ? -errno : 0;
}

static void count(struct mount_contents *done, struct archive_entry *entry)
{
	done->entries++;
	if (archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry))
		done->bytes += (uint64_t)archive_entry_size(entry);
}

static int unpack_all(struct unpack *u)
{
	cleanup_tar_guard struct tar_guard guard = { .policy = u->policy };
	struct archive_entry *entry;
	int more, err;

	while ((more = tar_next(u->in, &entry, u->fault)) > 0) {
		err = tar_guard_check(&guard, entry, u->fault);
		if (!err)
			err = u->disk ? unpack_entry(u, entry) : check_data(u, entry);
		if (err)
			return err;
		count(&u->done, entry);
		root_times_note(&u->root, entry);
	}
	return more;
}

static int unpack_here(struct unpack *u)
{
	cleanup(disk_free) struct archive *disk = archive_write_disk_new();

	if (!disk)
		return tar_fault(u->fault, -ENOMEM, "there is no memory to unpack the archive");
	archive_write_disk_set_options(disk, DISK_FLAGS);
	u->disk = disk;
	int err = unpack_all(u);

	/* Modes and times of directories are set now, when nothing is made in them any more. */
	if (archive_write_close(disk) != ARCHIVE_OK && !err)
		return disk_fault(disk, ".", u->fault);
	if (!err)
		err = root_times_set(&u->root);
	return err;
}

static int unpack_below(struct unpack *u, int dir_fd)
{
	struct place place;
	int err = place_enter(&place, dir_fd);

	if (err)
		return tar_fault(u->fault, err, "the directory cannot be entered: %s",
				 strerror(-err));
	err = unpack_here(u);
	int back = place_leave(&place);

	if (back && !err)
		return tar_fault(u->fault, back, "the working directory cannot be put back: %s",
				 strerror(-back));
	return err;
}

int archive_unpack(int in_fd, int dir_fd, unsigned int policy, struct mount_contents *ret_done,
		   archive_progress_fn progress, void *data, struct archive_fault *fault)
{
	int prepared = archive_prepare(fault);
	cleanup_tar_locale locale_t before_locale = prepared ? NULL : tar_locale_enter();
	struct digest digest;
	cleanup_tar_input struct tar_input input = { .fd = in_fd, .digest = &digest };
	cleanup_tar_reader struct archive *a = NULL;
	struct unpack u = {
		.policy = policy,
		.done = { .has_digest = true },
		.progress = { .fn = progress, .data = data },
		.fault = fault,
	};

	digest_start(&digest);
	int err = prepared ? prepared : tar_open(&input, &a, fault);

	if (err)
		return err;
	u.in = a;
	err = policy & ARCHIVE_LIST_ONLY ? unpack_all(&u) : unpack_below(&u, dir_fd);
	if (!err)
		err = tar_read_rest(&input, fault);
	if (err)
		return err;
	digest_end(&digest, u.done.digest);
	*ret_done = u.done;
	return 0;
}
