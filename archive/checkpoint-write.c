// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "archive/checkpoint.h"
#include "archive/tar.h"

struct tar_writer {
	struct archive *out;
	struct archive_entry *entry;
	struct archive_fault *fault;
};

static void free_writer(struct tar_writer *w)
{
	if (w->entry)
		archive_entry_free(w->entry);
	if (w->out)
		archive_write_free(w->out);
}

/* Its own text may be as short as "Write error". */
static int library_fault(struct tar_writer *w, const char *what)
{
	int number = archive_errno(w->out);
	const char *text = archive_error_string(w->out);

	if (number > 0)
		return tar_fault(w->fault, -number, "'%s': %s", what, strerror(number));
	return tar_fault(w->fault, -EIO, "'%s': %s", what,
			 text ? text : "libarchive gives no reason");
}

static int open_writer(struct tar_writer *w, int out_fd, enum checkpoint_filter filter)
{
	w->out = archive_write_new();
	w->entry = w->out ? archive_entry_new() : NULL;
	if (!w->entry)
		return tar_fault(w->fault, -ENOMEM, "out of memory");
	int status = archive_write_set_format_pax(w->out);

	if (status == ARCHIVE_OK && filter == CHECKPOINT_GZIP)
		status = archive_write_add_filter_gzip(w->out);
	if (status == ARCHIVE_OK && filter == CHECKPOINT_ZSTD)
		status = archive_write_add_filter_zstd(w->out);
	if (status == ARCHIVE_OK)
		status = archive_write_open_fd(w->out, out_fd);
	return status == ARCHIVE_OK ? 0 : library_fault(w, "the archive");
}

static int write_data(struct tar_writer *w, const char *path, int fd, off_t size)
{
	cleanup_free char *buf = malloc(TAR_BUFFER);
	ssize_t n;

	if (!buf)
		return tar_fault(w->fault, -ENOMEM, "out of memory");
	for (; size > 0; size -= n) {
		n = read(fd, buf, size < TAR_BUFFER ? (size_t)size : TAR_BUFFER);
		if (n <= 0)
			return tar_fault(w->fault, n < 0 ? -errno : -EIO, "'%s' cannot be read",
					 path);
		if (archive_write_data(w->out, buf, (size_t)n) != n)
			return library_fault(w, path);
	}
	return 0;
}

/* A file, or a directory without what it holds. */
static int write_entry(struct tar_writer *w, const char *path, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return tar_fault(w->fault, -errno, "'%s' cannot be looked at", path);
	bool is_file = S_ISREG(st.st_mode);

	archive_entry_clear(w->entry);
	archive_entry_set_pathname(w->entry, path);
	archive_entry_set_mode(w->entry, is_file ? S_IFREG | 0600 : S_IFDIR | 0700);
	archive_entry_set_mtime(w->entry, st.st_mtime, 0);
	archive_entry_set_size(w->entry, is_file ? st.st_size : 0);
	if (archive_write_header(w->out, w->entry) != ARCHIVE_OK)
		return library_fault(w, path);
	return is_file ? write_data(w, path, fd, st.st_size) : 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int list_names(int dir_fd, struct strings *ret)
{
	cleanup_dirp DIR *dir = fd_open_dir(dir_fd, ".");
	const struct dirent *entry;
	int more, err = dir ? 0 : -errno;

	while (!err && (more = fd_next_entry(dir, &entry)))
		err = more < 0 ? more : strings_add(ret, entry->d_name, strlen(entry->d_name));
	if (!err && ret->n)
		qsort(ret->list, ret->n, sizeof(*ret->list), compare_names);
	return err;
}

static int write_directory(struct tar_writer *w, int dir_fd, const char *above, bool goes_down);

static int write_name(struct tar_writer *w, int dir_fd, const char *above, const char *name,
		      bool goes_down)
{
	cleanup_fd int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char path[2 * NAME_MAX + 4]; /* two names, two slashes */

	if (fd < 0)
		return tar_fault(w->fault, -errno, "'%s' cannot be opened", name);
	snprintf(path, sizeof(path), "%s%s", above, name);
	int err = write_entry(w, path, fd);

	strcat(path, "/");
	return !err && goes_down && archive_entry_filetype(w->entry) == AE_IFDIR
		       ? write_directory(w, fd, path, false)
		       : err;
}

static int write_directory(struct tar_writer *w, int dir_fd, const char *above, bool goes_down)
{
	cleanup(strings_free) struct strings names = { 0 };
	int err = list_names(dir_fd, &names);

	if (err)
		return tar_fault(w->fault, err, "'%s' cannot be listed", above);
	for (size_t i = 0; i < names.n && !err; i++)
		err = write_name(w, dir_fd, above, names.list[i], goes_down);
	return err;
}

int checkpoint_write(int dir_fd, int out_fd, enum checkpoint_filter filter,
		     struct archive_fault *fault)
{
	int err = archive_prepare(ARCHIVE_ANYBODY, fault);
	cleanup_tar_locale locale_t before = err ? NULL : tar_locale_enter();
	cleanup(free_writer) struct tar_writer w = { .fault = fault };

	if (!err)
		err = open_writer(&w, out_fd, filter);
	if (!err)
		err = write_directory(&w, dir_fd, "", true);
	return !err && archive_write_close(w.out) != ARCHIVE_OK ? library_fault(&w, "the archive")
								: err;
}
