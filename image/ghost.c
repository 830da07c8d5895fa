// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/ghost.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/rebind.pb-c.h"

#define no_ghost(findings, ghost, ...) \
	(findings_add(findings, FINDING_IMAGE_REMOVED, 0, NULL, NULL, "%s" __VA_ARGS__), -EBADMSG)

static struct timespec time_of(const Rebind__TimeEntry *entry)
{
	return (struct timespec){
		.tv_sec = (time_t)entry->seconds,
		.tv_nsec = (long)(entry->microseconds % 1000000) * 1000,
	};
}

static int take_target(struct ghost *ghost, const Rebind__GhostEntry *entry,
		       struct findings *findings)
{
	if (!entry->has_target || !entry->target.len ||
	    memchr(entry->target.data, 0, entry->target.len))
		return no_ghost(findings, ghost, " is of a symlink, and does not say to where",
				ghost->name);
	ghost->target = strndup((const char *)entry->target.data, entry->target.len);
	return ghost->target ? 0 : -ENOMEM;
}

static int take_entry(struct ghost *ghost, const Rebind__GhostEntry *entry,
		      struct findings *findings)
{
	ghost->uid = entry->uid;
	ghost->gid = entry->gid;
	ghost->mode = entry->mode;
	ghost->rdev = entry->rdev;
	ghost->dev = entry->dev;
	ghost->inode = entry->inode;
	ghost->has_times = entry->atime && entry->mtime;
	if (ghost->has_times) {
		ghost->times[0] = time_of(entry->atime);
		ghost->times[1] = time_of(entry->mtime);
	}
	ghost->in_chunks = entry->chunks;
	ghost->size = entry->size;
	if (ghost->in_chunks && (!entry->has_size || entry->size > INT64_MAX))
		return no_ghost(findings, ghost, " has its contents in chunks, and no size",
				ghost->name);
	return S_ISLNK(ghost->mode) ? take_target(ghost, entry, findings) : 0;
}

int ghost_open(int dir_fd, uint32_t id, struct ghost *ret, struct findings *findings)
{
	cleanup_record_pool struct record_pool pool = { 0 };
	ProtobufCMessage *entry;

	snprintf(ret->name, sizeof(ret->name), "ghost-file-%x.img", id);
	int err = record_open(&ret->file, dir_fd, ret->name, RECORD_MAGIC_GHOST, findings);

	if (err == -ENOENT)
		return no_ghost(findings, ret, " is not there: a removed file that was open",
				ret->name);
	if (!err)
		err = record_first(&ret->file, &rebind__ghost_entry__descriptor, &pool, &entry,
				   findings);
	return err ? err : take_entry(ret, (const Rebind__GhostEntry *)entry, findings);
}

/* @size bytes, or all that there are. */
static int write_bytes(struct ghost *ghost, int fd, uint64_t size, struct findings *findings)
{
	const uint8_t *data;
	ssize_t n = 1;

	while (size && n > 0) {
		n = record_bytes(&ghost->file, size < SIZE_MAX ? (size_t)size : SIZE_MAX, &data,
				 findings);
		int err = n > 0 ? fd_write_all(fd, data, (size_t)n) : (int)n;

		if (err)
			return err;
		size -= (uint64_t)n;
	}
	return size && size <= INT64_MAX
		       ? no_ghost(findings, ghost, " ends within the contents", ghost->name)
		       : 0;
}

static int write_chunk(struct ghost *ghost, int fd, const uint8_t *data, size_t n,
		       struct findings *findings)
{
	Rebind__GhostChunk *chunk = rebind__ghost_chunk__unpack(NULL, n, data);

	if (!chunk)
		return no_ghost(findings, ghost, ": a chunk cannot be decoded", ghost->name);
	uint64_t size = chunk->size, offset = chunk->offset;

	rebind__ghost_chunk__free_unpacked(chunk, NULL);
	if (offset > ghost->size || size > ghost->size - offset)
		return no_ghost(findings, ghost, " has a chunk behind the end of the file",
				ghost->name);
	if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
		return -errno;
	return write_bytes(ghost, fd, size, findings);
}

static int write_chunks(struct ghost *ghost, int fd, struct findings *findings)
{
	const uint8_t *data;
	size_t size;
	int err = ftruncate(fd, (off_t)ghost->size) < 0 ? -errno : 0;

	for (int got = 1; !err && got > 0;) {
		got = record_next(&ghost->file, &data, &size, findings);
		err = got > 0 ? write_chunk(ghost, fd, data, size, findings) : got;
	}
	return err;
}

int ghost_write(struct ghost *ghost, int fd, struct findings *findings)
{
	return ghost->in_chunks ? write_chunks(ghost, fd, findings)
				: write_bytes(ghost, fd, UINT64_MAX, findings);
}

void ghost_close(struct ghost *ghost)
{
	record_close(&ghost->file);
	util_free(&ghost->target);
}
