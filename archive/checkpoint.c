// SPDX-License-Identifier: LGPL-2.1-or-later
#include "archive/checkpoint.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "archive/tar.h"

/* A checkpoint of a thousand processes has some ten thousand files. */
#define MAX_ENTRIES 1000000
#define NAME_SIZE   1024

struct unpack {
	struct archive *in;
	int dir_fd;
	uint64_t bytes_left;
	unsigned int parts;
	struct strings *unused; /* or NULL */
	struct archive_fault *fault;
};

/* "./a//b/" is "a/b". Return: 0 or a negative errno with the fault filled. */
static int plain_name(struct unpack *u, const char *name, char buf[NAME_SIZE])
{
	const struct tar_guard no_symlinks = { .policy = 0 };
	uint64_t hash;
	int err = tar_guard_path(&no_symlinks, name, &hash, u->fault);

	if (err)
		return err;
	if (strlen(name) + sizeof(CHECKPOINT_DIR) >= NAME_SIZE)
		return tar_fault(u->fault, -ENAMETOOLONG, "the name '%.64s...' is too long", name);
	if (u->parts & CHECKPOINT_BARE)
		buf = stpcpy(buf, CHECKPOINT_DIR "/");
	tar_plain_path(name, buf);
	if (!*buf && u->parts & CHECKPOINT_BARE)
		buf[-1] = '\0';
	return 0;
}

static int check_type(struct unpack *u, struct archive_entry *entry, const char *name)
{
	__LA_MODE_T type = archive_entry_filetype(entry);

	if (!archive_entry_hardlink(entry) && (type == AE_IFREG || type == AE_IFDIR))
		return 0;
	return tar_fault(u->fault, -EBADMSG, "'%s' is neither a file nor a directory", name);
}

static bool is_wanted(const struct unpack *u, const char *name)
{
	static const char *const beside[] = { "spec.dump", "config.dump", CHECKPOINT_SHM,
					      "oci-layout", "index.json" };

	for (size_t i = 0; i < ARRAY_SIZE(beside); i++)
		if (strcmp(name, beside[i]) == 0)
			return true;
	if (strcmp(name, CHECKPOINT_ROOT_DIFF) == 0 || strcmp(name, CHECKPOINT_DELETED) == 0)
		return u->parts & CHECKPOINT_WITH_ROOT;
	if (fnmatch(CHECKPOINT_VOLUMES "/*.tar", name, FNM_PATHNAME) == 0 ||
	    fnmatch("blobs/*/*", name, FNM_PATHNAME) == 0)
		return true;
	return strncmp(name, CHECKPOINT_DIR, 10) == 0 && (!name[10] || name[10] == '/') &&
	       fnmatch("checkpoint/pages-*.img", name, FNM_PATHNAME) != 0;
}

/* Not the memory of processes, and not what a runtime noted of how it went. */
static bool is_of_another(const char *name)
{
	static const char *const notes[] = { "dump.log", "restore.log", "stats-dump",
					     "network.status" };

	for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
		if (strcmp(notes[i], name) == 0)
			return false;
	return strncmp(name, "checkpoint/", 11) != 0;
}

static int make_directory(int dir_fd, const char *name)
{
	if (mkdirat(dir_fd, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/*
 * The directory of a name, made where it is not there. All that lies below is ours: there is no
 * symlink in it.
 * @ret_last: the last component
 */
static int open_parent(const struct unpack *u, char *name, const char **ret_last)
{
	cleanup_fd int dir = fcntl(u->dir_fd, F_DUPFD_CLOEXEC, 3);
	char *slash;

	for (; dir >= 0 && (slash = strchr(name, '/')); name = slash + 1) {
		*slash = '\0';
		int next = make_directory(dir, name);

		fd_close(&dir);
		if (next < 0)
			return next;
		dir = next;
	}
	*ret_last = name;
	return dir < 0 ? -errno : fd_take(&dir);
}

static int copy_data(struct unpack *u, const char *name, int fd, int64_t size)
{
	const void *data;
	size_t n;
	int64_t at;
	int more;

	while ((more = tar_data(u->in, name, &data, &n, &at, u->fault)) > 0) {
		if (at < 0 || at > size || (int64_t)n > size - at)
			return tar_fault(u->fault, -EBADMSG, "'%s' is longer than it says", name);
		if (lseek(fd, at, SEEK_SET) < 0)
			return -errno;
		int err = fd_write_all(fd, data, n);

		if (err)
			return tar_fault(u->fault, err, "'%s' cannot be written: %s", name,
					 strerror(-err));
	}
	if (!more && ftruncate(fd, size) < 0)
		return tar_fault(u->fault, -errno, "'%s' cannot be written", name);
	return more;
}

static int cannot_make(struct unpack *u, const char *name, int err)
{
	if (err == -EEXIST || err == -ENOTDIR)
		return tar_fault(u->fault, -EBADMSG, "'%s' stands in it twice", name);
	return tar_fault(u->fault, err, "'%s' cannot be made: %s", name, strerror(-err));
}

static int unpack_file(struct unpack *u, struct archive_entry *entry, const char *name, int dir,
		       const char *last)
{
	int64_t size = archive_entry_size(entry);

	if (size < 0 || (uint64_t)size > u->bytes_left)
		return tar_fault(u->fault, -EFBIG,
				 "'%s' has %lld bytes, for which there is no room", name,
				 (long long)size);
	u->bytes_left -= (uint64_t)size;
	cleanup_fd int fd = openat(dir, last, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? cannot_make(u, name, -errno) : copy_data(u, name, fd, size);
}

static int unpack_wanted(struct unpack *u, struct archive_entry *entry, const char *name)
{
	char parts[NAME_SIZE];
	const char *last;

	strcpy(parts, name);
	cleanup_fd int dir = open_parent(u, parts, &last);

	if (dir < 0)
		return cannot_make(u, name, dir);
	if (archive_entry_filetype(entry) != AE_IFDIR)
		return unpack_file(u, entry, name, dir, last);
	cleanup_fd int made = make_directory(dir, last);

	return made < 0 ? cannot_make(u, name, made) : 0;
}

static int unpack_entry(struct unpack *u, struct archive_entry *entry)
{
	char name[NAME_SIZE];
	int err = plain_name(u, archive_entry_pathname(entry), name);

	if (!err)
		err = check_type(u, entry, archive_entry_pathname(entry));
	if (!err && is_wanted(u, name))
		err = unpack_wanted(u, entry, name);
	else if (!err && u->unused && is_of_another(name) &&
		 archive_entry_filetype(entry) == AE_IFREG)
		err = strings_add(u->unused, name, strlen(name));
	return err;
}

static int unpack_all(struct unpack *u)
{
	struct archive_entry *entry;
	int more, err;

	for (unsigned int n = 0; (more = tar_next(u->in, &entry, u->fault)) > 0; n++) {
		if (n == MAX_ENTRIES)
			return tar_fault(u->fault, -EFBIG, "the archive has more than %d entries",
					 MAX_ENTRIES);
		err = unpack_entry(u, entry);
		if (err)
			return err;
	}
	return more;
}

int checkpoint_unpack(int in_fd, int dir_fd, uint64_t max_bytes, unsigned int parts,
		      struct strings *ret_unused, struct archive_fault *fault)
{
	int err = archive_prepare(ARCHIVE_ANYBODY, fault);
	cleanup_tar_locale locale_t before = err ? NULL : tar_locale_enter();
	cleanup_gunzip struct gunzip gz = { .fd = in_fd, .zstd = true };
	cleanup_tar_reader struct archive *a = NULL;

	if (!err)
		err = tar_open(&gz, &a, fault);
	if (err)
		return err;
	struct unpack u = { .in = a,
			    .dir_fd = dir_fd,
			    .bytes_left = max_bytes,
			    .parts = parts,
			    .unused = ret_unused,
			    .fault = fault };

	err = unpack_all(&u);
	return err ? err : tar_read_rest(&gz, a, fault);
}
