// SPDX-License-Identifier: LGPL-2.1-or-later
#include "archive/gunzip.h"

#include <string.h>

#include "base/pipeline.h"
#include "base/fd.h"
#include "archive/stored.h"
#include "archive/zlib.h"

#define NO_MEMORY "there is no memory to unpack it"

struct gunzip_state {
	z_stream z;
	struct pipeline pipeline; /* of what is given out */
	const char *reason;
	bool started, is_gzip, in_member, at_end;
	size_t room;
	Bytef in[];
};

void gunzip_free(struct gunzip *gz)
{
	int saved = errno;

	if (gz->state)
		pipeline_close(&gz->state->pipeline);
	if (gz->state && gz->state->is_gzip)
		zlib.inflateEnd(&gz->state->z);
	util_free(&gz->state);
	errno = saved;
}

static int damaged(struct gunzip_state *s, const char *reason)
{
	s->reason = reason;
	return -EBADMSG;
}

/* Return: 0, also at the end of the file, where nothing is there to be read. */
static int fill(struct gunzip *gz)
{
	struct gunzip_state *s = gz->state;
	ssize_t n = s->at_end ? 0 : fd_read_full(gz->fd, s->in, s->room);

	if (n < 0) {
		s->reason = strerror((int)-n);
		return (int)n;
	}
	if (gz->digest)
		digest_add(gz->digest, s->in, (size_t)n);
	s->at_end = (size_t)n < s->room;
	s->z.next_in = s->in;
	s->z.avail_in = (uInt)n;
	return 0;
}

/* Look at the first bytes. */
static int gunzip_start(struct gunzip *gz)
{
	struct gunzip_state *s = gz->state;
	int err = fill(gz);

	s->started = true;
	if (err || s->z.avail_in < 2 || s->in[0] != 0x1f || s->in[1] != 0x8b)
		return err;
	if (zlib.inflateInit2_(&s->z, ZLIB_GZIP, ZLIB_VERSION, (int)sizeof(s->z)) != Z_OK)
		return -ENOMEM;
	s->is_gzip = s->in_member = true;
	return 0;
}

static bool is_zero(const Bytef *data, size_t size)
{
	return size == 0 || (data[0] == 0 && memcmp(data, data + 1, size - 1) == 0);
}

/* Between members, with something to read: another one, or the padding of a tape. */
static int next_member(struct gunzip_state *s)
{
	if (*s->z.next_in == 0x1f) {
		if (zlib.inflateReset(&s->z) != Z_OK)
			return -ENOMEM;
		s->in_member = true;
		return 0;
	}
	if (!is_zero(s->z.next_in, s->z.avail_in))
		return damaged(s, "there is something behind the end of the gzip");
	s->z.avail_in = 0;
	return 0;
}

/* Return: 1, 0 if the file is at its end, or a negative errno. */
static int inflate_some(struct gunzip *gz)
{
	struct gunzip_state *s = gz->state;
	int err = s->z.avail_in ? 0 : fill(gz);

	if (err)
		return err;
	if (!s->z.avail_in)
		return s->in_member ? damaged(s, "the gzip is cut off") : 0;
	if (!s->in_member) {
		err = next_member(s);
		return err ? err : 1;
	}
	int r = zlib.inflate(&s->z, Z_NO_FLUSH);

	if (r == Z_STREAM_END)
		s->in_member = false;
	else if (r == Z_MEM_ERROR)
		return -ENOMEM;
	else if (r != Z_OK && r != Z_BUF_ERROR)
		return damaged(s, s->z.msg ? s->z.msg : "the gzip is damaged");
	return 1;
}

static int next_inflated(struct gunzip *gz, struct pipeline_block *block)
{
	struct gunzip_state *s = gz->state;
	int more = 1;

	s->z.next_out = block->data;
	s->z.avail_out = GUNZIP_BLOCK;
	while (more > 0 && s->z.avail_out)
		more = inflate_some(gz);
	block->size = GUNZIP_BLOCK - s->z.avail_out;
	return more < 0 ? more : 0;
}

static int next_plain(struct gunzip *gz, struct pipeline_block *block)
{
	struct gunzip_state *s = gz->state;
	int err = s->z.avail_in ? 0 : fill(gz);

	block->size = err ? 0 : s->z.avail_in;
	memcpy(block->data, s->in, block->size);
	s->z.avail_in = 0;
	return err;
}

/* Of what is whole in one block, at once. */
static int next_stored(struct gunzip *gz, struct pipeline_block *block)
{
	struct gunzip_state *s = gz->state;
	const unsigned char *data;
	int err = fill(gz);

	block->size = 0;
	if (err || s->started)
		return err;
	s->started = true;
	err = stored_unpack(s->in, s->z.avail_in, &data, &block->size, &s->reason);
	if (!err)
		memcpy(block->data, data, block->size);
	return err;
}

static void note_used(struct gunzip *gz, const struct pipeline_block *block)
{
	size_t used = block->size;

	while (used && !block->data[used - 1])
		used--;
	if (used)
		gz->last_used = gz->position + used;
	gz->position += block->size;
}

/* In another thread, if there is one. */
static int fill_block(void *data, struct pipeline_block *block)
{
	struct gunzip *gz = data;
	int err = gz->stored || gz->state->started ? 0 : gunzip_start(gz);

	if (!err)
		err = gz->stored	   ? next_stored(gz, block)
		      : gz->state->is_gzip ? next_inflated(gz, block)
					   : next_plain(gz, block);
	if (!err)
		note_used(gz, block);
	return err;
}

ssize_t gunzip_next(struct gunzip *gz, const void **ret, const char **ret_reason)
{
	struct gunzip_state *s = gz->state;

	*ret_reason = NO_MEMORY;
	if (!s) {
		/* One byte more than the longest file tells that this is a longer one. */
		size_t room = gz->stored ? STORED_SIZE + 1 : GUNZIP_BLOCK;

		s = gz->state = calloc(1, sizeof(*s) + room);
		if (!s || pipeline_open(&s->pipeline, room, fill_block, gz))
			return -ENOMEM;
		s->room = room;
		s->reason = NO_MEMORY;
	}
	ssize_t n = pipeline_get(&s->pipeline, ret);

	if (n < 0)
		*ret_reason = s->reason;
	return n;
}
