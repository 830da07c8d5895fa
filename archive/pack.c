// SPDX-License-Identifier: LGPL-2.1-or-later
/* The entries of an archive: a file's header, its data, its other names. */
#include "archive/pack.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "archive/inode-flags.h"
#include "model/ids.h"

int pack_path_fault(struct pack *p, int err, const char *what)
{
	return tar_fault(p->fault, err, "'%s' %s: %s", p->path, what, strerror(-err));
}

int pack_memory_fault(struct pack *p)
{
	return pack_path_fault(p, -ENOMEM, "cannot be archived");
}

int pack_archive_fault(struct pack *p)
{
	int err = archive_errno(p->out);
	const char *text = archive_error_string(p->out);

	return tar_fault(p->fault, err > 0 ? -err : -EIO, "'%s' cannot be archived: %s", p->path,
			 text ? text : "no reason given");
}

/* ---- names ---- */

int pack_path_push(struct pack *p, const char *name)
{
	size_t n = strlen(name);
	bool slash = p->path[p->path_size - 1] != '/';

	/* The entry of a directory gets another slash at its end. */
	if (p->path_size + slash + n >= sizeof(p->path) - 1)
		return tar_fault(p->fault, -ENAMETOOLONG,
				 "there are paths too long to be restored below '%.128s...'",
				 p->path);
	if (slash)
		p->path[p->path_size++] = '/';
	memcpy(p->path + p->path_size, name, n + 1);
	p->path_size += n;
	return 0;
}

void pack_path_cut(struct pack *p, size_t size)
{
	p->path_size = size;
	p->path[size] = '\0';
}

/* ---- data ---- */

static int put_data(struct pack *p, const char *data, size_t size)
{
	while (size) {
		la_ssize_t n = archive_write_data(p->out, data, size);

		if (n <= 0)
			return pack_archive_fault(p);
		data += n;
		size -= (size_t)n;
		tar_progress_add(&p->progress, (uint64_t)n);
	}
	return 0;
}

/* The writer takes a hole as zeros and forgets them. */
static int put_hole(struct pack *p, uint64_t size)
{
	int err = 0;

	if (!p->zeros)
		p->zeros = calloc(1, TAR_BUFFER);
	if (!p->zeros)
		return pack_memory_fault(p);
	while (size && !err) {
		size_t n = size < TAR_BUFFER ? (size_t)size : TAR_BUFFER;

		err = put_data(p, p->zeros, n);
		size -= n;
	}
	return err;
}

static int put_segment(struct pack *p, int fd, off_t offset, off_t end)
{
	int err = 0;

	while (offset < end && !err) {
		size_t want = end - offset < TAR_BUFFER ? (size_t)(end - offset) : TAR_BUFFER;
		ssize_t n = pread(fd, p->buffer, want, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pack_path_fault(p, -errno, "cannot be read");
		/* It became shorter, and will be seen to have changed; its header stands. */
		if (n == 0)
			return put_hole(p, (uint64_t)(end - offset));
		err = put_data(p, p->buffer, (size_t)n);
		offset += n;
	}
	return err;
}

/* Where the data that begins at or behind @offset lies. A file that tells no holes is all data. */
static void find_segment(int fd, off_t offset, off_t size, off_t *ret_data, off_t *ret_hole)
{
	off_t data = lseek(fd, offset, SEEK_DATA);

	if (data < 0)
		data = errno == ENXIO ? size : offset;
	off_t hole = data < size ? lseek(fd, data, SEEK_HOLE) : size;

	*ret_data = data < size ? data : size;
	*ret_hole = hole >= 0 && hole < size ? hole : size;
}

/* A file of one page that has a block has no hole. Most files are that small. */
static bool has_no_hole(const struct statx *stx)
{
	return stx->stx_size <= 4096 && stx->stx_blocks;
}

static int put_file(struct pack *p, int fd, const struct statx *stx)
{
	off_t size = (off_t)stx->stx_size, offset = 0, data, hole;
	int err = 0;

	if (has_no_hole(stx))
		return put_segment(p, fd, 0, size);
	while (offset < size && !err) {
		find_segment(fd, offset, size, &data, &hole);
		err = put_hole(p, (uint64_t)(data - offset));
		if (!err)
			err = put_segment(p, fd, data, hole);
		offset = hole;
	}
	return err;
}

/* ---- entries ---- */

static bool is_ascii(const char *text)
{
	for (; text && *text; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

/* libarchive warns of a name that is not UTF-8, and archives it as it is. */
static bool is_about_names(struct archive_entry *entry)
{
	return !is_ascii(archive_entry_pathname(entry)) ||
	       !is_ascii(archive_entry_symlink(entry)) || !is_ascii(archive_entry_hardlink(entry));
}

static bool has_capabilities(struct archive_entry *entry)
{
	const char *name;
	const void *value;
	size_t size;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
		if (strcmp(name, "security.capability") == 0)
			return true;
	return false;
}

static uint32_t entry_takes(struct archive_entry *entry)
{
	__LA_MODE_T type = archive_entry_filetype(entry);
	uint32_t takes = 0;
	/* Overlay's; anybody can make it. */
	bool whiteout = type == AE_IFCHR && !archive_entry_rdevmajor(entry) &&
			!archive_entry_rdevminor(entry);

	if ((type == AE_IFCHR && !whiteout) || type == AE_IFBLK)
		takes |= MOUNT_TAKES_MKNOD;
	if ((type == AE_IFCHR || type == AE_IFBLK) && !tar_is_harmless(entry))
		takes |= MOUNT_TAKES_CONSENT;
	if (inode_flags_of(entry) & INODE_FLAGS_LOCKED)
		takes |= MOUNT_TAKES_FLAGS;
	return takes | (has_capabilities(entry) ? MOUNT_TAKES_SETFCAP : 0);
}

int pack_header(struct pack *p)
{
	/* Before it is written: the writer may leave out what it has no words for. */
	uint32_t takes = entry_takes(p->entry);
	int r = archive_write_header(p->out, p->entry);

	if (r != ARCHIVE_OK && !(r == ARCHIVE_WARN && is_about_names(p->entry)))
		return pack_archive_fault(p);
	p->done.entries++;
	p->done.takes |= takes;
	tar_progress_entry(&p->progress);
	return 0;
}

void pack_describe(struct pack *p, const struct statx *stx)
{
	archive_entry_clear(p->entry);
	archive_entry_set_pathname(p->entry, p->path);
	archive_entry_set_mode(p->entry, stx->stx_mode);
	archive_entry_set_uid(p->entry, ids_shown_uid(p->watch->ids, stx->stx_uid));
	archive_entry_set_gid(p->entry, ids_shown_gid(p->watch->ids, stx->stx_gid));
	archive_entry_set_mtime(p->entry, stx->stx_mtime.tv_sec, stx->stx_mtime.tv_nsec);
	archive_entry_set_atime(p->entry, stx->stx_atime.tv_sec, stx->stx_atime.tv_nsec);
	archive_entry_set_size(p->entry, S_ISREG(stx->stx_mode) ? (int64_t)stx->stx_size : 0);
	if (S_ISCHR(stx->stx_mode) || S_ISBLK(stx->stx_mode))
		archive_entry_set_rdev(p->entry, makedev(stx->stx_rdev_major, stx->stx_rdev_minor));
}

/* Reading must not be seen in the source; where that is not allowed, it is seen. */
int pack_open_quietly(int dir_fd, const char *name, int flags)
{
	flags |= O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	int fd = openat(dir_fd, name, flags | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = openat(dir_fd, name, flags);
	return fd < 0 ? -errno : fd;
}

/* Open what statx() has seen, and nothing that took its place. */
int pack_open_seen(struct pack *p, const char *name, int flags, const struct statx *stx)
{
	cleanup_fd int fd = pack_open_quietly(p->fd, name, flags);
	struct stat st;

	if (fd < 0)
		return pack_path_fault(p, fd, "cannot be opened");
	if (fstat(fd, &st) < 0)
		return pack_path_fault(p, -errno, "cannot be opened");
	if (st.st_ino != stx->stx_ino || (st.st_mode & S_IFMT) != (stx->stx_mode & S_IFMT))
		return pack_path_fault(p, -ESTALE, "was replaced");
	return fd_take(&fd);
}

/* ---- changes ---- */

#define TICKS_MAX 20 /* milliseconds; a tick has 10 at most */

static bool is_in_past(const struct statx_timestamp *time, const struct timespec *now)
{
	return time->tv_sec != now->tv_sec ? time->tv_sec < now->tv_sec
					   : time->tv_nsec < (uint32_t)now->tv_nsec;
}

/*
 * The clock of files goes by ticks: a second change within the tick of the first leaves no trace.
 * So what has changed in this very tick is read in the next one. A clock that was put back is not
 * waited for.
 */
static void await_tick(const struct statx *stx)
{
	struct timespec now;

	for (int i = 0; i < TICKS_MAX; i++) {
		if (clock_gettime(CLOCK_REALTIME_COARSE, &now) < 0 ||
		    stx->stx_ctime.tv_sec > now.tv_sec + 1 || is_in_past(&stx->stx_ctime, &now))
			return;
		usleep(1000);
	}
}

static bool same_time(const struct statx_timestamp *a, const struct statx_timestamp *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* After its data was read. */
static int note_change(struct pack *p, int fd, const struct statx *before)
{
	struct statx now;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &now) < 0)
		return pack_path_fault(p, -errno, "cannot be looked at");
	if (!p->watch->changed ||
	    (now.stx_size == before->stx_size && same_time(&now.stx_mtime, &before->stx_mtime) &&
	     same_time(&now.stx_ctime, &before->stx_ctime)))
		return 0;
	int err = p->watch->changed(p->watch->data, p->path);

	return err ? pack_path_fault(p, err, "changed, which cannot be told") : 0;
}

static int add_open(struct pack *p, int fd, const struct statx *stx)
{
	await_tick(stx);
	int err = attributes_read(&p->attributes, attributes_of_fd(fd), p->entry, p->fault);

	if (err)
		return err;
	err = has_no_hole(stx) ? 0 : attributes_holes(fd, p->entry);
	if (err)
		return pack_path_fault(p, err, "does not tell its holes");
	err = inode_flags_read(fd, p->entry);
	if (err)
		return pack_path_fault(p, err, "has inode flags that cannot be archived");
	err = pack_header(p);
	if (!err)
		err = put_file(p, fd, stx);
	if (!err)
		err = note_change(p, fd, stx);
	p->done.bytes += stx->stx_size;
	return err;
}

static int add_regular(struct pack *p, const char *name, int fd, const struct statx *stx)
{
	if (fd >= 0)
		return add_open(p, fd, stx);
	cleanup_fd int own = pack_open_seen(p, name, 0, stx);

	return own < 0 ? own : add_open(p, own, stx);
}

static int add_symlink(struct pack *p, const char *name)
{
	ssize_t n = readlinkat(p->fd, name, p->buffer, TAR_BUFFER - 1);

	if (n < 0)
		return pack_path_fault(p, -errno, "cannot be read");
	p->buffer[n] = '\0';
	archive_entry_set_symlink(p->entry, p->buffer);
	int err = attributes_read(&p->attributes, attributes_of_name(name), p->entry, p->fault);

	return err ? err : pack_header(p);
}

static int add_special(struct pack *p, const char *name)
{
	int err = attributes_read(&p->attributes, attributes_of_name(name), p->entry, p->fault);

	return err ? err : pack_header(p);
}

static int remember_link(struct pack *p, uint64_t inode)
{
	if (pack_is_full(p->n_linked)) {
		size_t room = p->n_linked ? 2 * (size_t)p->n_linked : 1;
		const char **list = realloc(p->linked, room * sizeof(*list));

		if (!list)
			return pack_memory_fault(p);
		p->linked = list;
	}
	const char *path = arena_copy(&p->names, p->path, p->path_size);

	if (!path || table_put(&p->by_inode, inode, p->n_linked, NULL))
		return pack_memory_fault(p);
	p->linked[p->n_linked++] = path;
	return 0;
}

static int add_first(struct pack *p, const char *name, int fd, const struct statx *stx)
{
	if (S_ISREG(stx->stx_mode))
		return add_regular(p, name, fd, stx);
	if (S_ISLNK(stx->stx_mode))
		return add_symlink(p, name);
	return add_special(p, name);
}

/* Anything that is not a directory. */
int pack_file(struct pack *p, const char *name, int fd, const struct statx *stx)
{
	if (S_ISSOCK(stx->stx_mode))
		return pack_socket(p, name, stx);
	pack_describe(p, stx);
	if (stx->stx_nlink < 2)
		return add_first(p, name, fd, stx);
	uint32_t known = table_get(&p->by_inode, stx->stx_ino);

	if (known == TABLE_NONE) {
		int err = add_first(p, name, fd, stx);

		return err ? err : remember_link(p, stx->stx_ino);
	}
	archive_entry_set_size(p->entry, 0);
	archive_entry_set_hardlink(p->entry, p->linked[known]);
	return pack_header(p);
}
