/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CRIU's record files: magic numbers, then records of a length and a protobuf message. Read and
 * written one record at a time, through one buffer.
 */
#ifndef REBIND_IMAGE_RECORD_H
#define REBIND_IMAGE_RECORD_H

#include <protobuf-c/protobuf-c.h>

#include "model/findings.h"

#define RECORD_MAGIC_COMMON	 0x54564319U /* first in most files of image version 2 */
#define RECORD_MAGIC_INVENTORY	 0x58313116U /* never behind the common one */
#define RECORD_MAGIC_PSTREE	 0x50273030U
#define RECORD_MAGIC_IDS	 0x54432030U
#define RECORD_MAGIC_MOUNTPOINTS 0x55563928U
#define RECORD_MAGIC_FILES	 0x56303138U
#define RECORD_MAGIC_REMAPS	 0x59133954U
#define RECORD_MAGIC_GHOST	 0x52583605U

#define RECORD_MAX (16U << 20) /* bytes of one record; no mount comes near */

struct record_chunk;

/*
 * Memory for one decoded record at a time: allocation moves a pointer, freeing does nothing, and
 * record_pool_reset() makes all of it free again. Zero it to start.
 */
struct record_pool {
	ProtobufCAllocator allocator; /* valid after record_pool_reset() */
	struct record_chunk *chunks;  /* the first of them is kept for the next record */
	size_t used;		      /* of the newest chunk */
	size_t total;		      /* of all chunks: a record that needs too much is refused */
};

void record_pool_reset(struct record_pool *pool);
void record_pool_free(struct record_pool *pool);
#define cleanup_record_pool cleanup(record_pool_free)

/**
 * record_pool_alloc - Return: @size zeroed bytes that live until the next reset, or NULL.
 */
void *record_pool_alloc(struct record_pool *pool, size_t size);

/* A record file that is being read. */
struct record_file {
	const char *name; /* for sentences; borrowed */
	int fd;
	uint64_t rest;	 /* bytes of the file that are not in the buffer yet */
	uint32_t number; /* of the record last read, from 1 */
	unsigned char *buf;
	size_t start, end, room;
};

#define RECORD_FILE_INIT     \
	{                    \
		.fd = -EBADF \
	}

/**
 * record_open - open a file of an image and check its magic numbers
 * @file: initialized with RECORD_FILE_INIT
 * @name: kept, not copied
 * @magic: the type's; files of image version 1 have no common magic before it
 *
 * Return: 0; -ENOENT without a finding; -EBADMSG or another negative errno with one.
 */
int record_open(struct record_file *file, int dir_fd, const char *name, uint32_t magic,
		struct findings *findings);

/**
 * record_next - read the next record
 * @ret_data, @ret_size: valid until the next call
 *
 * Return: 1, 0 at the end of the file, or a negative errno with a finding.
 */
int record_next(struct record_file *file, const uint8_t **ret_data, size_t *ret_size,
		struct findings *findings);

/**
 * record_count - how many records follow, by their lengths: nothing is decoded
 * @max: where counting ends
 *
 * The file is where it was afterwards. Return: at most @max + 1; what is damaged is not counted,
 * and left to record_next() to say.
 */
uint32_t record_count(const struct record_file *file, uint32_t max);

/**
 * record_first - read the first record and decode it
 * @pool: reset first; the message lives in it
 * @ret: the message; must be of type @descriptor
 *
 * Return: 0, or a negative errno with a finding (no record at all, one that cannot be decoded).
 */
int record_first(struct record_file *file, const ProtobufCMessageDescriptor *descriptor,
		 struct record_pool *pool, ProtobufCMessage **ret, struct findings *findings);

/**
 * record_bytes - what follows a record and is none
 * @max: at most so many bytes
 * @ret: valid until the next call
 *
 * Return: how many there are, 0 at the end of the file, or a negative errno with a finding.
 */
ssize_t record_bytes(struct record_file *file, size_t max, const uint8_t **ret,
		     struct findings *findings);

void record_close(struct record_file *file);
#define cleanup_record_file cleanup(record_close)

/* Records on their way into a file. */
struct record_out {
	int fd; /* borrowed */
	uint8_t *buf;
	size_t used, room;
};

/**
 * record_put_magic, record_put - append to the buffer, which is written out when it is full
 * record_flush - write out what is left
 *
 * Return: 0 or a negative errno (-E2BIG for a record that no reader would take).
 */
int record_put_magic(struct record_out *out, uint32_t magic);
int record_put(struct record_out *out, const ProtobufCMessage *message);
int record_flush(struct record_out *out);

void record_out_free(struct record_out *out);
#define cleanup_record_out cleanup(record_out_free)

#endif
