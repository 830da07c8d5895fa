// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin-test/snapshot.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/table.h"

#define MOST_FILES 100000

static int read_text(const char *path, char **ret)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size;

	return fd < 0 ? -errno : fd_slurp(fd, ret, &size);
}

/* Mounts */

void kit_table_free(struct kit_table *table)
{
	free(table->text);
	table->text = NULL;
}

int kit_table_read(struct kit_table *ret)
{
	return read_text("/proc/self/mountinfo", &ret->text);
}

static const char *next_line(const char *line)
{
	line = strchr(line, '\n');
	return line && line[1] ? line + 1 : NULL;
}

/* "id parent major:minor root mountpoint ..." */
static void mountpoint_of(const char *line, char *ret, size_t size)
{
	for (int i = 0; i < 4; i++)
		line += strcspn(line, " \n") + 1;
	snprintf(ret, size, "%.*s", (int)strcspn(line, " \n"), line);
}

static bool is_below(const char *path, const char *dir)
{
	return dir && path_rest_below(path, dir);
}

int kit_table_added(const struct kit_table *before, const struct kit_table *after,
		    const char *except, char *ret_path, size_t size)
{
	cleanup_table struct table known = { 0 };
	char path[512];
	int added = 0;

	for (const char *line = before->text; line; line = next_line(line))
		if (table_put(&known, strtoul(line, NULL, 10) + 1, 1, NULL))
			return -ENOMEM;
	for (const char *line = after->text; line; line = next_line(line)) {
		if (table_get(&known, strtoul(line, NULL, 10) + 1) != TABLE_NONE)
			continue;
		mountpoint_of(line, path, sizeof(path));
		if (is_below(path, except))
			continue;
		snprintf(ret_path, size, "%s", path);
		added++;
	}
	return added;
}

/* Files */

void kit_files_free(struct kit_files *files)
{
	free(files->text);
	*files = (struct kit_files){ 0 };
}

static int add_file(struct kit_files *files, const char *path, const struct stat *st)
{
	cleanup_free char *line = NULL;
	bool is_dir = S_ISDIR(st->st_mode);
	/* The size of a directory is the filesystem's own business. */
	int n = asprintf(&line, "%s\t%o %u:%u %lld %lld %ld.%09ld %ld.%09ld\n", path, st->st_mode,
			 st->st_uid, st->st_gid, (long long)st->st_ino,
			 is_dir ? 0LL : (long long)st->st_size, (long)st->st_mtim.tv_sec,
			 st->st_mtim.tv_nsec, (long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);

	if (n < 0)
		return -ENOMEM;
	if (files->used + (size_t)n + 1 > files->room) {
		size_t room = 2 * files->room + (size_t)n + 4096;
		char *grown = realloc(files->text, room);

		if (!grown)
			return -ENOMEM;
		files->text = grown;
		files->room = room;
	}
	memcpy(files->text + files->used, line, (size_t)n + 1);
	files->used += (size_t)n;
	files->n++;
	return 0;
}

static int not_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int read_files(struct kit_files *files, const char *path, dev_t dev);

static int read_entries(struct kit_files *files, const char *path, dev_t dev)
{
	struct dirent **entries = NULL;
	int n = scandir(path, &entries, not_dots, alphasort), err = n < 0 ? -errno : 0;

	for (int i = 0; i < n; i++) {
		cleanup_free char *name = err ? NULL : path_join(path, entries[i]->d_name);

		if (!err)
			err = name ? read_files(files, name, dev) : -ENOMEM;
		free(entries[i]);
	}
	free(entries);
	return err;
}

static int read_files(struct kit_files *files, const char *path, dev_t dev)
{
	struct stat st;

	if (files->n >= MOST_FILES)
		return 0;
	if (lstat(path, &st) < 0)
		return -errno;
	int err = add_file(files, path, &st);

	if (err || !S_ISDIR(st.st_mode) || st.st_dev != dev)
		return err;
	return read_entries(files, path, dev);
}

int kit_files_read(const char *path, struct kit_files *ret)
{
	struct stat st;

	return lstat(path, &st) < 0 ? -errno : read_files(ret, path, st.st_dev);
}

bool kit_files_changed(const struct kit_files *before, const struct kit_files *after,
		       char *ret_path, size_t size)
{
	const char *a = before->text, *b = after->text;

	while (a && b) {
		size_t n = strcspn(a, "\n");

		if (strncmp(a, b, n + 1) != 0)
			break;
		a = next_line(a);
		b = next_line(b);
	}
	if (!a && !b)
		return false;
	/* The line of the one that is changed, new, or gone. */
	a = b ? b : a;
	snprintf(ret_path, size, "%.*s", (int)strcspn(a, "\t"), a);
	return true;
}

/* Processes */

static int name_of(const char *pid, char *ret, size_t size)
{
	cleanup_free char *text = NULL;
	char path[300];

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	if (read_text(path, &text))
		return -ESRCH;
	snprintf(ret, size, "%.*s (pid %s)", (int)strcspn(text, "\n"), text, pid);
	return 0;
}

int kit_others(pid_t known, char *ret_name, size_t size)
{
	cleanup_dirp DIR *dir = opendir("/proc");
	const struct dirent *entry;
	int n = 0, more = dir ? 0 : -errno;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	while (dir && (more = fd_next_entry(dir, &entry)) > 0) {
		pid_t pid = atoi(entry->d_name);
		char name[300];

		if (pid <= 0 || pid == getpid() || pid == getppid() || pid == known)
			continue;
		if (name_of(entry->d_name, name, sizeof(name)))
			continue;
		if (!n++)
			snprintf(ret_name, size, "%s", name);
	}
	return more < 0 ? more : n;
}

int kit_descriptors(pid_t supervisor)
{
	cleanup_free char *children = NULL;
	const struct dirent *entry;
	char path[64];
	int n = 0, more;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)supervisor, (int)supervisor);
	int err = read_text(path, &children);

	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/%d/fd", atoi(children));
	cleanup_dirp DIR *dir = opendir(path);

	if (!dir)
		return -errno;
	while ((more = fd_next_entry(dir, &entry)) > 0)
		n++;
	return more < 0 ? more : n;
}
