/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An archive that is being written: what archive-pack.c's walk and pack.c's entries share. */
#ifndef REBIND_ARCHIVE_PACK_H
#define REBIND_ARCHIVE_PACK_H

#include <sys/stat.h>

#include "base/arena.h"
#include "archive/attributes.h"
#include "archive/gzip.h"
#include "archive/tar.h"

/* A directory on the way from the root to where we are. */
struct level {
	uint64_t inode;
	size_t path_size; /* of its path */
	char *names;	  /* of its subdirectories, one NUL-terminated after the other */
	size_t size, room, at;
};

struct pack {
	struct gzip_state *gzip;
	struct archive *out; /* into the gzip */
	struct archive_entry *entry;
	int fd; /* the directory we are in */
	struct statx root;
	struct level *levels;
	size_t depth, levels_room;
	char path[TAR_PATH_SIZE]; /* "./a/b" */
	size_t path_size;
	char *buffer;
	char *zeros;
	struct attributes attributes;
	struct arena names;    /* of files with several links, and of sockets */
	struct table by_inode; /* -> index into linked */
	const char **linked;
	uint32_t n_linked;
	struct mount_contents done;
	const struct archive_watch *watch;
	struct tar_progress progress;
	struct archive_fault *fault;
};

/* Each fills the fault with the path we are at. Return: @err, or libarchive's. */
int pack_path_fault(struct pack *p, int err, const char *what);
int pack_memory_fault(struct pack *p);
int pack_archive_fault(struct pack *p);

/**
 * pack_path_push - go one name further; pack_path_cut - and back to a length
 *
 * Return: 0 or -ENAMETOOLONG.
 */
int pack_path_push(struct pack *p, const char *name);
void pack_path_cut(struct pack *p, size_t size);

/**
 * pack_open_quietly - open for reading, without a trace in its access time if that is allowed
 *
 * Symlinks are not followed, FIFOs not waited for. Return: a descriptor or a negative errno.
 */
int pack_open_quietly(int dir_fd, const char *name, int flags);

/**
 * pack_open_seen - open what statx() has seen, and nothing that took its place
 *
 * Return: a descriptor, or a negative errno with the fault filled.
 */
int pack_open_seen(struct pack *p, const char *name, int flags, const struct statx *stx);

/**
 * pack_describe - begin the entry of the path we are at; pack_header - write it
 */
void pack_describe(struct pack *p, const struct statx *stx);
int pack_header(struct pack *p);

/**
 * pack_socket - onto the list of sockets
 * pack_take_sockets - the lists, each with its texts in one block, which outlives the arena
 *
 * Return: 0 or a negative errno with the fault filled.
 */
int pack_socket(struct pack *p, const char *name, const struct statx *stx);
int pack_take_sockets(struct pack *p);

/* A list with room for a power of two: true when one more does not fit. */
static inline bool pack_is_full(uint32_t n)
{
	return (n & (n - 1)) == 0;
}

/**
 * pack_file - the entry of anything that is not a directory, with its data
 * @name: in the directory we are in
 * @fd: a regular file may be open already; borrowed; else negative
 *
 * A socket goes onto the list of sockets. Return: 0 or a negative errno with the fault filled.
 */
int pack_file(struct pack *p, const char *name, int fd, const struct statx *stx);

#endif
