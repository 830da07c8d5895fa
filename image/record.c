// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/record.h"

#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/fd.h"

#define BUFFER_SIZE 65536
#define CHUNK_SIZE  65536
/* What a record may become in memory. Decoding costs at most some 60 bytes for each 2 of the file.
 */
#define POOL_MAX    (64U << 20)

struct record_chunk {
	struct record_chunk *older;
	size_t size;
	_Alignas(16) unsigned char data[];
};

/* ---- memory of one record ---- */

static int add_chunk(struct record_pool *pool, size_t need)
{
	size_t size = need > CHUNK_SIZE ? need : CHUNK_SIZE;

	if (size > POOL_MAX - pool->total)
		return -ENOMEM;
	struct record_chunk *chunk = malloc(sizeof(*chunk) + size);

	if (!chunk)
		return -ENOMEM;
	chunk->older = pool->chunks;
	chunk->size = size;
	pool->chunks = chunk;
	pool->total += size;
	pool->used = 0;
	return 0;
}

static void *pool_take(void *data, size_t size)
{
	struct record_pool *pool = data;
	size_t need = (size + 15) & ~(size_t)15;

	if (need < size || need > POOL_MAX)
		return NULL;
	if ((!pool->chunks || need > pool->chunks->size - pool->used) && add_chunk(pool, need))
		return NULL;
	void *p = pool->chunks->data + pool->used;

	pool->used += need;
	return p;
}

static void pool_return(void *data, void *pointer)
{
	/* All of it is given back at once, by record_pool_reset(). */
}

void *record_pool_alloc(struct record_pool *pool, size_t size)
{
	void *p = pool_take(pool, size);

	return p ? memset(p, 0, size) : NULL;
}

void record_pool_reset(struct record_pool *pool)
{
	while (pool->chunks && (pool->chunks->older || pool->chunks->size > CHUNK_SIZE)) {
		struct record_chunk *older = pool->chunks->older;

		pool->total -= pool->chunks->size;
		free(pool->chunks);
		pool->chunks = older;
	}
	pool->used = 0;
	pool->allocator = (ProtobufCAllocator){
		.alloc = pool_take,
		.free = pool_return,
		.allocator_data = pool,
	};
}

void record_pool_free(struct record_pool *pool)
{
	record_pool_reset(pool);
	free(pool->chunks);
	*pool = (struct record_pool){ 0 };
}

/* ---- reading ---- */

/* A sentence that starts with the file's name. */
#define bad_file(findings, code, ...) \
	(findings_add(findings, code, 0, NULL, NULL, "%s" __VA_ARGS__), -EBADMSG)

static uint64_t bytes_left(const struct record_file *file)
{
	return file->rest + (file->end - file->start);
}

static int grow_buffer(struct record_file *file, size_t size)
{
	size_t all = bytes_left(file) < BUFFER_SIZE ? (size_t)bytes_left(file) : BUFFER_SIZE;
	size_t room = size > all ? size : all;

	if (file->start) {
		memmove(file->buf, file->buf + file->start, file->end - file->start);
		file->end -= file->start;
		file->start = 0;
	}
	if (file->room >= room)
		return 0;
	unsigned char *buf = realloc(file->buf, room);

	if (!buf)
		return -ENOMEM;
	file->buf = buf;
	file->room = room;
	return 0;
}

/* Bring @size bytes into the buffer. The caller has checked that the file has them. */
static int fill(struct record_file *file, size_t size, struct findings *findings)
{
	if (file->end - file->start >= size)
		return 0;
	int err = grow_buffer(file, size);

	if (err)
		return err;
	size_t want = file->room - file->end;

	if (want > file->rest)
		want = (size_t)file->rest;
	ssize_t n = fd_read_full(file->fd, file->buf + file->end, want);

	if (n < 0) {
		findings_add(findings, FINDING_IMAGE_READ, 0, NULL, NULL, "%s cannot be read: %s",
			     file->name, strerror((int)-n));
		return (int)n;
	}
	file->end += (size_t)n;
	file->rest -= (size_t)n;
	if (file->end - file->start < size)
		return bad_file(findings, FINDING_IMAGE_TRUNCATED,
				" became shorter while it was read", file->name);
	return 0;
}

static uint32_t take_u32(struct record_file *file)
{
	uint32_t value;

	memcpy(&value, file->buf + file->start, sizeof(value));
	file->start += sizeof(value);
	return le32toh(value);
}

static int read_magic(struct record_file *file, uint32_t *ret, struct findings *findings)
{
	if (bytes_left(file) < sizeof(*ret))
		return bad_file(findings, FINDING_IMAGE_TRUNCATED,
				" is too short for its magic number", file->name);
	int err = fill(file, sizeof(*ret), findings);

	if (!err)
		*ret = take_u32(file);
	return err;
}

static int check_magic(struct record_file *file, uint32_t magic, struct findings *findings)
{
	uint32_t found = 0;
	int err = read_magic(file, &found, findings);

	if (!err && found == RECORD_MAGIC_COMMON)
		err = read_magic(file, &found, findings);
	if (err)
		return err;
	if (found != magic)
		return bad_file(findings, FINDING_IMAGE_MAGIC,
				" has the magic number 0x%08x where 0x%08x is expected", file->name,
				found, magic);
	return 0;
}

/* A name in an image directory is a regular file or nothing: no FIFO to hang on, no symlink out. */
static int open_regular(struct record_file *file, int dir_fd, struct findings *findings)
{
	struct stat st;
	int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

	file->fd = caps_openat(dir_fd, file->name, flags);
	if (file->fd == -ENOENT)
		return -ENOENT;
	if (file->fd < 0 || fstat(file->fd, &st) < 0) {
		int err = file->fd < 0 ? file->fd : -errno;

		findings_add(findings, FINDING_IMAGE_READ, 0, NULL, NULL, "%s cannot be opened: %s",
			     file->name, strerror(-err));
		return err;
	}
	if (!S_ISREG(st.st_mode))
		return bad_file(findings, FINDING_IMAGE_READ, " is not a regular file", file->name);
	file->rest = (uint64_t)st.st_size;
	return 0;
}

int record_open(struct record_file *file, int dir_fd, const char *name, uint32_t magic,
		struct findings *findings)
{
	file->name = name;
	int err = open_regular(file, dir_fd, findings);

	return err ? err : check_magic(file, magic, findings);
}

int record_next(struct record_file *file, const uint8_t **ret_data, size_t *ret_size,
		struct findings *findings)
{
	uint64_t left = bytes_left(file);
	uint32_t size;

	if (left == 0)
		return 0;
	file->number++;
	if (left < sizeof(size))
		return bad_file(findings, FINDING_IMAGE_TRUNCATED,
				": record %u is cut off within its length", file->name,
				file->number);
	int err = fill(file, sizeof(size), findings);

	if (err)
		return err;
	size = take_u32(file);
	if (size > left - sizeof(size))
		return bad_file(findings, FINDING_IMAGE_TRUNCATED,
				": record %u is cut off: %u bytes are announced, %llu are there",
				file->name, file->number, size,
				(unsigned long long)(left - sizeof(size)));
	if (size > RECORD_MAX)
		return bad_file(findings, FINDING_IMAGE_RECORD,
				": record %u is too large: %u bytes", file->name, file->number,
				size);
	err = fill(file, size, findings);
	if (err)
		return err;
	*ret_data = file->buf + file->start;
	*ret_size = size;
	file->start += size;
	return 1;
}

ssize_t record_bytes(struct record_file *file, size_t max, const uint8_t **ret,
		     struct findings *findings)
{
	uint64_t left = bytes_left(file);
	size_t size = max < BUFFER_SIZE ? max : BUFFER_SIZE;

	if (size > left)
		size = (size_t)left;
	int err = fill(file, size, findings);

	if (err)
		return err;
	*ret = file->buf + file->start;
	file->start += size;
	return (ssize_t)size;
}

static void count_up(struct record_file *file, uint32_t max, struct findings *ignored)
{
	const uint8_t *data;
	size_t size;

	while (file->number <= max && record_next(file, &data, &size, ignored) > 0)
		;
}

static uint32_t count_again(const struct record_file *file, uint32_t max)
{
	cleanup_findings struct findings ignored = { 0 };
	cleanup_record_file struct record_file copy = {
		.name = file->name,
		.fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 3),
		.rest = bytes_left(file),
	};
	off_t before = lseek(file->fd, 0, SEEK_CUR);

	/* Both have one offset: what is in the buffer is read again. */
	if (copy.fd < 0 || lseek(copy.fd, before - (off_t)(file->end - file->start), SEEK_SET) < 0)
		return 0;
	count_up(&copy, max, &ignored);
	lseek(file->fd, before, SEEK_SET);
	return copy.number;
}

uint32_t record_count(const struct record_file *file, uint32_t max)
{
	cleanup_findings struct findings ignored = { 0 };
	struct record_file rest = *file;

	if (file->rest)
		return count_again(file, max);
	/* All of it is in the buffer, which stays as it is. */
	rest.number = 0;
	count_up(&rest, max, &ignored);
	return rest.number;
}

int record_first(struct record_file *file, const ProtobufCMessageDescriptor *descriptor,
		 struct record_pool *pool, ProtobufCMessage **ret, struct findings *findings)
{
	const uint8_t *data;
	size_t size;
	int more = record_next(file, &data, &size, findings);

	if (more < 0)
		return more;
	if (more == 0)
		return bad_file(findings, FINDING_IMAGE_EMPTY, " has no record", file->name);
	record_pool_reset(pool);
	*ret = protobuf_c_message_unpack(descriptor, &pool->allocator, size, data);
	if (!*ret)
		return bad_file(findings, FINDING_IMAGE_RECORD, ": record %u cannot be decoded",
				file->name, file->number);
	return 0;
}

void record_close(struct record_file *file)
{
	fd_close(&file->fd);
	util_free(&file->buf);
}

/* ---- writing ---- */

static int make_room(struct record_out *out, size_t need)
{
	if (out->room - out->used >= need)
		return 0;
	int err = record_flush(out);

	if (err || out->room >= need)
		return err;
	size_t room = need > BUFFER_SIZE ? need : BUFFER_SIZE;
	uint8_t *buf = realloc(out->buf, room);

	if (!buf)
		return -ENOMEM;
	out->buf = buf;
	out->room = room;
	return 0;
}

int record_put_magic(struct record_out *out, uint32_t magic)
{
	uint32_t value = htole32(magic);
	int err = make_room(out, sizeof(value));

	if (err)
		return err;
	memcpy(out->buf + out->used, &value, sizeof(value));
	out->used += sizeof(value);
	return 0;
}

int record_put(struct record_out *out, const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint32_t length = htole32((uint32_t)size);

	if (size > RECORD_MAX)
		return -E2BIG;
	int err = make_room(out, sizeof(length) + size);

	if (err)
		return err;
	memcpy(out->buf + out->used, &length, sizeof(length));
	out->used += sizeof(length);
	out->used += protobuf_c_message_pack(message, out->buf + out->used);
	return 0;
}

int record_flush(struct record_out *out)
{
	int err = fd_write_all(out->fd, out->buf, out->used);

	out->used = 0;
	return err;
}

void record_out_free(struct record_out *out)
{
	util_free(&out->buf);
}
