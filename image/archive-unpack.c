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

static int unpack_data(struct archive *a, struct archive *disk, const char *name,
		       struct archive_fault *fault)
{
	const void *data;
	size_t size;
	int64_t offset;
	int more;

	while ((more = tar_data(a, name, &data, &size, &offset, fault)) > 0)
		if (archive_write_data_block(disk, data, size, offset) < ARCHIVE_OK)
			return disk_fault(disk, name, fault);
	return more;
}

static int unpack_entry(struct archive *a, struct archive *disk, struct archive_entry *entry,
			struct archive_fault *fault)
{
	const char *name = archive_entry_pathname(entry);
	int err = 0;

	if (archive_write_header(disk, entry) != ARCHIVE_OK)
		return disk_fault(disk, name, fault);
	if (archive_entry_size(entry) > 0)
		err = unpack_data(a, disk, name, fault);
	if (!err && archive_write_finish_entry(disk) != ARCHIVE_OK)
		return disk_fault(disk, name, fault);
	return err;
}

/* Reading the data finds damage in it. */
static int check_data(struct archive *a, struct archive_entry *entry, struct archive_fault *fault)
{
	const void *data;
	size_t size;
	int64_t offset;
	int more;

	do {
		more = tar_data(a, archive_entry_pathname(entry), &data, &size, &offset, fault);
	} while (more > 0);
	return more;
}

/*
 * libarchive sets the times of a directory that it made at the end, but those of one that was
 * there at once; and the root was there. Each file made in it changes them.
 */
struct root_times {
	bool known;
	struct timespec times[2];
};

static void root_times_note(struct root_times *root, struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);

	if (name[strspn(name, "./")] || !archive_entry_mtime_is_set(entry))
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

/* @disk: NULL to check only */
static int unpack_all(struct archive *a, struct archive *disk, unsigned int policy,
		      struct mount_contents *done, struct root_times *root,
		      struct archive_fault *fault)
{
	cleanup_tar_guard struct tar_guard guard = { .policy = policy };
	struct archive_entry *entry;
	int more, err;

	while ((more = tar_next(a, &entry, fault)) > 0) {
		err = tar_guard_check(&guard, entry, fault);
		if (!err)
			err = disk ? unpack_entry(a, disk, entry, fault)
				   : check_data(a, entry, fault);
		if (err)
			return err;
		count(done, entry);
		root_times_note(root, entry);
	}
	return more;
}

static int unpack_here(struct archive *a, unsigned int policy, struct mount_contents *done,
		       struct archive_fault *fault)
{
	cleanup(disk_free) struct archive *disk = archive_write_disk_new();

	if (!disk)
		return tar_fault(fault, -ENOMEM, "there is no memory to unpack the archive");
	archive_write_disk_set_options(disk, DISK_FLAGS);
	struct root_times root = { 0 };
	int err = unpack_all(a, disk, policy, done, &root, fault);

	/* Modes and times of directories are set now, when nothing is made in them any more. */
	if (archive_write_close(disk) != ARCHIVE_OK && !err)
		return disk_fault(disk, ".", fault);
	if (!err)
		err = root_times_set(&root);
	return err;
}

static int unpack_below(struct archive *a, int dir_fd, unsigned int policy,
			struct mount_contents *done, struct archive_fault *fault)
{
	struct place place;
	int err = place_enter(&place, dir_fd);

	if (err)
		return tar_fault(fault, err, "the directory cannot be entered: %s", strerror(-err));
	err = unpack_here(a, policy, done, fault);
	int back = place_leave(&place);

	if (back && !err)
		return tar_fault(fault, back, "the working directory cannot be put back: %s",
				 strerror(-back));
	return err;
}

int archive_unpack(int in_fd, int dir_fd, unsigned int policy, struct mount_contents *ret_done,
		   struct archive_fault *fault)
{
	int prepared = archive_prepare(fault);
	cleanup_tar_locale locale_t before_locale = prepared ? NULL : tar_locale_enter();
	struct digest digest;
	cleanup_tar_input struct tar_input input = { .fd = in_fd, .digest = &digest };
	cleanup_tar_reader struct archive *a = NULL;
	struct mount_contents done = { .has_digest = true };

	digest_start(&digest);
	int err = prepared ? prepared : tar_open(&input, &a, fault);

	if (err)
		return err;
	if (policy & ARCHIVE_LIST_ONLY)
		err = unpack_all(a, NULL, policy, &done, &(struct root_times){ 0 }, fault);
	else
		err = unpack_below(a, dir_fd, policy, &done, fault);
	if (!err)
		err = tar_read_rest(&input, fault);
	if (err)
		return err;
	digest_end(&digest, done.digest);
	*ret_done = done;
	return 0;
}
