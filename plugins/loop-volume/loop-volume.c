/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * loop-volume: whole filesystems in image files. README.md has the language of the map.
 *
 * At dump a mount at a mountpoint of the map is claimed if it shows the whole of a filesystem on a
 * loop device. At restore today's map says which file it is in; the file is attached to a free
 * loop device and mounted. The device is detached by the kernel with its last user (autoclear), and
 * by exit() at once if the operation failed.
 *
 * A filesystem must never be mounted through two devices at once: each would write its own idea of
 * it. So a file that is attached already, because the dumped mount still lives or because another
 * mount has it, is mounted from the device that it has, and a lock on the file keeps others out
 * between looking and attaching.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <criu-plugin.h>
#include <criu-log.h>
#include <rebind-plugin.h>

#include "../records.h"
#include "../words.h"

#define MAP_VARIABLE "LOOP_VOLUME_MAP"
#define MAP_DEFAULT  "/etc/rebind/loop-volume"
#define MAX_LOOPS    1024 /* devices to look at for a file that is attached */
#define TRIES	     64	  /* others may take the device that was free */

/* In rebind it is there; in CRIU its address is NULL. */
extern __typeof__(rebind_mount_info) rebind_mount_info __attribute__((weak));

struct volume {
	int line, read_only;
	char mountpoint[PATH_MAX], file[PATH_MAX], fstype[32];
};

/* Devices that we attached. They stay open until exit: without a user they would be detached. */
static struct attached {
	struct attached *next;
	int fd;
} * attached;

/* ---- the map ---- */

static const char *map_path(void)
{
	const char *path = getenv(MAP_VARIABLE);

	return path && *path ? path : MAP_DEFAULT;
}

static int wrong(int line, const char *what, const char *word)
{
	pr_err("%s:%d: %s '%s'\n", map_path(), line, what, word);
	return -EINVAL;
}

static int read_option(struct volume *volume, const char *word)
{
	if (strcmp(word, "ro") == 0 || strcmp(word, "rw") == 0)
		volume->read_only = strcmp(word, "ro") == 0;
	else if (strncmp(word, "fstype=", 7) == 0 && word[7])
		snprintf(volume->fstype, sizeof(volume->fstype), "%s", word + 7);
	else
		return wrong(volume->line, "ro, rw or fstype=TYPE is expected, not", word);
	return 0;
}

/* Return: 1 a volume, 0 an empty line, or a negative errno, logged. */
static int read_line(char *line, int number, struct volume *ret)
{
	const char *problem = NULL;
	char *mountpoint = words_next(&line, &problem), *word;
	char *file = mountpoint ? words_next(&line, &problem) : NULL;
	int err = 0;

	*ret = (struct volume){ .line = number, .fstype = "ext4" };
	if (!mountpoint)
		return 0;
	if (*mountpoint != '/' || !file || *file != '/')
		return wrong(number, "a mountpoint and a file are expected, not", mountpoint);
	snprintf(ret->mountpoint, sizeof(ret->mountpoint), "%s", mountpoint);
	snprintf(ret->file, sizeof(ret->file), "%s", file);
	while (!err && (word = words_next(&line, &problem)))
		err = read_option(ret, word);
	if (problem)
		err = wrong(number, problem, mountpoint);
	return err ? err : 1;
}

/*
 * Read anew for each question: it may have changed. @mountpoint: NULL, to see if it can be read.
 * Return: 0, -ENOTSUP: no line is of this mountpoint, or another negative errno, logged.
 */
static int find_volume(const char *mountpoint, struct volume *ret)
{
	FILE *file = fopen(map_path(), "re");
	char *line = NULL;
	size_t size = 0;
	int err = -ENOTSUP;

	if (!file && errno == ENOENT && !getenv(MAP_VARIABLE))
		return -ENOTSUP;
	if (!file) {
		pr_perror("cannot read %s", map_path());
		return -ENXIO;
	}
	for (int number = 1; err == -ENOTSUP && getline(&line, &size, file) >= 0; number++) {
		int got = read_line(line, number, ret);

		if (got < 0)
			err = got;
		else if (got && mountpoint && strcmp(ret->mountpoint, mountpoint) == 0)
			err = 0;
	}
	free(line);
	fclose(file);
	return err;
}

/* ---- loop devices ---- */

static int open_loop(const char *old_root, int number, int flags)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/dev/loop%d", old_root, number) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int has_file(int fd, const struct stat *file)
{
	struct loop_info64 info;

	return ioctl(fd, LOOP_GET_STATUS64, &info) == 0 && info.lo_offset == 0 &&
	       info.lo_sizelimit == 0 && info.lo_device == (uint64_t)file->st_dev &&
	       info.lo_inode == (uint64_t)file->st_ino;
}

/* Return: the number of the device that the file is attached to, with @ret_fd, or -ENXIO. */
static int find_attached(const char *old_root, int file_fd, int *ret_fd)
{
	struct stat file;

	if (fstat(file_fd, &file) < 0)
		return -errno;
	for (int i = 0; i < MAX_LOOPS; i++) {
		int fd = open_loop(old_root, i, O_RDONLY);

		if (fd < 0)
			continue;
		if (has_file(fd, &file)) {
			*ret_fd = fd;
			return i;
		}
		close(fd);
	}
	return -ENXIO;
}

/* Return: 0, -EBUSY: somebody else took it, or another negative errno. */
static int configure(int fd, const struct volume *volume, int file_fd)
{
	struct loop_config config = {
		.fd = (uint32_t)file_fd,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR | (volume->read_only ? LO_FLAGS_READ_ONLY : 0),
	};

	snprintf((char *)config.info.lo_file_name, LO_NAME_SIZE, "%.*s", LO_NAME_SIZE - 1,
		 volume->file);
	return ioctl(fd, LOOP_CONFIGURE, &config) < 0 ? -errno : 0;
}

/* Return: the number of a device that now has the file, with @ret_fd, or a negative errno. */
static int attach_free(const char *old_root, const struct volume *volume, int file_fd, int *ret_fd)
{
	char path[PATH_MAX];
	int err = -EBUSY, number = -1, fd = -1;

	snprintf(path, sizeof(path), "%s/dev/loop-control", old_root);
	int control = open(path, O_RDWR | O_CLOEXEC);

	if (control < 0)
		return -errno;
	for (int i = 0; i < TRIES && err == -EBUSY; i++) {
		number = ioctl(control, LOOP_CTL_GET_FREE);
		fd = number < 0
			     ? -errno
			     : open_loop(old_root, number, volume->read_only ? O_RDONLY : O_RDWR);
		err = fd < 0 ? fd : configure(fd, volume, file_fd);
		if (err && fd >= 0)
			close(fd);
	}
	close(control);
	if (!err)
		*ret_fd = fd;
	return err ? err : number;
}

static int keep(int fd)
{
	struct attached *entry = malloc(sizeof(*entry));

	if (!entry)
		return -ENOMEM;
	*entry = (struct attached){ .next = attached, .fd = fd };
	attached = entry;
	return 0;
}

/* Return: the number of the file's device, with a descriptor of it in @ret_fd, or -errno, logged.
 */
static int attach(const char *old_root, const struct volume *volume, int file_fd, int *ret_fd)
{
	int number = find_attached(old_root, file_fd, ret_fd);

	if (number >= 0) {
		pr_info("'%s' is attached already: /dev/loop%d\n", volume->file, number);
		return number;
	}
	number = attach_free(old_root, volume, file_fd, ret_fd);
	if (number < 0) {
		errno = -number;
		pr_perror("cannot attach '%s' to a loop device", volume->file);
		return number;
	}
	int own = fcntl(*ret_fd, F_DUPFD_CLOEXEC, 0);

	if (own < 0 || keep(own) < 0) {
		ioctl(*ret_fd, LOOP_CLR_FD, 0);
		close(*ret_fd);
		return -ENOMEM;
	}
	return number;
}

/* ---- dump ---- */

/* Return: 0, -ENOTSUP: it is no whole filesystem on a loop device, or -EINVAL, logged. */
static int check_mount(int id, const struct volume *volume)
{
	struct rebind_mount_info info = { .size = sizeof(info) };

	if (!rebind_mount_info || rebind_mount_info(id, &info) < 0)
		return 0; /* CRIU does not tell */
	if (info.dev_major != LOOP_MAJOR || strcmp(info.root, "/") != 0) {
		pr_warn("mount %d '%s' is in the map, but it is no whole filesystem on a loop "
			"device\n",
			id, volume->mountpoint);
		return -ENOTSUP;
	}
	if (strcmp(info.fstype, volume->fstype) == 0)
		return 0;
	pr_err("mount %d '%s' is %s, but %s:%d has fstype=%s\n", id, volume->mountpoint,
	       info.fstype, map_path(), volume->line, volume->fstype);
	return -EINVAL;
}

static struct records records = { .plugin = "loop-volume", .suffix = "" };

static int loop_dump(char *mountpoint, int id)
{
	const char *path = *mountpoint == '.' ? mountpoint + 1 : mountpoint;
	struct volume volume;
	int err = find_volume(path, &volume);

	if (!err)
		err = check_mount(id, &volume);
	if (err)
		return err;
	int fd = records_create(&records, id);
	size_t size = strlen(path);

	if (fd < 0 || write(fd, path, size) != (ssize_t)size || close(fd) < 0) {
		pr_perror("cannot write the record of mount %d '%s'", id, path);
		return -EIO;
	}
	return 0;
}

/* ---- restore ---- */

/* What was read-only when it was dumped is not written to: the map can take away, not give. */
static int was_read_only(int id)
{
	struct rebind_mount_info info = { .size = sizeof(info) };

	return rebind_mount_info && rebind_mount_info(id, &info) == 0 &&
	       (info.sb_flags & MS_RDONLY) != 0;
}

/* The mount keeps this name for ever: the host's own, where it is to be seen. */
static void device_name(const char *old_root, int number, char *ret, size_t size)
{
	struct stat st;

	snprintf(ret, size, "/dev/loop%d", number);
	if (stat(ret, &st) < 0 || !S_ISBLK(st.st_mode) ||
	    st.st_rdev != makedev(LOOP_MAJOR, (unsigned int)number))
		snprintf(ret, size, "%s/dev/loop%d", old_root, number);
}

static int mount_device(const struct volume *volume, const char *old_root, int number,
			const char *mountpoint)
{
	char device[PATH_MAX];
	int made = mkdir(mountpoint, 0700) == 0;

	/* CRIU 4 has made it. */
	if (!made && errno != EEXIST)
		return -errno;
	device_name(old_root, number, device, sizeof(device));
	if (mount(device, mountpoint, volume->fstype, volume->read_only ? MS_RDONLY : 0, NULL) == 0)
		return 0;
	int err = -errno;

	pr_perror("cannot mount '%s' (/dev/loop%d) as %s", volume->file, number, volume->fstype);
	if (made)
		rmdir(mountpoint);
	return err;
}

static int mount_file(const struct volume *volume, const char *old_root, const char *mountpoint)
{
	char path[2 * PATH_MAX];
	int device_fd = -1;

	snprintf(path, sizeof(path), "%s%s", old_root, volume->file);
	int fd = open(path, (volume->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		pr_perror("%s:%d: cannot open '%s'", map_path(), volume->line, volume->file);
		if (fd >= 0)
			close(fd);
		return -ENXIO;
	}
	int number = attach(old_root, volume, fd, &device_fd);
	int err = number < 0 ? number : mount_device(volume, old_root, number, mountpoint);

	if (number >= 0)
		close(device_fd);
	close(fd);
	return err == -ENOENT ? -ENXIO : err;
}

static int loop_restore(int id, char *mountpoint, char *old_root, int *is_file)
{
	char original[PATH_MAX];
	struct volume volume;
	int fd = records_open(&records, id);

	if (fd < 0)
		return errno == ENOENT ? -ENOTSUP : -errno;
	ssize_t n = read(fd, original, sizeof(original) - 1);

	close(fd);
	original[n < 0 ? 0 : n] = '\0';
	int err = find_volume(original, &volume);

	if (err == -ENOTSUP) {
		pr_err("mount %d '%s' is a loop volume, but %s has no file for it\n", id, original,
		       map_path());
		return -ENXIO;
	}
	volume.read_only |= was_read_only(id);
	if (!err)
		err = mount_file(&volume, old_root, mountpoint);
	if (!err && is_file)
		*is_file = 0;
	return err;
}

/* ---- ---- */

static int loop_init(int stage)
{
	struct volume volume;
	int err = find_volume(NULL, &volume);

	(void)stage;
	return err == -ENOTSUP ? 0 : err;
}

/* What is mounted keeps its device. After a failure nothing shall: at once, or with the mount. */
static void loop_exit(int stage, int ret)
{
	records_end(&records, stage, ret);
	while (attached) {
		struct attached *entry = attached;

		attached = entry->next;
		if (ret)
			ioctl(entry->fd, LOOP_CLR_FD, 0);
		close(entry->fd);
		free(entry);
	}
}

CR_PLUGIN_REGISTER("loop-volume", loop_init, loop_exit)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_MOUNT, loop_dump)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT, loop_restore)
