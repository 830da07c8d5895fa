/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * volume-map: bind mounts by pattern. README.md has the language of the map.
 *
 * At dump a mount whose mountpoint a line matches is claimed, and a record is kept in the image
 * directory: the name of the line, the mountpoint, and what each '*' stood for. At restore the line
 * of that *name* in today's map says where the volume is now. So a host can keep its volumes
 * elsewhere, and a path of the dumping host is never used on the restoring one.
 *
 * The map is read again whenever it is another file or was changed, before each hook that needs it.
 * A map that is replaced by rename(2) is seen whole: the old one or the new one.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <criu-plugin.h>
#include <criu-log.h>
#include <rebind-plugin.h>

#include "../records.h"
#include "../words.h"

#define MAP_VARIABLE "VOLUME_MAP"
#define MAP_DEFAULT  "/etc/rebind/volume-map"
#define MAX_STARS    8
#define RECORD_SIZE  (4 * PATH_MAX)

/* In rebind it is there; in CRIU its address is NULL. */
extern __typeof__(rebind_mount_info) rebind_mount_info __attribute__((weak));

struct volume {
	struct volume *next;
	int line;
	char *name, *pattern, *source;
	int read_only;
};

/* What the stars of a pattern stood for. */
struct stars {
	int n;
	struct {
		const char *text;
		size_t size;
	} list[MAX_STARS];
};

static struct {
	struct volume *volumes;
	struct stat file;
	int is_read;
} map;

static const char *map_path(void)
{
	const char *path = getenv(MAP_VARIABLE);

	return path && *path ? path : MAP_DEFAULT;
}

/* ---- patterns ---- */

/* '*' stands for any bytes of one component, '?' for one of them. */
static int matches(const char *pattern, const char *text, struct stars *stars)
{
	if (*pattern != '*') {
		if (!*pattern || !*text)
			return *pattern == *text;
		if (*pattern != *text && (*pattern != '?' || *text == '/'))
			return 0;
		return matches(pattern + 1, text + 1, stars);
	}
	int own = stars->n++;

	for (size_t size = 0;; size++) {
		stars->n = own + 1;
		stars->list[own].text = text;
		stars->list[own].size = size;
		if (matches(pattern + 1, text + size, stars))
			return 1;
		if (!text[size] || text[size] == '/')
			break;
	}
	stars->n = own;
	return 0;
}

static int count_stars(const char *text)
{
	int n = 0;

	while (*text)
		n += *text++ == '*';
	return n;
}

/* ---- the map ---- */

static void free_volumes(struct volume *volume)
{
	while (volume) {
		struct volume *next = volume->next;

		free(volume->name);
		free(volume->pattern);
		free(volume->source);
		free(volume);
		volume = next;
	}
}

static int wrong(int line, const char *what, const char *word)
{
	pr_err("%s:%d: %s%s%s%s\n", map_path(), line, what, word ? " '" : "", word ? word : "",
	       word ? "'" : "");
	return -EINVAL;
}

static struct volume *find_name(struct volume *volume, const char *name)
{
	while (volume && strcmp(volume->name, name) != 0)
		volume = volume->next;
	return volume;
}

static int read_option(struct volume *volume, const char *word)
{
	if (strcmp(word, "ro") == 0 || strcmp(word, "rw") == 0) {
		volume->read_only = strcmp(word, "ro") == 0;
		return 0;
	}
	if (strncmp(word, "name=", 5) != 0 || !word[5])
		return wrong(volume->line, "ro, rw or name=NAME is expected, not", word);
	free(volume->name);
	volume->name = strdup(word + 5);
	return volume->name ? 0 : -ENOMEM;
}

static int check_volume(const struct volume *volume)
{
	if (*volume->pattern != '/')
		return wrong(volume->line, "the pattern is no absolute path:", volume->pattern);
	if (!volume->source)
		return wrong(volume->line, "a source is missing for", volume->pattern);
	if (*volume->source != '/')
		return wrong(volume->line, "the source is no absolute path:", volume->source);
	if (count_stars(volume->pattern) > MAX_STARS)
		return wrong(volume->line, "too many '*' in", volume->pattern);
	if (count_stars(volume->source) > count_stars(volume->pattern))
		return wrong(volume->line, "the source has more '*' than", volume->pattern);
	return 0;
}

/* Return: 0, also for a line without words, or a negative errno, logged. */
static int read_words(struct volume *volume, char *line)
{
	const char *problem = NULL;
	char *word = words_next(&line, &problem);

	if (!word)
		return 0;
	volume->pattern = strdup(word);
	volume->name = strdup(word);
	word = words_next(&line, &problem);
	volume->source = word ? strdup(word) : NULL;
	if (!volume->pattern || !volume->name || (word && !volume->source))
		return -ENOMEM;
	int err = problem ? wrong(volume->line, problem, NULL) : check_volume(volume);

	while (!err && (word = words_next(&line, &problem)))
		err = problem ? wrong(volume->line, problem, NULL) : read_option(volume, word);
	return err;
}

static int read_line(struct volume ***end, struct volume *first, char *line, int number)
{
	struct volume *volume = calloc(1, sizeof(*volume)), *twin;

	if (!volume)
		return -ENOMEM;
	volume->line = number;
	int err = read_words(volume, line);

	twin = err || !volume->name ? NULL : find_name(first, volume->name);
	if (twin) {
		pr_err("line %d has that name\n", twin->line);
		err = wrong(number, "another line has the name", volume->name);
	}
	if (err || !volume->name) {
		free_volumes(volume);
		return err;
	}
	**end = volume;
	*end = &volume->next;
	return 0;
}

static int read_file(FILE *file, struct volume **ret)
{
	struct volume *first = NULL, **end = &first;
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	for (int number = 1; !err && getline(&line, &size, file) >= 0; number++)
		err = read_line(&end, first, line, number);
	free(line);
	if (!err && ferror(file))
		err = -EIO;
	if (err)
		free_volumes(first);
	else
		*ret = first;
	return err;
}

static int is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void forget_map(void)
{
	free_volumes(map.volumes);
	map.volumes = NULL;
	map.is_read = 0;
}

/* Return: 0 with today's map, or a negative errno, logged. */
static int read_map(void)
{
	FILE *file = fopen(map_path(), "re");
	struct stat st;
	int err;

	if (!file && errno == ENOENT && !getenv(MAP_VARIABLE)) {
		forget_map(); /* no map, no volumes */
		return 0;
	}
	if (!file || fstat(fileno(file), &st) < 0) {
		pr_perror("cannot read %s", map_path());
		if (file)
			fclose(file);
		return -ENXIO;
	}
	if (map.is_read && is_same_file(&st, &map.file)) {
		fclose(file);
		return 0;
	}
	forget_map();
	err = read_file(file, &map.volumes);
	map.file = st;
	map.is_read = !err;
	fclose(file);
	return err;
}

/* ---- records ---- */

static struct records records = { .plugin = "volume-map", .suffix = "" };

static int write_record(int id, const struct volume *volume, const char *mountpoint,
			const struct stars *stars)
{
	int fd = records_create(&records, id);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	int failed = 0;

	if (!file)
		return -errno;
	failed |= fprintf(file, "%s%c%s%c", volume->name, 0, mountpoint, 0) < 0;
	for (int i = 0; i < stars->n; i++)
		failed |= fprintf(file, "%.*s%c", (int)stars->list[i].size, stars->list[i].text,
				  0) < 0;
	failed |= fclose(file) != 0;
	return failed ? -EIO : 0;
}

/*
 * The image is data that others may have made: what a star stood for becomes part of a path of this
 * host, and must not lead out of where the map says.
 */
static int is_component(const char *text)
{
	return !strchr(text, '/') && strcmp(text, "..") != 0 && strcmp(text, ".") != 0;
}

/* @buf: holds the strings. Return: 0, -ENOTSUP: there is no record, or another negative errno. */
static int read_record(int id, char buf[RECORD_SIZE], const char **ret_mountpoint,
		       struct stars *stars)
{
	int fd = records_open(&records, id);

	if (fd < 0)
		return errno == ENOENT ? -ENOTSUP : -errno;
	ssize_t n = read(fd, buf, RECORD_SIZE);

	close(fd);
	if (n <= 0 || n == RECORD_SIZE || buf[n - 1] != '\0')
		return -EBADMSG;
	const char *text = buf + strlen(buf) + 1, *end = buf + n;

	if (text >= end)
		return -EBADMSG;
	*ret_mountpoint = text;
	for (text += strlen(text) + 1; text < end; text += strlen(text) + 1) {
		if (stars->n == MAX_STARS || !is_component(text))
			return -EBADMSG;
		stars->list[stars->n].text = text;
		stars->list[stars->n++].size = strlen(text);
	}
	return 0;
}

/* ---- dump ---- */

static struct volume *find_pattern(const char *mountpoint, struct stars *stars)
{
	struct volume *volume = map.volumes;

	for (; volume; volume = volume->next) {
		stars->n = 0;
		if (matches(volume->pattern, mountpoint, stars))
			return volume;
	}
	return NULL;
}

static int volume_dump(char *mountpoint, int id)
{
	const char *path = *mountpoint == '.' ? mountpoint + 1 : mountpoint;
	struct stars stars = { 0 };
	int err = read_map();
	struct volume *volume = err ? NULL : find_pattern(path, &stars);

	if (!volume)
		return err ? err : -ENOTSUP;
	err = write_record(id, volume, path, &stars);
	if (err) {
		errno = -err;
		pr_perror("cannot write the record of mount %d '%s'", id, path);
		return err;
	}
	pr_info("mount %d '%s' is volume '%s' (%s:%d)\n", id, path, volume->name, map_path(),
		volume->line);
	return 0;
}

/* ---- restore ---- */

/* Where the volume is today, with what the stars stand for put in. */
static int make_source(const struct volume *volume, const struct stars *stars, const char *old_root,
		       char source[2 * PATH_MAX])
{
	int n = snprintf(source, 2 * PATH_MAX, "%s", old_root), star = 0;

	for (const char *from = volume->source; *from && n < 2 * PATH_MAX; from++) {
		if (*from != '*')
			n += snprintf(source + n, (size_t)(2 * PATH_MAX - n), "%c", *from);
		else if (star == stars->n)
			return wrong(volume->line, "the source has more '*' than the image for",
				     volume->name);
		else
			n += snprintf(source + n, (size_t)(2 * PATH_MAX - n), "%.*s",
				      (int)stars->list[star].size, stars->list[star].text);
		star += *from == '*';
	}
	return n < 2 * PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* A directory cannot come back as a file: say so here, where the map is known. */
static int check_kind(int id, const struct volume *volume, int is_file)
{
	struct rebind_mount_info info = { .size = sizeof(info) };

	if (!rebind_mount_info || rebind_mount_info(id, &info) < 0 || info.is_file > 1 ||
	    (int)info.is_file == is_file)
		return 0;
	pr_err("mount %d '%s' was a %s, but volume '%s' (%s:%d) is a %s\n", id, info.mountpoint,
	       info.is_file ? "file" : "directory", volume->name, map_path(), volume->line,
	       is_file ? "file" : "directory");
	return -ENXIO;
}

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

/* A remount sets all flags: those that the source's own mount has must be said again. */
static int make_read_only(const char *mountpoint)
{
	unsigned long flags = MS_BIND | MS_REMOUNT | MS_RDONLY;
	struct statvfs vfs;

	if (statvfs(mountpoint, &vfs) < 0)
		return -errno;
	flags |= vfs.f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME);
	return mount(NULL, mountpoint, NULL, flags, NULL) < 0 ? -errno : 0;
}

static int bind_volume(const struct volume *volume, const char *source, char *mountpoint,
		       int is_file)
{
	int err = make_mountpoint(mountpoint, is_file);

	if (err)
		return err;
	if (mount(source, mountpoint, NULL, MS_BIND, NULL) < 0) {
		err = -errno;
		remove(mountpoint);
		return err;
	}
	err = volume->read_only ? make_read_only(mountpoint) : 0;
	if (err) {
		umount2(mountpoint, MNT_DETACH);
		remove(mountpoint);
	}
	return err;
}

static int mount_volume(int id, const struct volume *volume, const struct stars *stars,
			char *mountpoint, const char *old_root, int *is_file)
{
	char source[2 * PATH_MAX];
	struct stat st;
	int err = make_source(volume, stars, old_root, source);

	if (err)
		return err;
	if (stat(source, &st) < 0) {
		pr_perror("%s:%d: the source of volume '%s', '%s'", map_path(), volume->line,
			  volume->name, source + strlen(old_root));
		/* Not -ENOENT: the mountpoint is not what is missing. */
		return -ENXIO;
	}
	err = check_kind(id, volume, !S_ISDIR(st.st_mode));
	if (err)
		return err;
	err = bind_volume(volume, source, mountpoint, !S_ISDIR(st.st_mode));
	if (err) {
		errno = -err;
		pr_perror("cannot bind '%s'", source + strlen(old_root));
		return err == -ENOENT ? -ENXIO : err;
	}
	if (is_file)
		*is_file = !S_ISDIR(st.st_mode);
	pr_info("mount %d is '%s'\n", id, source + strlen(old_root));
	return 0;
}

static int volume_restore(int id, char *mountpoint, char *old_root, int *is_file)
{
	char record[RECORD_SIZE];
	const char *original = "";
	struct stars stars = { 0 };
	int err = read_record(id, record, &original, &stars);

	if (err == -ENOTSUP)
		return err;
	if (err) {
		pr_err("the record of mount %d is none of a volume\n", id);
		return err;
	}
	err = read_map();
	if (err)
		return err;
	struct volume *volume = find_name(map.volumes, record);

	if (!volume) {
		pr_err("mount %d '%s' is volume '%s', which %s does not have\n", id, original,
		       record, map_path());
		return -ENXIO;
	}
	return mount_volume(id, volume, &stars, mountpoint, old_root, is_file);
}

/* ---- ---- */

/* A map that is wrong is known before anything is done. */
static int volume_init(int stage)
{
	(void)stage;
	return read_map();
}

static void volume_exit(int stage, int ret)
{
	records_end(&records, stage, ret);
	forget_map();
}

CR_PLUGIN_REGISTER("volume-map", volume_init, volume_exit)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_MOUNT, volume_dump)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT, volume_restore)
