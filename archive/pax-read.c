// SPDX-License-Identifier: LGPL-2.1-or-later
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LIBARCHIVE_NO_NAMES
#include "archive/pax.h"

#define SPARSE_MAP_MAX (1U << 20)

/* ---- bytes ---- */

int pax_read_open(struct archive *a, void *data, archive_open_callback *open,
		  archive_read_callback *read, archive_close_callback *close)
{
	a->data = data;
	a->read = read;
	return ARCHIVE_OK;
}

/* Return: how many bytes there are, at most @want; 0 at the end; or ARCHIVE_FATAL. */
static ssize_t peek(struct archive *a, const char **ret, size_t want)
{
	if (!a->n_block) {
		const void *block;
		ssize_t n = a->read(a, a->data, &block);

		if (n < 0)
			return ARCHIVE_FATAL;
		a->block = block;
		a->n_block = (size_t)n;
	}
	*ret = a->block;
	return (ssize_t)(a->n_block < want ? a->n_block : want);
}

static void skip(struct archive *a, size_t n)
{
	a->block += n;
	a->n_block -= n;
	a->position += n;
}

/* All of @size bytes; NULL drops them. */
static int pax_read_take(struct archive *a, char *to, uint64_t size)
{
	while (size) {
		const char *data;
		ssize_t n = peek(a, &data, size < SSIZE_MAX ? (size_t)size : SSIZE_MAX);

		if (n < 0)
			return ARCHIVE_FATAL;
		if (n == 0)
			return pax_fault(a, EBADMSG, "the archive is cut off");
		if (to) {
			memcpy(to, data, (size_t)n);
			to += n;
		}
		skip(a, (size_t)n);
		size -= (uint64_t)n;
	}
	return ARCHIVE_OK;
}

static void begin_data(struct archive *a, uint64_t size)
{
	a->left = size;
	a->pad = (unsigned int)(-size % PAX_BLOCK);
}

static int drop_data(struct archive *a)
{
	int r = pax_read_take(a, NULL, a->left);

	if (!r)
		r = pax_read_take(a, NULL, a->pad);
	a->left = a->pad = 0;
	return r;
}

/* ---- numbers ---- */

/* What octal digits cannot say: binary, and the highest bit of the first byte set. */
static bool parse_binary(const char *field, size_t size, uint64_t *ret)
{
	uint64_t value = *field & 0x7f;

	for (size_t i = 1; i < size; i++) {
		if (value >> 55)
			return false;
		value = value << 8 | (unsigned char)field[i];
	}
	*ret = value;
	return true;
}

/* Octal digits, with spaces before and a space or NUL behind. */
static bool parse_octal(const char *field, size_t size, uint64_t *ret)
{
	uint64_t value = 0;
	size_t i = 0;

	if (*field & 0x80)
		return parse_binary(field, size, ret);
	while (i < size && field[i] == ' ')
		i++;
	for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
		value = value << 3 | (uint64_t)(field[i] - '0');
	for (; i < size; i++)
		if (field[i] != ' ' && field[i] != '\0')
			return false;
	*ret = value;
	return true;
}

/* Decimal digits, all of the text. */
static bool parse_number(const char *text, size_t size, int64_t *ret)
{
	uint64_t value = 0;

	if (!size)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9' || value > (INT64_MAX - 9) / 10)
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	*ret = (int64_t)value;
	return true;
}

/* "-12.000000345": the fraction counts forward, as libarchive has it. */
static bool parse_time(const char *text, size_t size, struct pax_time *ret)
{
	bool negative = size && *text == '-';
	const char *dot = memchr(text, '.', size), *end = text + size;
	const char *begin = text + negative;
	int64_t seconds;
	long nanoseconds = 0, unit = 100000000;

	if (!parse_number(begin, (size_t)((dot ? dot : end) - begin), &seconds))
		return false;
	for (const char *p = dot ? dot + 1 : end; p < end; p++, unit /= 10) {
		if (*p < '0' || *p > '9')
			return false;
		nanoseconds += (*p - '0') * unit;
	}
	*ret = (struct pax_time){ true, negative ? -seconds : seconds, nanoseconds };
	return true;
}

/* ---- access control lists: "user::rwx,user:1000:r--:1000,mask::rwx" ---- */

static bool parse_tag(const char *word, size_t size, bool has_id, int *ret)
{
	static const struct {
		const char *word;
		int own, named;
	} tags[] = {
		{ "user", ARCHIVE_ENTRY_ACL_USER_OBJ, ARCHIVE_ENTRY_ACL_USER },
		{ "group", ARCHIVE_ENTRY_ACL_GROUP_OBJ, ARCHIVE_ENTRY_ACL_GROUP },
		{ "mask", ARCHIVE_ENTRY_ACL_MASK, 0 },
		{ "other", ARCHIVE_ENTRY_ACL_OTHER, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
		if (strlen(tags[i].word) == size && memcmp(tags[i].word, word, size) == 0) {
			*ret = has_id ? tags[i].named : tags[i].own;
			return *ret != 0;
		}
	return false;
}

static bool parse_perm(const char *word, size_t size, int *ret)
{
	static const char letters[] = "rwx";

	*ret = 0;
	if (size != 3)
		return false;
	for (int i = 0; i < 3; i++) {
		if (word[i] != letters[i] && word[i] != '-')
			return false;
		*ret |= word[i] == '-' ? 0 : 4 >> i;
	}
	return true;
}

static bool add_acl_word(struct archive_entry *entry, int type, const char *word, size_t size)
{
	const char *field[4] = { word };
	size_t length[4] = { 0 }, n = 0;
	int64_t id = -1;
	int tag, perm;

	for (size_t i = 0; i < size; i++) {
		if (word[i] != ':')
			length[n]++;
		else if (++n == ARRAY_SIZE(field))
			return false;
		else
			field[n] = word + i + 1;
	}
	/* A number behind the name is what counts. */
	size_t number = n == 3 ? 3 : 1;

	if (n < 2 || !parse_tag(field[0], length[0], length[1], &tag) ||
	    !parse_perm(field[2], length[2], &perm))
		return false;
	if (length[1] && (!parse_number(field[number], length[number], &id) || id > UINT32_MAX))
		return false;
	return pax_acl_add(entry, type, perm, tag, (int)(uint32_t)id, NULL) == ARCHIVE_OK;
}

static bool each_word(struct archive_entry *entry, int type, const char *text, size_t size,
		      bool (*each)(struct archive_entry *entry, int type, const char *word,
				   size_t size))
{
	const char *end = text + size;

	while (text < end) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		size_t n = (size_t)((comma ? comma : end) - text);

		if (!each(entry, type, text, n))
			return false;
		text += n + 1;
	}
	return true;
}

static bool add_flag(struct archive_entry *entry, int type, const char *word, size_t size)
{
	unsigned long flag = pax_flag_of(word, size);

	entry->flags |= flag;
	return flag != 0;
}

/* ---- pax headers ---- */

/* What libarchive writes too, and nothing is done with. */
static bool is_idle(const char *key)
{
	static const char *const idle[] = { "hdrcharset", "ctime",	"uname",	"gname",
					    "SCHILY.dev", "SCHILY.ino", "SCHILY.nlink", "comment" };

	for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
		if (strcmp(key, idle[i]) == 0)
			return true;
	return false;
}

/* What the headers say beside the entry. */
struct extra {
	int64_t size; /* of the data in the archive; negative: as the header says */
	int64_t real_size;
	int64_t sparse_major, sparse_minor;
	struct archive_entry *entry; /* filled, but for what an ACL changes of the mode */
	const char *access;	     /* it is applied when the mode is known */
	size_t access_size;
};

static bool set_path(struct archive_entry *entry, char **text, const char *value, size_t size)
{
	/* Else a part of it would be taken for the whole. */
	return !memchr(value, '\0', size) && pax_entry_text(text, value, size);
}

static bool set_sparse(struct extra *x, const char *key, const char *value, size_t size)
{
	if (strcmp(key, "major") == 0)
		return parse_number(value, size, &x->sparse_major);
	if (strcmp(key, "minor") == 0)
		return parse_number(value, size, &x->sparse_minor);
	if (strcmp(key, "realsize") == 0)
		return parse_number(value, size, &x->real_size);
	return strcmp(key, "name") == 0 && set_path(x->entry, &x->entry->pathname, value, size);
}

static bool set_special(struct extra *x, const char *key, const char *value, size_t size)
{
	struct archive_entry *entry = x->entry;

	if (strncmp(key, "xattr.", 6) == 0) {
		pax_attribute_add(entry, key + 6, value, size);
		return key[6];
	}
	if (strcmp(key, "acl.access") == 0) {
		x->access = value;
		x->access_size = size;
		return true;
	}
	if (strcmp(key, "acl.default") == 0)
		return each_word(entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, value, size, add_acl_word);
	return strcmp(key, "fflags") == 0 && each_word(entry, 0, value, size, add_flag);
}

static bool set_key(struct extra *x, const char *key, const char *value, size_t size)
{
	struct archive_entry *entry = x->entry;

	if (strcmp(key, "path") == 0)
		return set_path(entry, &entry->pathname, value, size);
	if (strcmp(key, "linkpath") == 0)
		return set_path(entry, &entry->hardlink, value, size);
	if (strcmp(key, "size") == 0)
		return parse_number(value, size, &x->size);
	if (strcmp(key, "uid") == 0)
		return parse_number(value, size, &entry->uid);
	if (strcmp(key, "gid") == 0)
		return parse_number(value, size, &entry->gid);
	if (strcmp(key, "mtime") == 0)
		return parse_time(value, size, &entry->mtime);
	if (strcmp(key, "atime") == 0)
		return parse_time(value, size, &entry->atime);
	if (is_idle(key))
		return true;
	if (strncmp(key, "SCHILY.", 7) == 0)
		return set_special(x, key + 7, value, size);
	return strncmp(key, "GNU.sparse.", 11) == 0 && set_sparse(x, key + 11, value, size);
}

/* "27 SCHILY.xattr.user.a=value\n": the number counts itself and the end of the line. */
static int parse_records(struct archive *a, char *text, size_t size, struct extra *x)
{
	while (size) {
		char *space = memchr(text, ' ', size < 8 ? size : 8);
		int64_t n = 0;

		if (!space || !parse_number(text, (size_t)(space - text), &n) ||
		    n <= space + 2 - text || (uint64_t)n > size || text[n - 1] != '\n')
			return pax_fault(a, EBADMSG, "a header of it is damaged");
		char *key = space + 1, *end = text + n - 1;
		char *equals = memchr(key, '=', (size_t)(end - key));

		if (!equals)
			return pax_fault(a, EBADMSG, "a header of it is damaged");
		*equals = '\0';
		if (!set_key(x, key, equals + 1, (size_t)(end - equals - 1)))
			return pax_fault(a, x->entry->no_memory ? ENOMEM : EBADMSG,
					 "it has a header '%.64s' that rebind does not write", key);
		size -= (size_t)n;
		text += n;
	}
	return ARCHIVE_OK;
}

static int read_records(struct archive *a, uint64_t size, struct extra *x)
{
	if (size > PAX_HEADER_MAX)
		return pax_fault(a, EBADMSG, "a header of it is too large");
	if (size > a->headers_room) {
		char *p = realloc(a->headers, (size_t)size);

		if (!p)
			return pax_fault(a, ENOMEM, "there is no memory to read it");
		a->headers = p;
		a->headers_room = (size_t)size;
	}
	begin_data(a, size);
	int r = pax_read_take(a, a->headers, size);

	a->left = 0;
	if (!r)
		r = drop_data(a);
	return r ? r : parse_records(a, a->headers, (size_t)size, x);
}

/* ---- headers ---- */

static bool is_zero(const void *data, size_t size)
{
	const char *p = data;

	return p[0] == 0 && memcmp(p, p + 1, size - 1) == 0;
}

/* Return: ARCHIVE_OK, ARCHIVE_EOF or ARCHIVE_FATAL. */
static int read_header(struct archive *a, struct pax_header *header, uint64_t *ret_size)
{
	uint64_t sum;
	int r = pax_read_take(a, (char *)header, sizeof(*header));

	if (r)
		return r;
	if (is_zero(header, sizeof(*header)))
		return ARCHIVE_EOF;
	if (!parse_octal(header->checksum, sizeof(header->checksum), &sum) ||
	    sum != pax_checksum(header) ||
	    memcmp(header->magic, "ustar", sizeof(header->magic)) != 0 ||
	    memcmp(header->version, "00", sizeof(header->version)) != 0 ||
	    !parse_octal(header->size, sizeof(header->size), ret_size))
		return pax_fault(a, EBADMSG, "a header of it is damaged");
	return ARCHIVE_OK;
}

static bool set_name(struct archive_entry *entry, const struct pax_header *header)
{
	char name[sizeof(header->prefix) + 1 + sizeof(header->name) + 1];

	if (entry->pathname)
		return true;
	snprintf(name, sizeof(name), "%.*s%s%.*s", (int)sizeof(header->prefix), header->prefix,
		 *header->prefix ? "/" : "", (int)sizeof(header->name), header->name);
	return pax_entry_text(&entry->pathname, name, strlen(name));
}

/* The pax header of a link's target came before it was known which kind of link it is. */
static bool set_link(struct archive_entry *entry, const struct pax_header *header)
{
	bool is_link = header->type == '1' || header->type == '2';

	if (is_link && !entry->hardlink &&
	    !pax_entry_text(&entry->hardlink, header->link, sizeof(header->link)))
		return false;
	if (header->type == '2') {
		entry->symlink = entry->hardlink;
		entry->hardlink = NULL;
	}
	return is_link || !entry->hardlink;
}

static mode_t type_of(char type)
{
	switch (type) {
	case '0':
	case '1':
		return S_IFREG;
	case '2':
		return S_IFLNK;
	case '3':
		return S_IFCHR;
	case '4':
		return S_IFBLK;
	case '5':
		return S_IFDIR;
	case '6':
		return S_IFIFO;
	default:
		return 0;
	}
}

/* What a pax header said counts more. */
static bool set_numbers(struct archive_entry *entry, const struct pax_header *header)
{
	uint64_t mode, uid, gid, mtime, major, minor;

	if (!parse_octal(header->mode, sizeof(header->mode), &mode) ||
	    !parse_octal(header->uid, sizeof(header->uid), &uid) ||
	    !parse_octal(header->gid, sizeof(header->gid), &gid) ||
	    !parse_octal(header->mtime, sizeof(header->mtime), &mtime) ||
	    !parse_octal(header->major, sizeof(header->major), &major) ||
	    !parse_octal(header->minor, sizeof(header->minor), &minor))
		return false;
	entry->mode = ((mode_t)mode & 07777) | type_of(header->type);
	if (entry->uid < 0)
		entry->uid = (int64_t)uid;
	if (entry->gid < 0)
		entry->gid = (int64_t)gid;
	if (!entry->mtime.is_set)
		entry->mtime = (struct pax_time){ true, (int64_t)mtime, 0 };
	entry->major = (unsigned int)major;
	entry->minor = (unsigned int)minor;
	return true;
}

/* ---- sparse files ---- */

/* A line of the map: a number. The map fills whole blocks. */
static int read_line(struct archive *a, uint64_t *used, int64_t *ret)
{
	char text[20];
	size_t n = 0;

	for (; n < sizeof(text); n++) {
		const char *data;
		ssize_t got = *used < a->left && *used < SPARSE_MAP_MAX ? peek(a, &data, 1) : 0;

		if (got <= 0)
			return got ? ARCHIVE_FATAL
				   : pax_fault(a, EBADMSG, "a map of holes is damaged");
		text[n] = *data;
		skip(a, 1);
		++*used;
		if (text[n] == '\n')
			break;
	}
	return n < sizeof(text) && parse_number(text, n, ret)
		       ? ARCHIVE_OK
		       : pax_fault(a, EBADMSG, "a map of holes is damaged");
}

static int add_extent(struct archive *a, int64_t offset, int64_t size, int64_t *end, uint64_t *sum)
{
	struct archive_entry *entry = &a->entry;

	if (offset < *end || size > INT64_MAX - offset || offset + size > entry->size)
		return pax_fault(a, EBADMSG, "a map of holes is damaged");
	*end = offset + size;
	*sum += (uint64_t)size;
	pax_extent_add(entry, offset, size);
	return entry->no_memory ? pax_fault(a, ENOMEM, "there is no memory to read it")
				: ARCHIVE_OK;
}

static int read_map(struct archive *a)
{
	uint64_t used = 0, sum = 0;
	int64_t n = 0, offset, size, end = 0;
	int r = read_line(a, &used, &n);

	for (int64_t i = 0; i < n && !r; i++) {
		r = read_line(a, &used, &offset);
		if (!r)
			r = read_line(a, &used, &size);
		if (!r)
			r = add_extent(a, offset, size, &end, &sum);
	}
	uint64_t rest = -used % PAX_BLOCK;

	if (!r && used + rest + sum != a->left)
		r = pax_fault(a, EBADMSG, "a map of holes is damaged");
	if (r)
		return r;
	a->left -= used + rest;
	a->entry.is_sparse = true;
	return pax_read_take(a, NULL, rest);
}

static int begin_entry(struct archive *a, const struct pax_header *header, const struct extra *x,
		       uint64_t size)
{
	struct archive_entry *entry = &a->entry;

	if (!type_of(header->type) || !set_name(entry, header) || !set_link(entry, header) ||
	    !set_numbers(entry, header))
		return pax_fault(a, EBADMSG, "it has an entry that rebind does not write");
	if (x->access && !each_word(entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, x->access, x->access_size,
				    add_acl_word))
		return pax_fault(a, EBADMSG, "the access control list of '%.128s' is damaged",
				 entry->pathname);
	if (x->size >= 0)
		size = (uint64_t)x->size;
	if (size > INT64_MAX || (size && (header->type != '0')))
		return pax_fault(a, EBADMSG, "the size of '%.128s' is damaged", entry->pathname);
	begin_data(a, size);
	a->next_extent = 0;
	a->extent_done = 0;
	entry->size = (int64_t)size;
	if (x->sparse_major < 0 && x->sparse_minor < 0 && x->real_size < 0)
		return ARCHIVE_OK;
	if (x->sparse_major != 1 || x->sparse_minor != 0 || x->real_size < 0)
		return pax_fault(a, EBADMSG, "the holes of '%.128s' are damaged", entry->pathname);
	entry->size = x->real_size;
	return read_map(a);
}

int pax_read_next_header(struct archive *a, struct archive_entry **ret)
{
	struct pax_header header;
	struct extra x = { -1, -1, -1, -1, &a->entry, NULL, 0 };
	uint64_t size = 0;
	int r = drop_data(a);

	pax_entry_reset(&a->entry);
	a->entry.uid = a->entry.gid = -1;
	a->header_position = a->position;
	if (!r)
		r = read_header(a, &header, &size);
	if (!r && header.type == 'x') {
		r = read_records(a, size, &x);
		if (!r)
			r = read_header(a, &header, &size);
		if (r == ARCHIVE_EOF)
			r = pax_fault(a, EBADMSG, "the archive is cut off");
	}
	if (!r)
		r = begin_entry(a, &header, &x, size);
	*ret = &a->entry;
	return r;
}

/* ---- data ---- */

/* Where the next byte of the file goes, and how many stand beside it. */
static int64_t place_of_data(struct archive *a, int64_t *ret_size)
{
	const struct archive_entry *entry = &a->entry;

	if (!entry->is_sparse) {
		*ret_size = (int64_t)a->left;
		return entry->size - (int64_t)a->left;
	}
	while (entry->extents[a->next_extent].size == a->extent_done) {
		a->next_extent++;
		a->extent_done = 0;
	}
	*ret_size = entry->extents[a->next_extent].size - a->extent_done;
	return entry->extents[a->next_extent].offset + a->extent_done;
}

int pax_read_data_block(struct archive *a, const void **ret, size_t *size, int64_t *offset)
{
	const char *data;
	int64_t room;

	if (!a->left)
		return ARCHIVE_EOF;
	*offset = place_of_data(a, &room);
	ssize_t n = peek(a, &data, (size_t)room);

	if (n <= 0)
		return n ? ARCHIVE_FATAL : pax_fault(a, EBADMSG, "the archive is cut off");
	skip(a, (size_t)n);
	a->left -= (uint64_t)n;
	a->extent_done += n;
	*ret = data;
	*size = (size_t)n;
	return ARCHIVE_OK;
}
