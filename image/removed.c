// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/removed.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/names.h"
#include "base/path.h"
#include "image/ghost.h"
#include "image/rebind.pb-c.h"
#include "image/record.h"

#define FILES  "files.img"
#define REMAPS "remap-fpath.img"

/* CRIU's numbers. */
enum { REMAP_LINK, REMAP_GHOST, REMAP_PROC };
#define OLD_GHOST 0x80000000U /* of images without a type: in the id */

#define no_removed(findings, err, ...) \
	(findings_add(findings, FINDING_IMAGE_REMOVED, 0, NULL, NULL, __VA_ARGS__), (err))

/* What is noted of a file until all are known. */
struct entry {
	struct removed_file file;
	bool is_link;
	int32_t mnt_id;
};

struct reading {
	int dir_fd;
	struct findings *findings;
	struct entry *list;
	size_t n;
	struct table by_link;  /* id of the file with the link -> index in list */
	struct table by_ghost; /* ghost file -> index of the first in list */
	struct names watched;  /* paths of directories, in texts */
	struct removed_files *files;
};

static void reading_free(struct reading *reading)
{
	free(reading->list);
	table_free(&reading->by_link);
	table_free(&reading->by_ghost);
	names_free(&reading->watched);
}

/* ---- remap-fpath.img ---- */

static int add_entry(struct reading *reading, const Rebind__RemapEntry *remap, bool is_link)
{
	uint32_t index = (uint32_t)reading->n, old;

	/* Room doubles: it is full whenever that is a power of two. */
	if ((index & (index - 1)) == 0) {
		struct entry *list =
			realloc(reading->list, 2 * ((size_t)index + 1) * sizeof(*list));

		if (!list)
			return -ENOMEM;
		reading->list = list;
	}
	reading->list[reading->n++] = (struct entry){
		.file.id = remap->file_id,
		.file.remap = is_link ? remap->remap_id : remap->remap_id & ~OLD_GHOST,
		.is_link = is_link,
	};
	int err = table_put(&reading->files->by_id, remap->file_id, index, &old);

	if (!err && old != TABLE_NONE)
		return no_removed(reading->findings, -EBADMSG, REMAPS " has file %#x twice",
				  remap->file_id);
	if (!err && is_link)
		err = table_put(&reading->by_link, remap->remap_id, index, NULL);
	return err;
}

static uint32_t type_of(const Rebind__RemapEntry *remap)
{
	if (remap->has_type)
		return remap->type;
	return remap->remap_id & OLD_GHOST ? REMAP_GHOST : REMAP_LINK;
}

static int read_remap(struct reading *reading, const uint8_t *data, size_t size)
{
	Rebind__RemapEntry *remap = rebind__remap_entry__unpack(NULL, size, data);

	if (!remap)
		return no_removed(reading->findings, -EBADMSG,
				  REMAPS ": a record cannot be decoded");
	uint32_t type = type_of(remap);
	int err = 0;

	if (type == REMAP_LINK || type == REMAP_GHOST)
		err = add_entry(reading, remap, type == REMAP_LINK);
	else if (type != REMAP_PROC)
		err = no_removed(reading->findings, -EOPNOTSUPP,
				 REMAPS " has a removed file of type %u, which rebind cannot make",
				 type);
	rebind__remap_entry__free_unpacked(remap, NULL);
	return err;
}

/* Each record of a file of CRIU's. Return: 0, also if there is no such file. */
static int for_each_record(struct reading *reading, const char *name, uint32_t magic,
			   int (*fn)(struct reading *reading, const uint8_t *data, size_t size))
{
	cleanup_record_file struct record_file file = RECORD_FILE_INIT;
	const uint8_t *data;
	size_t size;
	int err = record_open(&file, reading->dir_fd, name, magic, reading->findings);

	if (err)
		return err == -ENOENT ? 0 : err;
	for (int got = 1; !err && got > 0;) {
		got = record_next(&file, &data, &size, reading->findings);
		err = got > 0 ? fn(reading, data, size) : got;
	}
	return err;
}

/* ---- files.img ---- */

static int take_name(struct reading *reading, const Rebind__RegEntry *reg, const char **ret)
{
	struct strings *texts = &reading->files->texts;
	const char *name = (const char *)reg->name.data;

	if (reg->name.len >= PATH_MAX)
		return no_removed(reading->findings, -EBADMSG,
				  FILES ": a path of a removed file has %zu bytes", reg->name.len);
	int err = strings_add(texts, name ? name : "", reg->name.len);

	if (err)
		return err;
	*ret = texts->list[texts->n - 1];
	if (strlen(*ret) == reg->name.len && path_is_normal(*ret) && (*ret)[1])
		return 0;
	return no_removed(reading->findings, -EBADMSG, FILES ": '%s' is no path of a removed file",
			  *ret);
}

static int read_names(struct reading *reading, const Rebind__RegEntry *reg)
{
	uint32_t own = table_get(&reading->files->by_id, reg->id);
	uint32_t link = table_get(&reading->by_link, reg->id);
	int err = 0;

	if (own != TABLE_NONE) {
		reading->list[own].mnt_id = reg->has_mnt_id ? reg->mnt_id : -1;
		err = take_name(reading, reg, &reading->list[own].file.path);
	}
	if (!err && link != TABLE_NONE)
		err = take_name(reading, reg, &reading->list[link].file.link);
	return err;
}

static uint64_t hash_inode(uint32_t dev, uint64_t inode)
{
	uint64_t key[] = { dev, inode };

	return table_hash_bytes(key, sizeof(key));
}

static int read_watch(struct reading *reading, uint32_t dev, uint64_t inode,
		      const Rebind__HandleEntry *handle)
{
	struct strings *texts = &reading->files->texts;
	uint32_t i = table_get(&reading->files->by_inode, hash_inode(dev, inode));

	if (i != TABLE_NONE)
		reading->list[i].file.is_watched = true;
	if (!handle->has_path)
		return 0;
	int err = strings_add(texts, (const char *)handle->path.data, handle->path.len);
	const char *path = err ? "" : texts->list[texts->n - 1];

	return err ? err : names_put(&reading->watched, path, strlen(path), 0);
}

static int read_watches(struct reading *reading, const Rebind__InotifyEntry *inotify)
{
	int err = 0;

	for (size_t i = 0; i < inotify->n_watches && !err; i++) {
		const Rebind__InotifyWatch *watch = inotify->watches[i];

		err = read_watch(reading, watch->dev, watch->inode, watch->handle);
	}
	return err;
}

static int read_marks(struct reading *reading, const Rebind__FanotifyEntry *fanotify)
{
	int err = 0;

	for (size_t i = 0; i < fanotify->n_marks && !err; i++) {
		const Rebind__FanotifyMark *mark = fanotify->marks[i];

		if (mark->inode)
			err = read_watch(reading, mark->dev, mark->inode->inode,
					 mark->inode->handle);
	}
	return err;
}

static int read_file(struct reading *reading, const uint8_t *data, size_t size)
{
	Rebind__FileEntry *entry = rebind__file_entry__unpack(NULL, size, data);

	if (!entry)
		return no_removed(reading->findings, -EBADMSG,
				  FILES ": a record cannot be decoded");
	int err = entry->reg ? read_names(reading, entry->reg) : 0;

	if (!err && entry->inotify)
		err = read_watches(reading, entry->inotify);
	if (!err && entry->fanotify)
		err = read_marks(reading, entry->fanotify);
	rebind__file_entry__free_unpacked(entry, NULL);
	return err;
}

/* ---- each of them ---- */

static bool in_one_directory(const char *left, const char *right)
{
	size_t n = path_dir_size(left);

	return n == path_dir_size(right) && memcmp(left, right, n) == 0;
}

/*
 * One that had several names is made once and linked; where these are not in one mount link(2) does
 * not do it, except in a directory that both mounts show.
 */
static int check_names(struct reading *reading, uint32_t index)
{
	const struct entry *entry = &reading->list[index];
	uint32_t first = table_get(&reading->by_ghost, entry->file.remap);

	if (first == TABLE_NONE)
		return table_put(&reading->by_ghost, entry->file.remap, index, NULL);
	const struct entry *other = &reading->list[first];

	if (other->mnt_id == entry->mnt_id || in_one_directory(other->file.path, entry->file.path))
		return 0;
	return no_removed(reading->findings, -EOPNOTSUPP,
			  "a removed file was open by two mounts, as '%s' and as '%s'",
			  other->file.path, entry->file.path);
}

static int read_ghost(struct reading *reading, uint32_t index)
{
	cleanup_ghost struct ghost ghost = GHOST_INIT;
	struct removed_file *file = &reading->list[index].file;
	int err = reading->list[index].is_link
			  ? 0
			  : ghost_open(reading->dir_fd, file->remap, &ghost, reading->findings);

	file->mode = ghost.mode;
	if (err || !ghost.inode)
		return err;
	return table_put(&reading->files->by_inode, hash_inode(ghost.dev, ghost.inode), index,
			 NULL);
}

static int check_ghost(struct reading *reading, uint32_t index)
{
	const struct removed_file *file = &reading->list[index].file;

	if (S_ISSOCK(file->mode))
		return no_removed(reading->findings, -EOPNOTSUPP,
				  "'%s' is a socket that was removed, which rebind cannot make",
				  file->path);
	return check_names(reading, index);
}

/* A directory has one name only. */
static bool is_made_before(const struct reading *reading, uint32_t index, const char **ret)
{
	const struct entry *entry = &reading->list[index];
	uint32_t first = table_get(&reading->by_ghost, entry->file.remap);

	if (entry->is_link || !S_ISDIR(entry->file.mode) || first == index)
		return false;
	*ret = reading->list[first].file.made;
	return true;
}

static int name_made(struct reading *reading, uint64_t tag, uint32_t index)
{
	struct strings *texts = &reading->files->texts;
	struct removed_file *file = &reading->list[index].file;

	file->is_again = is_made_before(reading, index, &file->made);
	if (file->is_again)
		return 0;
	int err = strings_print(texts, "%.*s/.rebind-%016llx-%u", (int)path_dir_size(file->path),
				file->path, (unsigned long long)tag, index);

	if (!err)
		file->made = texts->list[texts->n - 1];
	return err;
}

static int complete_entry(struct reading *reading, uint64_t tag, uint32_t index)
{
	struct entry *entry = &reading->list[index];

	if (!entry->file.path || (entry->is_link && !entry->file.link))
		return no_removed(reading->findings, -EBADMSG,
				  REMAPS " names file %#x, which is not in " FILES,
				  entry->file.path ? entry->file.remap : entry->file.id);
	size_t n = path_dir_size(entry->file.path);

	entry->file.is_watched |=
		names_get(&reading->watched, n ? entry->file.path : "/", n ? n : 1) != TABLE_NONE;
	int err = entry->is_link ? 0 : check_ghost(reading, index);

	return err ? err : name_made(reading, tag, index);
}

static int complete(struct reading *reading)
{
	struct removed_files *files = reading->files;
	uint64_t tag;
	int err = getrandom(&tag, sizeof(tag), 0) == sizeof(tag) ? 0 : -EIO;

	for (uint32_t i = 0; i < reading->n && !err; i++)
		err = complete_entry(reading, tag, i);
	files->list = err ? NULL : calloc(reading->n, sizeof(*files->list));
	if (err || !files->list)
		return err ? err : -ENOMEM;
	for (files->n = 0; files->n < reading->n; files->n++)
		files->list[files->n] = reading->list[files->n].file;
	return 0;
}

int removed_read(int dir_fd, struct removed_files *ret, struct findings *findings)
{
	cleanup(reading_free) struct reading reading = {
		.dir_fd = dir_fd,
		.findings = findings,
		.files = ret,
	};
	int err = for_each_record(&reading, REMAPS, RECORD_MAGIC_REMAPS, read_remap);

	for (uint32_t i = 0; i < reading.n && !err; i++)
		err = read_ghost(&reading, i);
	if (!err && reading.n)
		err = for_each_record(&reading, FILES, RECORD_MAGIC_FILES, read_file);
	return err || !reading.n ? err : complete(&reading);
}

void removed_free(struct removed_files *files)
{
	free(files->list);
	table_free(&files->by_id);
	table_free(&files->by_inode);
	strings_free(&files->texts);
	*files = (struct removed_files){ 0 };
}

const struct removed_file *removed_find(const struct removed_files *files, uint32_t id)
{
	uint32_t i = files->n ? table_get(&files->by_id, id) : TABLE_NONE;

	return i == TABLE_NONE ? NULL : &files->list[i];
}

const struct removed_file *removed_find_watched(const struct removed_files *files, uint32_t dev,
						uint64_t inode)
{
	uint32_t i = files->n ? table_get(&files->by_inode, hash_inode(dev, inode)) : TABLE_NONE;

	return i == TABLE_NONE ? NULL : &files->list[i];
}
