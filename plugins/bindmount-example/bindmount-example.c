/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An example to copy: what a volume driver needs so that its bind mounts survive a dump and a
 * restore on another host. It loads in rebind and in CRIU.
 *
 * A map says which mountpoints are this driver's, and where the data is on *this* host:
 *
 *	# mountpoint	source
 *	/data		/srv/volumes/17
 *	/etc/my\040app	/srv/volumes/18/config
 *
 * (blanks and backslashes in octal, as in /proc/self/mountinfo). The dumping and the restoring host
 * have a map of their own. Nothing of the first one's paths goes into the image: only the
 * mountpoint does, which is the same on both.
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

#define MAP_VARIABLE "BINDMOUNT_EXAMPLE_MAP"
#define MAP_DEFAULT  "/etc/rebind/bindmount-example.map"

struct volume {
	struct volume *next;
	char *mountpoint;
	char *source;
};

static struct volume *volumes;

/* The map */

static int is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* "\040" becomes a blank, and so on, in place. */
static void decode(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && is_octal(from[1]) && is_octal(from[2]) &&
		    is_octal(from[3])) {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

static int add_volume(const char *mountpoint, const char *source)
{
	struct volume *volume = calloc(1, sizeof(*volume));

	if (!volume)
		return -ENOMEM;
	volume->mountpoint = strdup(mountpoint);
	volume->source = strdup(source);
	volume->next = volumes;
	volumes = volume;
	if (!volume->mountpoint || !volume->source)
		return -ENOMEM;
	decode(volume->mountpoint);
	decode(volume->source);
	return 0;
}

static int read_line(char *line, const char *path, int number)
{
	char *rest = NULL;
	char *mountpoint = strtok_r(line, " \t\n", &rest);
	char *source = strtok_r(NULL, " \t\n", &rest);

	if (!mountpoint || *mountpoint == '#')
		return 0;
	if (*mountpoint != '/' || !source || *source != '/' || strtok_r(NULL, " \t\n", &rest)) {
		pr_err("%s:%d: expected 'mountpoint source', two absolute paths\n", path, number);
		return -EINVAL;
	}
	return add_volume(mountpoint, source);
}

static int read_map(FILE *file, const char *path)
{
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	for (int number = 1; !err && getline(&line, &size, file) >= 0; number++)
		err = read_line(line, path, number);
	free(line);
	return err;
}

static const struct volume *find_volume(const char *mountpoint)
{
	const struct volume *volume = volumes;

	while (volume && strcmp(volume->mountpoint, mountpoint) != 0)
		volume = volume->next;
	return volume;
}

/* Runs once, before any hook. */
static int bindmount_init(int stage)
{
	const char *path = getenv(MAP_VARIABLE);
	FILE *file = fopen(path ? path : MAP_DEFAULT, "re");
	int err;

	(void)stage;
	if (!file && !path && errno == ENOENT) {
		pr_info("no %s: no mount is mine\n", MAP_DEFAULT);
		return 0;
	}
	if (!file) {
		err = -errno;
		pr_perror("cannot read %s", path ? path : MAP_DEFAULT);
		return err;
	}
	err = read_map(file, path ? path : MAP_DEFAULT);
	fclose(file);
	return err;
}

/* Runs once, after the last hook, also when the operation failed: then @ret is not 0. */
static void bindmount_exit(int stage, int ret)
{
	(void)stage;
	(void)ret;
	while (volumes) {
		struct volume *next = volumes->next;

		free(volumes->mountpoint);
		free(volumes->source);
		free(volumes);
		volumes = next;
	}
}

/* The image */

static int open_record(int id, int flags)
{
	char name[64];

	snprintf(name, sizeof(name), "bindmount-%d.txt", id);
	return openat(criu_get_image_dir(), name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static int write_record(int id, const char *mountpoint)
{
	size_t size = strlen(mountpoint);
	int fd = open_record(id, O_WRONLY | O_CREAT | O_TRUNC);
	int err = 0;

	if (fd < 0)
		return -errno;
	while (size) {
		ssize_t n = write(fd, mountpoint, size);

		if (n < 0) {
			err = -errno;
			break;
		}
		mountpoint += n;
		size -= (size_t)n;
	}
	if (close(fd) < 0 && !err)
		err = -errno;
	return err;
}

/* Return: 0, or -ENOTSUP: there is no record, so the mount is somebody else's. */
static int read_record(int id, char mountpoint[PATH_MAX])
{
	int fd = open_record(id, O_RDONLY);
	ssize_t n;
	int err;

	if (fd < 0)
		return errno == ENOENT ? -ENOTSUP : -errno;
	n = read(fd, mountpoint, PATH_MAX - 1);
	err = n < 0 ? -errno : 0;
	close(fd);
	mountpoint[n < 0 ? 0 : n] = '\0';
	return err;
}

/* Dump: the mountpoint comes with a dot in front, "./data". */
static int bindmount_dump(char *mountpoint, int id)
{
	const char *path = *mountpoint == '.' ? mountpoint + 1 : mountpoint;
	int err;

	if (!find_volume(path))
		return -ENOTSUP;
	err = write_record(id, path);
	if (err) {
		errno = -err;
		pr_perror("cannot write the record of mount %d '%s'", id, path);
		return err;
	}
	pr_info("mount %d '%s' is mine\n", id, path);
	return 0;
}

/* Restore */

/* Return: 1 made, 0 it was there already (CRIU 4 makes it), or a negative errno. */
static int make_mountpoint(const char *mountpoint, int is_file)
{
	struct stat st;
	int fd = -1, ret;

	if (is_file)
		ret = fd = open(mountpoint, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	else
		ret = mkdir(mountpoint, 0700);
	if (fd >= 0)
		close(fd);
	if (ret >= 0)
		return 1;
	if (errno != EEXIST || lstat(mountpoint, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode) == is_file)
		return -EEXIST;
	return 0;
}

static void remove_mountpoint(const char *mountpoint, int is_file)
{
	if (is_file)
		unlink(mountpoint);
	else
		rmdir(mountpoint);
}

static int bind(const char *source, const char *mountpoint, int is_file)
{
	int err, made = make_mountpoint(mountpoint, is_file);

	if (made < 0) {
		errno = -made;
		pr_perror("cannot make the mountpoint '%s'", mountpoint);
		return made;
	}
	if (mount(source, mountpoint, NULL, MS_BIND, NULL) == 0)
		return 0;
	err = -errno;
	pr_perror("cannot bind '%s' to '%s'", source, mountpoint);
	if (made)
		remove_mountpoint(mountpoint, is_file);
	return err;
}

/* A source on the host is below @old_root, whatever "/" is while this runs. */
static int bind_volume(const struct volume *volume, char *mountpoint, const char *old_root,
		       int *is_file)
{
	char source[2 * PATH_MAX];
	struct stat st;
	int err;

	if (snprintf(source, sizeof(source), "%s%s", old_root, volume->source) >=
	    (int)sizeof(source))
		return -ENAMETOOLONG;
	if (stat(source, &st) < 0) {
		pr_perror("the source '%s' of '%s'", volume->source, volume->mountpoint);
		/* Not -ENOENT: that would say that the mountpoint is missing. */
		return -ENXIO;
	}
	err = bind(source, mountpoint, !S_ISDIR(st.st_mode));
	if (!err && is_file)
		*is_file = !S_ISDIR(st.st_mode);
	return err;
}

/* @is_file: what was mounted is reported here; CRIU also calls with NULL. */
static int bindmount_restore(int id, char *mountpoint, char *old_root, int *is_file)
{
	char original[PATH_MAX];
	const struct volume *volume;
	int err = read_record(id, original);

	if (err)
		return err;
	volume = find_volume(original);
	if (!volume) {
		pr_err("mount %d '%s' is mine, but the map of this host has no source for it\n", id,
		       original);
		return -ENXIO;
	}
	err = bind_volume(volume, mountpoint, old_root, is_file);
	if (!err)
		pr_info("mount %d '%s' comes from '%s'\n", id, original, volume->source);
	return err;
}

CR_PLUGIN_REGISTER("bindmount-example", bindmount_init, bindmount_exit)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_MOUNT, bindmount_dump)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT, bindmount_restore)
