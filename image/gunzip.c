// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/gunzip.h"

#include <string.h>
#include <zlib.h>

#include "base/fd.h"
#include "base/library.h"

#define ZLIB_FUNCTIONS(X) X(inflateInit2_) X(inflateReset) X(inflate) X(inflateEnd)

static struct zlib_functions {
	ZLIB_FUNCTIONS(LIBRARY_FIELD)
} zlib;

#define ROW(name) LIBRARY_ROW(struct zlib_functions, name)

static const struct library_symbol symbols[] = { ZLIB_FUNCTIONS(ROW) };

/* libarchive has it loaded already. */
static struct library library = {
	.soname = "libz.so.1",
	.symbols = symbols,
	.n_symbols = ARRAY_SIZE(symbols),
	.table = &zlib,
};

#define GZIP_ONLY (16 + 15) /* for inflateInit2: gzip, with the largest window */

struct gunzip_state {
	z_stream z;
	bool started, is_gzip, in_member, at_end;
	Bytef in[GUNZIP_BLOCK], out[GUNZIP_BLOCK];
};

int gunzip_prepare(const char **ret_reason)
{
	int err = library_load(&library);

	*ret_reason = library.reason;
	return err;
}

void gunzip_free(struct gunzip *gz)
{
	int saved = errno;

	if (gz->state && gz->state->is_gzip)
		zlib.inflateEnd(&gz->state->z);
	util_free(&gz->state);
	errno = saved;
}

static int damaged(const char **ret_reason, const char *reason)
{
	*ret_reason = reason;
	return -EBADMSG;
}

/* Return: 0, also at the end of the file, where nothing is there to be read. */
static int fill(struct gunzip *gz, const char **ret_reason)
{
	struct gunzip_state *s = gz->state;
	ssize_t n = s->at_end ? 0 : fd_read_full(gz->fd, s->in, sizeof(s->in));

	if (n < 0) {
		*ret_reason = strerror((int)-n);
		return (int)n;
	}
	if (gz->digest)
		digest_add(gz->digest, s->in, (size_t)n);
	s->at_end = (size_t)n < sizeof(s->in);
	s->z.next_in = s->in;
	s->z.avail_in = (uInt)n;
	return 0;
}

static int start(struct gunzip *gz, const char **ret_reason)
{
	struct gunzip_state *s = gz->state = calloc(1, sizeof(*s));
	int err = s ? fill(gz, ret_reason) : -ENOMEM;

	if (err)
		return err;
	s->started = true;
	if (s->z.avail_in < 2 || s->in[0] != 0x1f || s->in[1] != 0x8b)
		return 0;
	if (zlib.inflateInit2_(&s->z, GZIP_ONLY, ZLIB_VERSION, (int)sizeof(s->z)) != Z_OK)
		return -ENOMEM;
	s->is_gzip = s->in_member = true;
	return 0;
}

static bool is_zero(const Bytef *data, size_t size)
{
	return size == 0 || (data[0] == 0 && memcmp(data, data + 1, size - 1) == 0);
}

/* Between members, with something to read: another one, or the padding of a tape. */
static int next_member(struct gunzip_state *s, const char **ret_reason)
{
	if (*s->z.next_in == 0x1f) {
		if (zlib.inflateReset(&s->z) != Z_OK)
			return -ENOMEM;
		s->in_member = true;
		return 0;
	}
	if (!is_zero(s->z.next_in, s->z.avail_in))
		return damaged(ret_reason, "there is something behind the end of the gzip");
	s->z.avail_in = 0;
	return 0;
}

/* Return: 1, 0 if the file is at its end, or a negative errno. */
static int inflate_some(struct gunzip *gz, const char **ret_reason)
{
	struct gunzip_state *s = gz->state;
	int err = s->z.avail_in ? 0 : fill(gz, ret_reason);

	if (err)
		return err;
	if (!s->z.avail_in)
		return s->in_member ? damaged(ret_reason, "the gzip is cut off") : 0;
	if (!s->in_member) {
		err = next_member(s, ret_reason);
		return err ? err : 1;
	}
	int r = zlib.inflate(&s->z, Z_NO_FLUSH);

	if (r == Z_STREAM_END)
		s->in_member = false;
	else if (r == Z_MEM_ERROR)
		return -ENOMEM;
	else if (r != Z_OK && r != Z_BUF_ERROR)
		return damaged(ret_reason, s->z.msg ? s->z.msg : "the gzip is damaged");
	return 1;
}

static ssize_t next_inflated(struct gunzip *gz, const void **ret, const char **ret_reason)
{
	struct gunzip_state *s = gz->state;
	int more = 1;

	s->z.next_out = s->out;
	s->z.avail_out = sizeof(s->out);
	while (more > 0 && s->z.avail_out)
		more = inflate_some(gz, ret_reason);
	*ret = s->out;
	return more < 0 ? more : (ssize_t)(sizeof(s->out) - s->z.avail_out);
}

static ssize_t next_plain(struct gunzip *gz, const void **ret, const char **ret_reason)
{
	struct gunzip_state *s = gz->state;
	int err = s->started ? 0 : fill(gz, ret_reason);

	s->started = false;
	*ret = s->in;
	return err ? err : (ssize_t)s->z.avail_in;
}

static void note_used(struct gunzip *gz, const char *data, size_t size)
{
	size_t used = size;

	while (used && !data[used - 1])
		used--;
	if (used)
		gz->last_used = gz->position + used;
	gz->position += size;
}

ssize_t gunzip_next(struct gunzip *gz, const void **ret, const char **ret_reason)
{
	*ret_reason = "there is no memory to unpack it";
	int err = gz->state ? 0 : start(gz, ret_reason);

	if (err)
		return err;
	ssize_t n = gz->state->is_gzip ? next_inflated(gz, ret, ret_reason)
				       : next_plain(gz, ret, ret_reason);

	if (n > 0)
		note_used(gz, *ret, (size_t)n);
	return n;
}
