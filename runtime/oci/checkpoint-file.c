// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/oci/checkpoint-file.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "archive/checkpoint.h"
#include "runtime/oci/document.h"
#include "runtime/oci/jansson.h"

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

bool checkpoint_file_is_name(const char *path)
{
	return ends_with(path, ".tar") || ends_with(path, ".tar.gz") || ends_with(path, ".tgz") ||
	       ends_with(path, ".tar.zst");
}

static enum checkpoint_filter filter_of(const char *path)
{
	return ends_with(path, ".zst")	 ? CHECKPOINT_ZSTD
	       : ends_with(path, ".tar") ? CHECKPOINT_PLAIN
					 : CHECKPOINT_GZIP;
}

/* The parent is opened once, and the archive is made in it. */
static int open_place(struct checkpoint_file *file, const char *path)
{
	cleanup_free char *copy = strdup(path), *again = strdup(path);
	struct stat st;

	if (!copy || !again)
		return -ENOMEM;
	file->parent_fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file->parent_fd < 0)
		return log_error(-errno, "cannot open the directory of '%s'", path);
	const char *name = basename(again);

	if (fstatat(file->parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return log_error(-EEXIST, "cannot make the archive '%s': give another name", path);
	int err = new_file_start(&file->file, file->parent_fd, name);

	return err ? log_error(err, "cannot make the archive '%s'", path) : 0;
}

int checkpoint_file_start(struct checkpoint_file *file, const char *path)
{
	*file = CHECKPOINT_FILE_NONE;
	file->path = path;
	int err = open_place(file, path);

	if (!err)
		err = swept_dir_make(&file->dir);
	if (err)
		return err;
	if (mkdirat(file->dir.fd, CHECKPOINT_DIR, 0700) < 0)
		return log_error(-errno, "cannot make a directory in '%s'", file->dir.path);
	file->images_dir = path_join(file->dir.path, CHECKPOINT_DIR);
	return file->images_dir ? 0 : -ENOMEM;
}

/* As it is, byte by byte; it has been read already, to name the binds. */
static int add_spec(struct checkpoint_file *file, const char *bundle)
{
	cleanup_free char *name = path_join(bundle, "config.json"), *text = NULL;
	size_t size;

	if (!name)
		return -ENOMEM;
	cleanup_fd int from = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int err = from < 0 ? -errno : fd_slurp_at_most(from, DOCUMENT_MAX, &text, &size);

	if (err)
		return log_error(err, "cannot read '%s'", name);
	cleanup_fd int to =
		openat(file->dir.fd, "spec.dump", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	err = to < 0 ? -errno : fd_write_all(to, text, size);
	return err ? log_error(err, "cannot write spec.dump in '%s'", file->dir.path) : 0;
}

/* What CRI-O and checkpointctl want to know: a name, and when it was. */
static int add_config(struct checkpoint_file *file, const char *bundle)
{
	cleanup_free char *path = realpath(bundle, NULL);
	char now[32] = "";
	time_t seconds = time(NULL);
	struct tm tm;
	int fd = openat(file->dir.fd, "config.dump", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	cleanup_file FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (!path || !out || !gmtime_r(&seconds, &tm))
		return log_error(-errno, "cannot write config.dump in '%s'", file->dir.path);
	strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_t *config = json_object();

	json_object_set_new(config, "id", json_string(basename(path)));
	json_object_set_new(config, "name", json_string(basename(path)));
	json_object_set_new(config, "checkpointedTime", json_string(now));
	int err = json_dumpf(config, out, JSON_INDENT(1)) < 0 || fflush(out) != 0 ? -EIO : 0;

	json_decref(config);
	return err ? log_error(err, "cannot write config.dump in '%s'", file->dir.path) : 0;
}

int checkpoint_file_finish(struct checkpoint_file *file, const char *bundle,
			   void (*on_written)(void *data))
{
	struct archive_fault fault = { "" };
	int err = bundle ? add_spec(file, bundle) : 0;

	if (!err && bundle)
		err = add_config(file, bundle);
	if (err)
		return err;
	err = checkpoint_write(file->dir.fd, file->file.fd, filter_of(file->path), &fault);
	if (err) {
		log_error(0, "cannot write the archive '%s': %s", file->path,
			  *fault.text ? fault.text : strerror(-err));
		return err;
	}
	on_written(NULL);
	err = new_file_finish(&file->file);
	return err ? log_error(err, "cannot make the archive '%s'", file->path) : 0;
}

void checkpoint_file_close(struct checkpoint_file *file)
{
	new_file_abort(&file->file);
	fd_close(&file->parent_fd);
	swept_dir_remove(&file->dir);
	free(file->images_dir);
	*file = CHECKPOINT_FILE_NONE;
}
