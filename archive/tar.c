// SPDX-License-Identifier: LGPL-2.1-or-later
#include "archive/tar.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/path.h"
#include "archive/pax.h"
#include "archive/zlib.h"

#define CHUNK_SIZE 4000 /* of a path, for the kernel */

int tar_fault(struct archive_fault *fault, int err, const char *format, ...)
{
	va_list args;

	if (fault) {
		va_start(args, format);
		vsnprintf(fault->text, sizeof(fault->text), format, args);
		va_end(args);
	}
	return err;
}

/* Made once, by archive_prepare(): the file it is read from must be the caller's. */
static locale_t utf8;

static void make_locale(void)
{
	utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
}

int archive_prepare(enum archive_writer writer, struct archive_fault *fault)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const char *reason;
	int err = writer == ARCHIVE_STORED ? 0 : zlib_load(&reason);

	if (err)
		return tar_fault(fault, err, "zlib cannot be loaded: %s", reason);
	if (writer != ARCHIVE_ANYBODY) {
		libarchive_called = &pax_functions;
		return 0;
	}
	err = libarchive_load(&reason);
	if (err)
		return tar_fault(fault, err, "libarchive cannot be loaded: %s", reason);
	libarchive_call();
	pthread_once(&once, make_locale);
	return 0;
}

locale_t tar_locale_enter(void)
{
	return utf8 && libarchive_called != &pax_functions ? uselocale(utf8) : NULL;
}

void tar_locale_leave(locale_t *before)
{
	if (*before)
		uselocale(*before);
}

/* ---- reading ---- */

void tar_reader_free(struct archive **a)
{
	int saved = errno;

	/* Without one the library may not have been loaded either. */
	if (*a)
		archive_read_free(*a);
	*a = NULL;
	errno = saved;
}

/* What is wrong with the archive is -EBADMSG; what is wrong with reading it is itself. */
static int reader_error(struct archive *a)
{
	int err = archive_errno(a);

	return err == EIO || err == ENOMEM || err == EBADF || err == EISDIR ? -err : -EBADMSG;
}

#define PROGRESS_STEP	 (4U << 20)
#define PROGRESS_ENTRIES 1000

static void progress_report(struct tar_progress *progress)
{
	progress->reported = progress->bytes;
	progress->entries = 0;
	if (progress->fn)
		progress->fn(progress->data, progress->bytes);
}

void tar_progress_add(struct tar_progress *progress, uint64_t bytes)
{
	progress->bytes += bytes;
	if (progress->bytes - progress->reported >= PROGRESS_STEP)
		progress_report(progress);
}

void tar_progress_entry(struct tar_progress *progress)
{
	if (++progress->entries == PROGRESS_ENTRIES)
		progress_report(progress);
}

static const char *reader_text(struct archive *a)
{
	const char *text = archive_error_string(a);

	return text ? text : "it is damaged";
}

static la_ssize_t read_in(struct archive *a, void *data, const void **ret)
{
	const char *reason;
	ssize_t n = gunzip_next(data, ret, &reason);

	if (n >= 0)
		return n;
	archive_set_error(a, (int)-n, "%s", reason);
	return -1;
}

int tar_read_rest(struct gunzip *gz, struct archive *a, struct archive_fault *fault)
{
	const char *reason;
	const void *data;
	ssize_t n;

	do {
		n = gunzip_next(gz, &data, &reason);
	} while (n > 0);
	if (n < 0)
		return tar_fault(fault, (int)n, "the archive cannot be read: %s", reason);
	/* The last header that was looked for is where the end is. */
	if (!gz->zstd && gz->last_used > (uint64_t)archive_read_header_position(a))
		return tar_fault(fault, -EBADMSG, "there is something behind the archive's end");
	return 0;
}

int tar_open(struct gunzip *gz, struct archive **ret, struct archive_fault *fault)
{
	cleanup_tar_reader struct archive *a = archive_read_new();

	if (!a)
		return tar_fault(fault, -ENOMEM, "there is no memory to read the archive");
	if (archive_read_support_format_tar(a) != ARCHIVE_OK)
		return tar_fault(fault, -EOPNOTSUPP, "libarchive lacks tar");
	/* A warning: it would run a program. */
	if (gz->zstd && archive_read_support_filter_zstd(a) != ARCHIVE_OK)
		return tar_fault(fault, -EOPNOTSUPP, "libarchive lacks zstd");
	if (archive_read_open(a, gz, NULL, read_in, NULL) != ARCHIVE_OK)
		return tar_fault(fault, reader_error(a), "the archive cannot be read: %s",
				 reader_text(a));
	*ret = take_ptr(&a);
	return 0;
}

/* A warning is something that libarchive would drop, and nothing is dropped here. */
int tar_next(struct archive *a, struct archive_entry **ret_entry, struct archive_fault *fault)
{
	int r = archive_read_next_header(a, ret_entry);

	if (r == ARCHIVE_EOF)
		return 0;
	if (r != ARCHIVE_OK)
		return tar_fault(fault, reader_error(a), "the archive cannot be read: %s",
				 reader_text(a));
	if (!archive_entry_pathname(*ret_entry) || !*archive_entry_pathname(*ret_entry))
		return tar_fault(fault, -EBADMSG, "the archive has an entry without a name");
	return 1;
}

int tar_data(struct archive *a, const char *name, const void **data, size_t *size, int64_t *offset,
	     struct archive_fault *fault)
{
	la_int64_t at;
	int r = archive_read_data_block(a, data, size, &at);

	if (r == ARCHIVE_EOF)
		return 0;
	if (r != ARCHIVE_OK)
		return tar_fault(fault, reader_error(a), "the data of '%s' cannot be read: %s",
				 name, reader_text(a));
	*offset = at;
	return 1;
}

/* ---- paths ---- */

void tar_plain_path(const char *path, char *ret)
{
	char *end = ret;

	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");
		size_t more = n + (p[n] == '/');

		if (n && !(n == 1 && *p == '.')) {
			if (end > ret)
				*end++ = '/';
			memmove(end, p, n);
			end += n;
		}
		p += more;
	}
	*end = '\0';
}

int tar_open_below(int dir_fd, const char *path, size_t size)
{
	cleanup_fd int fd = path_open_beneath(dir_fd, "");

	for (size_t at = 0; at < size && fd >= 0;) {
		char chunk[CHUNK_SIZE + 1];
		size_t n = size - at;
		const char *slash = n > CHUNK_SIZE ? memrchr(path + at, '/', CHUNK_SIZE) : NULL;

		if (n > CHUNK_SIZE && !slash)
			return -ENAMETOOLONG;
		if (n > CHUNK_SIZE)
			n = (size_t)(slash - (path + at));
		memcpy(chunk, path + at, n);
		chunk[n] = '\0';
		int next = path_open_beneath(fd, chunk);

		fd_close(&fd);
		fd = next;
		at += n + 1;
	}
	return fd_take(&fd);
}

/* ---- what may be unpacked ---- */

void tar_guard_free(struct tar_guard *guard)
{
	table_free(&guard->symlinks);
}

/* One step along a path: the hash of "a/b" from that of "a", whatever "//" and "." stand between.
 */
static uint64_t hash_step(uint64_t before, const char *name, size_t size)
{
	return (before * 31 + 1) ^ table_hash_bytes(name, size);
}

static bool is_name(const char *p, size_t size, const char *name)
{
	return strlen(name) == size && memcmp(p, name, size) == 0;
}

/*
 * Walk a path: no "..", no symlink of this archive but at its end.
 * @ret_hash: of the whole path
 */
static int walk_path(const struct tar_guard *guard, const char *path, uint64_t *ret_hash,
		     struct archive_fault *fault)
{
	uint64_t hash = 0;

	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		if (is_name(p, n, ".."))
			return tar_fault(fault, -EXDEV, "'%s' leaves the directory", path);
		if (n && !is_name(p, n, ".")) {
			if (hash && table_get(&guard->symlinks, hash) != TABLE_NONE)
				return tar_fault(fault, -ELOOP, "'%s' goes through a symlink",
						 path);
			hash = hash_step(hash, p, n);
		}
		p += n + (p[n] == '/');
	}
	*ret_hash = hash;
	return 0;
}

int tar_guard_path(const struct tar_guard *guard, const char *path, uint64_t *ret_hash,
		   struct archive_fault *fault)
{
	if (*path == '/')
		return tar_fault(fault, -EXDEV, "'%s' is an absolute name", path);
	if (strlen(path) >= TAR_PATH_SIZE)
		return tar_fault(fault, -ENAMETOOLONG, "'%.64s...' is longer than any path", path);
	return walk_path(guard, path, ret_hash, fault);
}

/*
 * The nodes that every container has: null, zero, full, random, urandom, tty, console, ptmx; and
 * 0:0, which no driver has: a character device is the whiteout of overlay, which the kernel lets
 * anybody make, a block device is what systemd mounts over what shall be inaccessible.
 */
bool tar_is_harmless(struct archive_entry *entry)
{
	bool of_no_driver = !archive_entry_rdevmajor(entry) && !archive_entry_rdevminor(entry);
	static const struct {
		unsigned int major, minor;
	} devices[] = { { 1, 3 }, { 1, 5 }, { 1, 7 }, { 1, 8 },
			{ 1, 9 }, { 5, 0 }, { 5, 1 }, { 5, 2 } };

	if (archive_entry_filetype(entry) != AE_IFCHR)
		return archive_entry_filetype(entry) == AE_IFBLK && of_no_driver;
	if (of_no_driver)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		if ((unsigned int)archive_entry_rdevmajor(entry) == devices[i].major &&
		    (unsigned int)archive_entry_rdevminor(entry) == devices[i].minor)
			return true;
	return false;
}

static int check_device(const struct tar_guard *guard, struct archive_entry *entry,
			struct archive_fault *fault)
{
	if ((guard->policy & ARCHIVE_ANY_DEVICES) || tar_is_harmless(entry))
		return 0;
	return tar_fault(fault, -EPERM, "'%s' is the %s device %u:%u, which takes --allow-devices",
			 archive_entry_pathname(entry),
			 archive_entry_filetype(entry) == AE_IFCHR ? "character" : "block",
			 (unsigned int)archive_entry_rdevmajor(entry),
			 (unsigned int)archive_entry_rdevminor(entry));
}

static int check_type(struct tar_guard *guard, struct archive_entry *entry, uint64_t hash,
		      struct archive_fault *fault)
{
	const char *name = archive_entry_pathname(entry);

	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
	case AE_IFDIR:
	case AE_IFIFO:
		return 0;
	case AE_IFLNK:
		if (!archive_entry_symlink(entry))
			return tar_fault(fault, -EBADMSG, "the symlink '%s' has no target", name);
		if (table_put(&guard->symlinks, hash, 1, NULL))
			return tar_fault(fault, -ENOMEM, "there is no memory for '%s'", name);
		return 0;
	case AE_IFCHR:
	case AE_IFBLK:
		return check_device(guard, entry, fault);
	default:
		return tar_fault(fault, -EBADMSG, "'%s' is of a type that is not known", name);
	}
}

/* An escaped name: some writers mean it so, others mean what it stands for. See attributes.c. */
static int check_attributes(struct archive_entry *entry, struct archive_fault *fault)
{
	const char *name;
	const void *value;
	size_t size;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
		if (!name || strchr(name, '%'))
			return tar_fault(fault, -EBADMSG,
					 "'%s' has the attribute '%s', whose name is not plain",
					 archive_entry_pathname(entry), name ? name : "");
	return 0;
}

int tar_guard_check(struct tar_guard *guard, struct archive_entry *entry,
		    struct archive_fault *fault)
{
	const char *target = archive_entry_hardlink(entry);
	uint64_t hash, target_hash;
	int err = tar_guard_path(guard, archive_entry_pathname(entry), &hash, fault);

	if (err)
		return err;
	if (!hash && archive_entry_filetype(entry) != AE_IFDIR)
		return tar_fault(fault, -EBADMSG, "the root of the archive is not a directory");
	if (!target) {
		err = check_attributes(entry, fault);
		return err ? err : check_type(guard, entry, hash, fault);
	}
	err = tar_guard_path(guard, target, &target_hash, fault);
	if (err)
		return err;
	/* A second name of a symlink is a symlink. */
	if (table_get(&guard->symlinks, target_hash) != TABLE_NONE &&
	    table_put(&guard->symlinks, hash, 1, NULL))
		return tar_fault(fault, -ENOMEM, "there is no memory for '%s'",
				 archive_entry_pathname(entry));
	return 0;
}
