// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The walk. In each directory, files are written as readdir(3) gives them, and the names of the
 * directories are kept for afterwards; so one directory is open at a time, and neither depth nor
 * the stack of calls costs descriptors or memory worth the name. Going up is "..", checked by
 * inode. The working directory is always the directory that is open: attributes can be read by
 * plain names then, of any file type, without /proc.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "archive/inode-flags.h"
#include "archive/pack.h"

static void pack_free(struct pack **pack)
{
	struct pack *p = *pack;
	int saved = errno;

	if (!p)
		return;
	/* Without them the library may not have been loaded either. */
	if (p->out)
		archive_write_free(p->out);
	gzip_free(&p->gzip);
	if (p->entry)
		archive_entry_free(p->entry);
	fd_close(&p->fd);
	while (p->depth)
		free(p->levels[--p->depth].names);
	free(p->levels);
	free(p->buffer);
	free(p->zeros);
	attributes_free(&p->attributes);
	arena_free(&p->names);
	table_free(&p->by_inode);
	free(p->linked);
	mount_contents_clear(&p->done);
	free(p);
	errno = saved;
}

/* Its path alone is larger than a small stack. */
static struct pack *pack_new(const struct archive_watch *watch, struct archive_fault *fault)
{
	static const struct archive_watch unwatched;
	struct pack *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->fd = -EBADF;
	p->watch = watch ? watch : &unwatched;
	p->fault = fault;
	p->progress = (struct tar_progress){ .fn = p->watch->progress, .data = p->watch->data };
	p->attributes.ids = p->watch->ids;
	return p;
}

/* ---- the walk ---- */

static bool is_elsewhere(const struct pack *p, const struct statx *stx)
{
	if (stx->stx_dev_major != p->root.stx_dev_major ||
	    stx->stx_dev_minor != p->root.stx_dev_minor)
		return true;
	return (stx->stx_mask & p->root.stx_mask & STATX_MNT_ID) &&
	       stx->stx_mnt_id != p->root.stx_mnt_id;
}

static int look_at(int dir_fd, const char *name, struct statx *stx)
{
	int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*name ? 0 : AT_EMPTY_PATH);

	return statx(dir_fd, name, flags, STATX_BASIC_STATS | STATX_MNT_ID, stx) < 0 ? -errno : 0;
}

static int keep_name(struct pack *p, const char *name)
{
	struct level *level = &p->levels[p->depth - 1];
	size_t n = strlen(name) + 1;

	if (level->room - level->size < n) {
		size_t room = level->room ? 2 * level->room + n : 64 + n;
		char *names = realloc(level->names, room);

		if (!names)
			return pack_memory_fault(p);
		level->names = names;
		level->room = room;
	}
	memcpy(level->names + level->size, name, n);
	level->size += n;
	return 0;
}

/* @fd: a regular file, open; or negative */
static int add_found(struct pack *p, const char *name, int fd, const struct statx *stx)
{
	size_t before = p->path_size;

	if (S_ISDIR(stx->stx_mode))
		return keep_name(p, name);
	int err = pack_path_push(p, name);

	if (err)
		return err;
	if (is_elsewhere(p, stx))
		return tar_fault(p->fault, -EXDEV, "'%s' is covered by another mount", p->path);
	err = pack_file(p, name, fd, stx);
	pack_path_cut(p, before);
	return err;
}

/*
 * Most names are those of regular files. To open one first and look at what is open saves two of
 * seven system calls, the dearest among them.
 * Return: 1 if it is something else by now, or cannot be opened.
 */
static int add_if_regular(struct pack *p, const char *name)
{
	cleanup_fd int fd = pack_open_quietly(p->fd, name, 0);
	struct statx stx;

	if (fd < 0 || look_at(fd, "", &stx) || !S_ISREG(stx.stx_mode))
		return 1;
	return add_found(p, name, fd, &stx);
}

static int add_name(struct pack *p, const struct dirent *found)
{
	struct statx stx;
	int err = found->d_type == DT_REG ? add_if_regular(p, found->d_name) : 1;

	if (err <= 0)
		return err;
	err = look_at(p->fd, found->d_name, &stx);
	if (err == -ENOENT)
		return 0; /* removed since readdir(): as if it had been a moment earlier */
	return err ? pack_path_fault(p, err, "has an entry that cannot be looked at")
		   : add_found(p, found->d_name, -EBADF, &stx);
}

/* All that is in the directory we are in: files into the archive, directories onto its list. */
static int read_directory(struct pack *p)
{
	cleanup_fd int fd = pack_open_quietly(p->fd, ".", O_DIRECTORY);

	if (fd < 0)
		return pack_path_fault(p, fd, "cannot be listed");
	cleanup_dirp DIR *dir = fdopendir(fd);
	const struct dirent *found;
	int more;

	if (!dir)
		return pack_memory_fault(p);
	fd_take(&fd);
	while ((more = fd_next_entry(dir, &found)) > 0) {
		int err = add_name(p, found);

		if (err)
			return err;
	}
	return more < 0 ? pack_path_fault(p, more, "cannot be listed") : 0;
}

static int push_level(struct pack *p, uint64_t inode)
{
	if (p->depth == p->levels_room) {
		size_t room = p->levels_room ? 2 * p->levels_room : 16;
		struct level *levels = realloc(p->levels, room * sizeof(*levels));

		if (!levels)
			return pack_memory_fault(p);
		p->levels = levels;
		p->levels_room = room;
	}
	p->levels[p->depth++] = (struct level){ .inode = inode, .path_size = p->path_size };
	return 0;
}

/* Make @fd the directory we are in, and write what is there. Takes @fd. */
static int archive_pack_enter(struct pack *p, int fd, const struct statx *stx)
{
	fd_close(&p->fd);
	p->fd = fd;
	int err = push_level(p, stx->stx_ino);

	if (err)
		return err;
	if (fchdir(fd) < 0)
		return pack_path_fault(p, -errno, "cannot be entered");
	pack_describe(p, stx);
	err = attributes_read(&p->attributes, attributes_of_fd(p->fd), p->entry, p->fault);
	if (err)
		return err;
	err = inode_flags_read(p->fd, p->entry);
	if (err)
		return pack_path_fault(p, err, "has inode flags that cannot be archived");
	err = pack_header(p);
	return err ? err : read_directory(p);
}

static int enter_name(struct pack *p, const char *name)
{
	struct statx stx;
	int err = look_at(p->fd, name, &stx);

	if (err == -ENOENT)
		return 0;
	if (err)
		return pack_path_fault(p, err, "has an entry that cannot be looked at");
	err = pack_path_push(p, name);
	if (err)
		return err;
	if (!S_ISDIR(stx.stx_mode))
		return pack_path_fault(p, -ESTALE, "was replaced");
	if (is_elsewhere(p, &stx)) {
		/* As tar --one-file-system does: the place, not what covers it. */
		pack_describe(p, &stx);
		err = pack_header(p);
		pack_path_cut(p, p->levels[p->depth - 1].path_size);
		return err;
	}
	int fd = pack_open_seen(p, name, O_DIRECTORY, &stx);

	return fd < 0 ? fd : archive_pack_enter(p, fd, &stx);
}

static int go_up(struct pack *p)
{
	struct level *parent = &p->levels[p->depth - 2];
	struct stat st;
	cleanup_fd int fd = pack_open_quietly(p->fd, "..", O_DIRECTORY);

	if (fd < 0 || fstat(fd, &st) < 0)
		return pack_path_fault(p, fd < 0 ? fd : -errno, "cannot be left");
	if (st.st_ino != parent->inode)
		return pack_path_fault(p, -ESTALE, "was moved");
	if (fchdir(fd) < 0)
		return pack_path_fault(p, -errno, "cannot be left");
	fd_close(&p->fd);
	p->fd = fd_take(&fd);
	return 0;
}

/* Return: 1 after a step, 0 when the walk is over, or a negative errno. */
static int step(struct pack *p)
{
	struct level *level = &p->levels[p->depth - 1];

	if (level->at < level->size) {
		const char *name = level->names + level->at;

		level->at += strlen(name) + 1;
		int err = enter_name(p, name);

		return err ? err : 1;
	}
	if (p->depth == 1)
		return 0;
	int err = go_up(p);

	util_free(&level->names);
	p->depth--;
	pack_path_cut(p, p->levels[p->depth - 1].path_size);
	return err ? err : 1;
}

static int walk(struct pack *p, int dir_fd)
{
	cleanup_fd int fd = pack_open_quietly(dir_fd, ".", O_DIRECTORY);

	if (fd < 0)
		return pack_path_fault(p, fd, "cannot be opened");
	int err = look_at(fd, "", &p->root);

	if (err)
		return pack_path_fault(p, err, "cannot be looked at");
	err = archive_pack_enter(p, fd_take(&fd), &p->root);
	if (err)
		return err;
	do {
		err = step(p);
	} while (err > 0);
	return err;
}

/* ---- the archive ---- */

static la_ssize_t write_out(struct archive *a, void *data, const void *buffer, size_t size)
{
	struct pack *p = data;
	int err = gzip_add(p->gzip, buffer, size);

	if (err) {
		archive_set_error(a, -err, "%s", strerror(-err));
		return -1;
	}
	return (la_ssize_t)size;
}

/* Blocks are formed behind it: piece by piece, nothing is copied twice. */
static int open_archive(struct pack *p)
{
	struct archive *a = p->out;

	if (archive_write_set_format_pax(a) != ARCHIVE_OK ||
	    archive_write_set_format_option(a, "pax", "xattrheader", "SCHILY") != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(a, 0) != ARCHIVE_OK ||
	    archive_write_open(a, p, NULL, write_out, NULL) != ARCHIVE_OK)
		return pack_archive_fault(p);
	return 0;
}

static int archive_pack_start(struct pack *p, int out_fd)
{
	p->out = archive_write_new();
	p->entry = archive_entry_new();
	p->buffer = malloc(TAR_BUFFER);
	memcpy(p->path, "./", 3);
	p->path_size = 2;
	if (!p->out || !p->entry || !p->buffer || gzip_start(&p->gzip, out_fd, p->watch))
		return pack_memory_fault(p);
	return open_archive(p);
}

static int end(struct pack *p)
{
	if (archive_write_close(p->out) != ARCHIVE_OK)
		return pack_archive_fault(p);
	int err = gzip_end(p->gzip, &p->done.packing, p->done.digest);

	p->done.has_digest = true;
	return err ? pack_path_fault(p, err, "cannot be archived") : pack_take_sockets(p);
}

/* What was deleted cannot be listed, and is not to be entered. */
static int put_one(struct pack *p, int dir_fd, const char *name)
{
	p->fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);
	if (p->fd < 0 || fchdir(p->fd) < 0)
		return pack_path_fault(p, -errno, "cannot be entered");
	int err = look_at(p->fd, name, &p->root);

	if (err)
		return pack_path_fault(p, err, "cannot be looked at");
	if (!S_ISDIR(p->root.stx_mode)) {
		err = pack_path_push(p, ARCHIVE_ONE_NAME);
		return err ? err : pack_file(p, name, -EBADF, &p->root);
	}
	pack_describe(p, &p->root);
	err = attributes_read(&p->attributes, attributes_of_name(name), p->entry, p->fault);
	return err ? err : pack_header(p);
}

/* @name: NULL for all that there is */
static int pack_all(struct pack *p, int dir_fd, const char *name, int out_fd)
{
	int err = archive_pack_start(p, out_fd);

	if (!err)
		err = name ? put_one(p, dir_fd, name) : walk(p, dir_fd);
	return err ? err : end(p);
}

static int archive(int dir_fd, const char *name, int out_fd, struct mount_contents *contents,
		   const struct archive_watch *watch, struct archive_fault *fault)
{
	int prepared = archive_prepare(watch && watch->load ? ARCHIVE_STORED : ARCHIVE_OURS, fault);
	cleanup_tar_locale locale_t before_locale = prepared ? NULL : tar_locale_enter();
	cleanup_fd int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup(pack_free) struct pack *p = pack_new(watch, fault);

	if (prepared)
		return prepared;
	if (!p)
		return tar_fault(fault, -ENOMEM, "no memory");
	if (before < 0)
		return tar_fault(fault, -errno, "the working directory cannot be kept");
	int err = pack_all(p, dir_fd, name, out_fd);

	if (fchdir(before) < 0 && !err)
		err = tar_fault(fault, -errno, "the working directory cannot be put back");
	if (err)
		return err;
	*contents = p->done;
	p->done = (struct mount_contents){ 0 };
	return 0;
}

int archive_pack(int dir_fd, int out_fd, struct mount_contents *contents,
		 const struct archive_watch *watch, struct archive_fault *fault)
{
	return archive(dir_fd, NULL, out_fd, contents, watch, fault);
}

int archive_pack_one(int dir_fd, const char *name, int out_fd, struct mount_contents *contents,
		     const struct archive_watch *watch, struct archive_fault *fault)
{
	return archive(dir_fd, name, out_fd, contents, watch, fault);
}
