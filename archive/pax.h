/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Archives as rebind writes them, without libarchive: pax, nothing else. To load libarchive takes
 * several times as long as a restore of twenty mounts, and most tmpfs hold a few small files.
 *
 * The functions stand in for those of libarchive that packing and unpacking call, behind the same
 * table (archive/libarchive.h). Archives of others are read by libarchive; so is what is compared.
 *
 * What is read is what rebind ever wrote: ustar headers, pax headers with the keys below, sparse
 * files of GNU's version 1.0. Anything else is an error, never left out.
 */
#ifndef REBIND_ARCHIVE_PAX_H
#define REBIND_ARCHIVE_PAX_H

#include "archive/libarchive.h"

#define PAX_BLOCK      512
#define PAX_HEADER_MAX (1U << 20) /* of a file, as libarchive has it */

/* The table of functions. What only others need is NULL. */
extern const struct libarchive_functions pax_functions;

struct pax_time {
	bool is_set;
	int64_t seconds;
	long nanoseconds;
};

struct pax_attribute {
	char *name;
	void *value;
	size_t size;
};

struct pax_acl {
	int type, perm, tag, id;
};

struct pax_extent {
	int64_t offset, size;
};

struct archive_entry {
	char *pathname, *symlink, *hardlink;
	mode_t mode;
	int64_t uid, gid, size;
	struct pax_time mtime, atime;
	unsigned int major, minor;
	unsigned long flags;
	struct pax_attribute *attributes;
	size_t n_attributes, next_attribute;
	/* Without owner, group and others of the access list: those are the mode. */
	struct pax_acl *acl;
	size_t n_acl;
	int next_acl, acl_type; /* for archive_entry_acl_next() */
	struct pax_extent *extents;
	size_t n_extents;
	bool is_sparse;
	bool no_memory; /* for what cannot say so when it is called */
};

/* One that is written, or one that is read. */
struct archive {
	void *data; /* of the caller's function */
	archive_read_callback *read;
	archive_write_callback *write;
	int err;
	char text[256];
	uint64_t left;	  /* of the entry's data in the archive */
	unsigned int pad; /* behind them */

	/* Reading. */
	const char *block; /* what is left of the caller's block */
	size_t n_block;
	uint64_t position, header_position;
	struct archive_entry entry;
	char *headers; /* pax, of this entry */
	size_t headers_room;
	size_t next_extent;
	int64_t extent_done;

	/* Writing. */
	struct archive_entry *current;
	int64_t at; /* in the file, with its holes */
	char *out;
	size_t n_out, out_room;
};

/* A header of a file, as in ustar. */
struct pax_header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100],
		magic[6], version[2], owner[32], group[32], major[8], minor[8], prefix[155],
		unused[12];
};

/**
 * pax_fault - say what is wrong with an archive
 *
 * Return: ARCHIVE_FATAL.
 */
int pax_fault(struct archive *a, int err, const char *format, ...) printf_like(3, 4);

/* The sum that stands in a header, of all bytes but its own field. */
unsigned int pax_checksum(const struct pax_header *header);

/* ---- entries, as libarchive has them ---- */

void pax_entry_reset(struct archive_entry *entry);

/* Replace a string by a copy of @size bytes. Return: false if there is no memory. */
bool pax_entry_text(char **text, const char *from, size_t size);

int pax_acl_add(struct archive_entry *entry, int type, int perm, int tag, int id, const char *name);
void pax_attribute_add(struct archive_entry *entry, const char *name, const void *value,
		       size_t size);
void pax_extent_add(struct archive_entry *entry, int64_t offset, int64_t size);

/* Which inode flag has this name, or 0; and the other way round, for one bit. */
unsigned long pax_flag_of(const char *name, size_t size);
const char *pax_flag_name(unsigned long flag);

/* ---- pax-read.c, pax-write.c ---- */

int pax_read_open(struct archive *a, void *data, archive_open_callback *open,
		  archive_read_callback *read, archive_close_callback *close);
int pax_read_next_header(struct archive *a, struct archive_entry **ret);
int pax_read_data_block(struct archive *a, const void **ret, size_t *size, int64_t *offset);

int pax_write_open(struct archive *a, void *data, archive_open_callback *open,
		   archive_write_callback *write, archive_close_callback *close);
int pax_write_header(struct archive *a, struct archive_entry *entry);
ssize_t pax_write_data(struct archive *a, const void *data, size_t size);
int pax_write_close(struct archive *a);

#endif
