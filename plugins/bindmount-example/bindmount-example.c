/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An example to copy: the least that a volume driver needs so that its bind mounts survive a dump
 * and a restore on another host. It loads in rebind and in CRIU. ../volume-map does more.
 *
 * A map says which mountpoints are this driver's, and where the data is on *this* host: a line for
 * each, two absolute paths without blanks. '#' begins a comment.
 *
 *	/data		/srv/volumes/17
 *	/etc/app.conf	/srv/volumes/18/config
 *
 * The dumping and the restoring host have a map of their own. Nothing of the first one's paths goes
 * into the image: only the mountpoint does, which is the same on both.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criu-plugin.h>
#include <criu-log.h>

#define MAP_DEFAULT "/etc/rebind/bindmount-example.map"

static const char *map_path(void)
{
	const char *path = getenv("BINDMOUNT_EXAMPLE_MAP");

	return path ? path : MAP_DEFAULT;
}

/* Return: 1 if the line is of @mountpoint, 0 if not, or a negative errno. */
static int read_line(const char *line, const char *mountpoint, char source[PATH_MAX])
{
	char place[PATH_MAX], more;
	int n = sscanf(line, "%4095s %4095s %c", place, source, &more);

	if (n <= 0 || *place == '#')
		return 0;
	if (n != 2 || *place != '/' || *source != '/')
		return -EINVAL;
	return strcmp(place, mountpoint) == 0;
}

/* Return: 0, -ENOTSUP: the mountpoint is not ours, or another negative errno, logged. */
static int find_source(const char *mountpoint, char source[PATH_MAX])
{
	FILE *file = fopen(map_path(), "re");
	char line[2 * PATH_MAX];
	int number = 0, found = 0;

	if (!file && errno == ENOENT && !getenv("BINDMOUNT_EXAMPLE_MAP"))
		return -ENOTSUP;
	if (!file) {
		pr_perror("cannot read %s", map_path());
		return -ENXIO;
	}
	while (!found && fgets(line, sizeof(line), file)) {
		number++;
		found = read_line(line, mountpoint, source);
	}
	fclose(file);
	if (found < 0)
		pr_err("%s:%d: expected two absolute paths\n", map_path(), number);
	return found < 0 ? found : found ? 0 : -ENOTSUP;
}

#define RECORD_NAME "bindmount-%d.txt"

/* Records of this dump: taken back if it fails, as rebind-plugin(7) asks. */
static int *records;
static size_t n_records;

static int remember_record(int id)
{
	int *grown = realloc(records, (n_records + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	records = grown;
	records[n_records++] = id;
	return 0;
}

static void forget_records(int stage, int ret)
{
	char name[64];

	for (size_t i = 0; i < n_records && stage == CR_PLUGIN_STAGE__DUMP && ret; i++) {
		snprintf(name, sizeof(name), RECORD_NAME, records[i]);
		unlinkat(criu_get_image_dir(), name, 0);
	}
	free(records);
	records = NULL;
	n_records = 0;
}

/* What the restore has to know: a file in the image directory, by the mount's id. */
static FILE *open_record(int id, int flags, const char *mode)
{
	char name[64];

	snprintf(name, sizeof(name), RECORD_NAME, id);
	int fd = openat(criu_get_image_dir(), name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? NULL : fdopen(fd, mode);
}

/* Dump: the mountpoint comes with a dot in front, "./data". */
static int dump(char *mountpoint, int id)
{
	const char *path = *mountpoint == '.' ? mountpoint + 1 : mountpoint;
	char source[PATH_MAX];
	int err = find_source(path, source);

	if (err)
		return err;
	err = remember_record(id);
	if (err)
		return err;
	FILE *record = open_record(id, O_WRONLY | O_CREAT | O_TRUNC, "w");

	if (!record || fputs(path, record) < 0 || fclose(record) != 0) {
		err = -errno;
		pr_perror("cannot write the record of mount %d '%s'", id, path);
	}
	return err;
}

/* Only we know if it is a file or a directory, so the mountpoint is ours to make. */
static int make_mountpoint(const char *mountpoint, int is_file)
{
	struct stat st;
	int err = is_file ? mknod(mountpoint, S_IFREG | 0600, 0) : mkdir(mountpoint, 0700);

	/* CRIU 4 has made it. */
	if (err < 0 && errno == EEXIST && lstat(mountpoint, &st) == 0 &&
	    (is_file ? S_ISREG(st.st_mode) : S_ISDIR(st.st_mode)))
		return 0;
	return err < 0 ? -errno : 0;
}

static int bind_source(const char *source, char *mountpoint, int is_file)
{
	int err = make_mountpoint(mountpoint, is_file);

	if (err)
		return err;
	if (mount(source, mountpoint, NULL, MS_BIND, NULL) == 0)
		return 0;
	err = -errno;
	pr_perror("cannot bind '%s'", source);
	remove(mountpoint);
	return err;
}

/* Restore. @is_file: what was mounted is reported here; CRIU also calls with NULL. */
static int restore(int id, char *mountpoint, char *old_root, int *is_file)
{
	char original[PATH_MAX] = "", source[PATH_MAX], path[2 * PATH_MAX];
	FILE *record = open_record(id, O_RDONLY, "r");
	struct stat st;

	if (!record)
		return -ENOTSUP;
	if (!fgets(original, sizeof(original), record))
		*original = '\0';
	fclose(record);
	int err = find_source(original, source);

	/* The host's files are below @old_root, whatever "/" is while this runs. */
	snprintf(path, sizeof(path), "%s%s", old_root, source);
	if (err || stat(path, &st) < 0) {
		pr_err("no source for mount %d '%s' in %s\n", id, original, map_path());
		/* Not -ENOTSUP: it is ours; not -ENOENT: the mountpoint is not what is missing. */
		return -ENXIO;
	}
	err = bind_source(path, mountpoint, !S_ISDIR(st.st_mode));
	if (!err && is_file)
		*is_file = !S_ISDIR(st.st_mode);
	return err;
}

CR_PLUGIN_REGISTER("bindmount-example", NULL, forget_records)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_MOUNT, dump)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT, restore)
