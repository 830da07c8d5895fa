// SPDX-License-Identifier: LGPL-2.1-or-later
#include "archive/disk.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "archive/attributes.h"
#include "archive/inode-flags.h"

#define PATH_ROOM 4096 /* to begin with */

static int disk_fault(struct disk *disk, int err)
{
	return tar_fault(disk->fault, err, "'%s' cannot be unpacked: %s",
			 *disk->path ? disk->path : ".", strerror(-err));
}

/* ---- places ---- */

/* An archive need not have the directories that its files are in. */
static int make_missing(struct disk *disk, size_t size)
{
	cleanup_fd int fd = path_open_beneath(disk->root_fd, "");

	for (size_t at = 0; at < size && fd >= 0;) {
		size_t n = strcspn(disk->path + at, "/");
		cleanup_free char *name = strndup(disk->path + at, n);

		if (!name)
			return -ENOMEM;
		if (mkdirat(fd, name, 0755) < 0 && errno != EEXIST)
			return -errno;
		int next = path_open_beneath(fd, name);

		fd_close(&fd);
		fd = next;
		at += n + 1;
	}
	return fd_take(&fd);
}

static int disk_grow(char **text, size_t *room, size_t need)
{
	if (need <= *room)
		return 0;
	char *p = realloc(*text, 2 * need);

	if (!p)
		return -ENOMEM;
	*text = p;
	*room = 2 * need;
	return 0;
}

/* Into the directory that the first @size bytes of the entry's path name. */
static int go_to(struct disk *disk, size_t size)
{
	size_t before = strlen(disk->here);
	bool below = size >= before && memcmp(disk->here, disk->path, before) == 0 &&
		     (size == before || !before || disk->path[before] == '/');

	if (below && size == before)
		return 0;
	size_t skip = !below ? 0 : before ? before + 1 : 0;
	bool from_here = below && disk->here_fd >= 0;
	cleanup_fd int fd = tar_open_below(from_here ? disk->here_fd : disk->root_fd,
					   disk->path + skip, size - skip);

	if (fd == -ENOENT)
		fd = make_missing(disk, size);
	int err = fd < 0 ? fd : disk_grow(&disk->here, &disk->here_room, size + 1);

	if (err)
		return err;
	if (fchdir(fd) < 0)
		return -errno;
	memcpy(disk->here, disk->path, size);
	disk->here[size] = '\0';
	fd_close(&disk->here_fd);
	disk->here_fd = fd_take(&fd);
	return 0;
}

/* The entry's path, and the directory that it is in. */
static int take_place(struct disk *disk, struct archive_entry *entry)
{
	const char *path = archive_entry_pathname(entry);
	int err = disk_grow(&disk->path, &disk->path_room, strlen(path) + 1);

	if (err)
		return tar_fault(disk->fault, err, "there is no memory for '%.128s'", path);
	tar_plain_path(path, disk->path);
	const char *slash = strrchr(disk->path, '/');

	disk->name = !*disk->path ? "." : slash ? slash + 1 : disk->path;
	err = go_to(disk, slash ? (size_t)(slash - disk->path) : 0);
	return err ? disk_fault(disk, err) : 0;
}

/* ---- attributes ---- */

static struct timespec time_of(bool is_set, time_t seconds, long nanoseconds)
{
	return (struct timespec){ .tv_sec = seconds, .tv_nsec = is_set ? nanoseconds : UTIME_OMIT };
}

static void read_times(struct archive_entry *entry, struct timespec times[2])
{
	times[0] = time_of(archive_entry_atime_is_set(entry), archive_entry_atime(entry),
			   archive_entry_atime_nsec(entry));
	times[1] = time_of(archive_entry_mtime_is_set(entry), archive_entry_mtime(entry),
			   archive_entry_mtime_nsec(entry));
}

static int set_owner(struct disk *disk, struct archive_entry *entry)
{
	int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);

	if (uid < 0 || gid < 0 || uid >= UINT32_MAX || gid >= UINT32_MAX)
		return -EBADMSG;
	int r = disk->file_fd < 0 ? lchown(disk->name, (uid_t)uid, (gid_t)gid)
				  : fchown(disk->file_fd, (uid_t)uid, (gid_t)gid);

	return r < 0 ? -errno : 0;
}

static int set_mode(struct disk *disk, struct archive_entry *entry)
{
	mode_t mode = archive_entry_perm(entry);
	int r = disk->file_fd < 0 ? chmod(disk->name, mode) : fchmod(disk->file_fd, mode);

	return r < 0 ? -errno : 0;
}

static int set_times(struct disk *disk, struct archive_entry *entry)
{
	struct timespec times[2];

	read_times(entry, times);
	int r = disk->file_fd < 0 ? utimensat(AT_FDCWD, disk->name, times, AT_SYMLINK_NOFOLLOW)
				  : futimens(disk->file_fd, times);

	return r < 0 ? -errno : 0;
}

static int keep_flags(struct disk *disk, struct archive_entry *entry)
{
	uint32_t flags = inode_flags_of(entry);

	if (!flags)
		return 0;
	return disk->flags ? archive_flags_add(disk->flags, disk->path, flags) : -EOPNOTSUPP;
}

/*
 * All but the times of a directory, which change, and its default ACL, which is inherited. A
 * regular file is still open: its path needs no walking then.
 */
static int set_attributes(struct disk *disk, struct archive_entry *entry)
{
	struct attributes_of of = { .fd = disk->file_fd, .name = disk->name, .ids = disk->ids };
	bool is_link = archive_entry_filetype(entry) == AE_IFLNK;
	int err = set_owner(disk, entry);

	/* The ACL after the mode: in a tar the group bits are the group's, in a file with an ACL
	 * those of the mask. */
	if (!err && !is_link)
		err = set_mode(disk, entry);
	if (!err && !is_link)
		err = attributes_set_acl(of, entry);
	if (!err)
		err = attributes_set(of, entry);
	if (!err)
		err = keep_flags(disk, entry);
	if (err || archive_entry_filetype(entry) == AE_IFDIR)
		return err;
	return set_times(disk, entry);
}

/* ---- entries ---- */

/* What is in the way goes: the last of several entries with one name counts. */
static int clear_place(const char *name)
{
	if (unlink(name) == 0)
		return 0;
	return errno == EISDIR && rmdir(name) == 0 ? 0 : -errno;
}

static int make_link(struct disk *disk, struct archive_entry *entry)
{
	cleanup_free char *target = strdup(archive_entry_hardlink(entry));

	if (!target)
		return -ENOMEM;
	tar_plain_path(archive_entry_hardlink(entry), target);
	char *slash = strrchr(target, '/');
	cleanup_fd int fd =
		tar_open_below(disk->root_fd, target, slash ? (size_t)(slash - target) : 0);

	if (fd < 0)
		return fd;
	if (linkat(fd, slash ? slash + 1 : target, AT_FDCWD, disk->name, 0) == 0)
		return 0;
	/* A second entry that makes the same link of itself changes nothing. */
	return errno == EEXIST && strcmp(target, disk->path) == 0 ? 0 : -errno;
}

static int make_file(struct disk *disk)
{
	int fd = open(disk->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	disk->file_fd = fd;
	disk->written = 0;
	return 0;
}

static int make_directory(struct disk *disk)
{
	struct stat st;

	/* The root is there. */
	if (!*disk->path || mkdir(disk->name, 0700) == 0)
		return 0;
	int err = -errno;

	if (err == -EEXIST && lstat(disk->name, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	return err;
}

static int make_inode(struct disk *disk, struct archive_entry *entry)
{
	mode_t type = (mode_t)archive_entry_filetype(entry);
	dev_t device = type == S_IFIFO ? 0
				       : makedev((unsigned int)archive_entry_rdevmajor(entry),
						 (unsigned int)archive_entry_rdevminor(entry));

	if (archive_entry_hardlink(entry))
		return make_link(disk, entry);
	if (type == S_IFREG)
		return make_file(disk);
	if (type == S_IFDIR)
		return make_directory(disk);
	if (type == S_IFLNK)
		return symlink(archive_entry_symlink(entry), disk->name) < 0 ? -errno : 0;
	return mknod(disk->name, type | 0600, device) < 0 ? -errno : 0;
}

static int keep_directory(struct disk *disk, struct archive_entry *entry)
{
	if (disk->n_directories == disk->directories_room) {
		size_t room = disk->directories_room ? 2 * disk->directories_room : 64;
		struct disk_directory *list =
			realloc(disk->directories, room * sizeof(*disk->directories));

		if (!list)
			return -ENOMEM;
		disk->directories = list;
		disk->directories_room = room;
	}
	struct disk_directory directory = {
		.path = arena_copy(&disk->texts, disk->path, strlen(disk->path)),
		.has_times = archive_entry_mtime_is_set(entry),
	};

	read_times(entry, directory.times);
	int err = directory.path ? attributes_default_acl(entry, disk->ids, &disk->texts,
							  &directory.acl, &directory.acl_size)
				 : -ENOMEM;

	if (!err)
		disk->directories[disk->n_directories++] = directory;
	return err;
}

int disk_make(struct disk *disk, struct archive_entry *entry)
{
	int err = take_place(disk, entry);

	if (err)
		return err;
	/* No tar writes data behind a link; it would not be clear which file they belong to. */
	if (archive_entry_hardlink(entry) && archive_entry_size(entry) > 0)
		return disk_fault(disk, -EBADMSG);
	err = make_inode(disk, entry);
	if (err == -EEXIST) {
		err = clear_place(disk->name);
		if (!err)
			err = make_inode(disk, entry);
	}
	if (!err && disk->file_fd < 0 && !archive_entry_hardlink(entry))
		err = set_attributes(disk, entry);
	if (!err && !archive_entry_hardlink(entry) && archive_entry_filetype(entry) == AE_IFDIR)
		err = keep_directory(disk, entry);
	return err ? disk_fault(disk, err) : 0;
}

int disk_write(struct disk *disk, const void *data, size_t size, int64_t offset)
{
	const char *p = data;

	while (size) {
		ssize_t n = pwrite(disk->file_fd, p, size, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return disk_fault(disk, -errno);
		p += n;
		offset += n;
		size -= (size_t)n;
	}
	if ((uint64_t)offset > disk->written)
		disk->written = (uint64_t)offset;
	return 0;
}

int disk_finish(struct disk *disk, struct archive_entry *entry)
{
	int64_t size = archive_entry_size(entry);
	int err = 0;

	if (disk->file_fd < 0)
		return 0;
	/* A hole at the end. */
	if (size > 0 && (uint64_t)size > disk->written && ftruncate(disk->file_fd, size) < 0)
		err = -errno;
	if (!err)
		err = set_attributes(disk, entry);
	fd_close(&disk->file_fd);
	return err ? disk_fault(disk, err) : 0;
}

/* ---- directories, at the end ---- */

static int end_directory(struct disk *disk, const struct disk_directory *directory)
{
	cleanup_fd int fd = *directory->path ? tar_open_below(disk->root_fd, directory->path,
							      strlen(directory->path))
					     : -EBADF;

	if (fd < 0 && *directory->path)
		return fd;
	/* Where nothing else was made, the root is where we are. */
	if ((fd >= 0 || disk->here_fd >= 0 || disk->n_directories > 1) &&
	    fchdir(fd < 0 ? disk->root_fd : fd) < 0)
		return -errno;
	int err = directory->acl ? attributes_set_default_acl(directory->acl, directory->acl_size)
				 : 0;

	if (!err && directory->has_times && utimensat(AT_FDCWD, ".", directory->times, 0) < 0)
		err = -errno;
	return err;
}

int disk_end(struct disk *disk)
{
	/* In order: of several entries with one name the last counts. */
	for (size_t i = 0; i < disk->n_directories; i++) {
		const struct disk_directory *directory = &disk->directories[i];
		int err = end_directory(disk, directory);

		if (err)
			return tar_fault(disk->fault, err,
					 "the directory '%s' cannot be given its times: %s",
					 directory->path, strerror(-err));
	}
	return 0;
}

int disk_start(struct disk *disk, int root_fd, struct archive_flags *flags,
	       struct archive_fault *fault)
{
	*disk = (struct disk){
		.root_fd = root_fd,
		.here_fd = -EBADF,
		.file_fd = -EBADF,
		.here = calloc(1, PATH_ROOM),
		.path = calloc(1, PATH_ROOM),
		.here_room = PATH_ROOM,
		.path_room = PATH_ROOM,
		.flags = flags,
		.fault = fault,
	};
	if (!disk->here || !disk->path)
		return tar_fault(fault, -ENOMEM, "there is no memory to unpack the archive");
	return 0;
}

void disk_free(struct disk *disk)
{
	int saved = errno;

	fd_close(&disk->here_fd);
	fd_close(&disk->file_fd);
	free(disk->here);
	free(disk->path);
	free(disk->directories);
	arena_free(&disk->texts);
	errno = saved;
}
