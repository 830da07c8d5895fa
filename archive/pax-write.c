// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Each entry is a pax header, for the times if for nothing else, and a header of ustar, which says
 * as much of it as fits there: so readers that know no pax get the files, too.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LIBARCHIVE_NO_NAMES
#include "archive/pax.h"

#define OCTAL_7	 07777777
#define OCTAL_11 077777777777LL

/* ---- bytes ---- */

int pax_write_open(struct archive *a, void *data, archive_open_callback *open,
		   archive_write_callback *write, archive_close_callback *close)
{
	a->data = data;
	a->write = write;
	return ARCHIVE_OK;
}

static int pax_write_put(struct archive *a, const void *data, size_t size)
{
	return a->write(a, a->data, data, size) < 0 ? ARCHIVE_FATAL : ARCHIVE_OK;
}

static int put_zeros(struct archive *a, uint64_t size)
{
	static const char zeros[4096];
	int r = ARCHIVE_OK;

	while (size && !r) {
		size_t n = size < sizeof(zeros) ? (size_t)size : sizeof(zeros);

		r = pax_write_put(a, zeros, n);
		size -= n;
	}
	return r;
}

/* What is to be written before the entry's header: pax records, or the map of a sparse file. */
static void pax_write_add(struct archive *a, const void *data, size_t size)
{
	if (a->out_room - a->n_out < size) {
		size_t room = 2 * (a->n_out + size);
		char *p = realloc(a->out, room);

		if (!p) {
			a->err = ENOMEM;
			return;
		}
		a->out = p;
		a->out_room = room;
	}
	memcpy(a->out + a->n_out, data, size);
	a->n_out += size;
}

/* ---- pax records ---- */

static size_t digits_of(size_t n)
{
	size_t digits = 1;

	for (; n > 9; n /= 10)
		digits++;
	return digits;
}

/* The length stands first, and counts itself. */
static void add_record(struct archive *a, const char *prefix, const char *key, const void *value,
		       size_t size)
{
	size_t rest = strlen(prefix) + strlen(key) + size + 3, n = rest + digits_of(rest);
	char number[24];

	n = rest + digits_of(n);
	pax_write_add(a, number, (size_t)snprintf(number, sizeof(number), "%zu ", n));
	pax_write_add(a, prefix, strlen(prefix));
	pax_write_add(a, key, strlen(key));
	pax_write_add(a, "=", 1);
	pax_write_add(a, value, size);
	pax_write_add(a, "\n", 1);
}

static void add_number(struct archive *a, const char *key, int64_t value)
{
	char text[24];

	add_record(a, "", key, text,
		   (size_t)snprintf(text, sizeof(text), "%lld", (long long)value));
}

static void add_time(struct archive *a, const char *key, const struct pax_time *time)
{
	char text[48];
	int n;

	if (!time->is_set)
		return;
	n = snprintf(text, sizeof(text), "%lld", (long long)time->seconds);
	/* Before 1970, too, it is counted forward from the second, as libarchive has it. */
	if (time->nanoseconds) {
		n += snprintf(text + n, sizeof(text) - (size_t)n, ".%09ld", time->nanoseconds);
		while (text[n - 1] == '0')
			n--;
	}
	add_record(a, "", key, text, (size_t)n);
}

static void add_acl_word(struct archive *a, const char *tag, int id, int perm, bool more)
{
	char text[64], number[16] = "";

	if (id != -1)
		snprintf(number, sizeof(number), "%u", (unsigned int)id);
	pax_write_add(a, text,
		      (size_t)snprintf(text, sizeof(text), "%s%s:%s:%c%c%c", more ? "," : "", tag,
				       number, perm & 4 ? 'r' : '-', perm & 2 ? 'w' : '-',
				       perm & 1 ? 'x' : '-'));
}

static const char *tag_word(int tag)
{
	switch (tag) {
	case ARCHIVE_ENTRY_ACL_USER_OBJ:
	case ARCHIVE_ENTRY_ACL_USER:
		return "user";
	case ARCHIVE_ENTRY_ACL_GROUP_OBJ:
	case ARCHIVE_ENTRY_ACL_GROUP:
		return "group";
	case ARCHIVE_ENTRY_ACL_MASK:
		return "mask";
	default:
		return "other";
	}
}

/* The words go behind what is there, to be taken from there as a record. */
static void add_acl(struct archive *a, struct archive_entry *entry, int type, const char *key)
{
	size_t begin = a->n_out;
	int n = pax_functions.archive_entry_acl_reset(entry, type), got, perm, tag, id;
	const char *name;

	for (int i = 0; i < n; i++)
		if (pax_functions.archive_entry_acl_next(entry, type, &got, &perm, &tag, &id,
							 &name) == ARCHIVE_OK)
			add_acl_word(a, tag_word(tag), id, perm, i > 0);
	if (!n || a->err)
		return;
	cleanup_free char *words = malloc(a->n_out - begin);
	size_t size = a->n_out - begin;

	if (!words) {
		a->err = ENOMEM;
		return;
	}
	memcpy(words, a->out + begin, size);
	a->n_out = begin;
	add_record(a, "SCHILY.acl.", key, words, size);
}

static void add_flags(struct archive *a, const struct archive_entry *entry)
{
	char text[128] = "";
	size_t n = 0;

	for (unsigned int bit = 0; bit < 32; bit++) {
		const char *name = entry->flags >> bit & 1 ? pax_flag_name(1UL << bit) : NULL;

		if (name)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? "," : "",
					      name);
	}
	if (n)
		add_record(a, "SCHILY.", "fflags", text, n);
}

/* Is it for every reader what it is for us? A name is bytes; a pax header is UTF-8 else. */
static bool is_ascii(const char *text)
{
	for (; text && *text; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

/* ---- headers ---- */

/* Where a path can be cut in two for ustar: a prefix, and a name. NULL: it cannot be. */
static const char *cut_of(const char *path)
{
	size_t n = strlen(path);
	struct pax_header *header;

	if (n <= sizeof(header->name))
		return path;
	const char *slash = strchr(path + n - sizeof(header->name) - 1, '/');

	return slash && slash[1] && slash > path && (size_t)(slash - path) <= sizeof(header->prefix)
		       ? slash + 1
		       : NULL;
}

static void set_octal(char *field, size_t size, uint64_t value)
{
	for (size_t i = size - 1; i-- > 0; value >>= 3)
		field[i] = (char)('0' + (value & 7));
	field[size - 1] = '\0';
}

static uint64_t up_to(int64_t value, int64_t max)
{
	return value >= 0 && value <= max ? (uint64_t)value : 0;
}

static void seal(struct pax_header *header)
{
	memcpy(header->magic, "ustar", 6);
	memcpy(header->version, "00", 2);
	set_octal(header->checksum, 7, pax_checksum(header));
	header->checksum[7] = ' ';
}

static char type_of(const struct archive_entry *entry)
{
	if (entry->hardlink)
		return '1';
	switch (entry->mode & S_IFMT) {
	case S_IFLNK:
		return '2';
	case S_IFCHR:
		return '3';
	case S_IFBLK:
		return '4';
	case S_IFDIR:
		return '5';
	case S_IFIFO:
		return '6';
	default:
		return '0';
	}
}

static const char *target_of(const struct archive_entry *entry)
{
	return entry->hardlink ? entry->hardlink : entry->symlink;
}

/* The path of a directory ends with a slash. @entry: its path is lengthened by it */
static bool end_path(struct archive_entry *entry)
{
	size_t n = strlen(entry->pathname);
	char *path;

	if (!S_ISDIR(entry->mode) || entry->hardlink || (n && entry->pathname[n - 1] == '/'))
		return true;
	path = realloc(entry->pathname, n + 2);
	if (!path)
		return false;
	memcpy(path + n, "/", 2);
	entry->pathname = path;
	return true;
}

static void copy_text(char *field, size_t size, const char *text)
{
	size_t n = strlen(text);

	memcpy(field, text, n < size ? n : size);
}

static void fill_header(const struct archive_entry *entry, uint64_t size, struct pax_header *header)
{
	const char *name = cut_of(entry->pathname);

	*header = (struct pax_header){ .type = type_of(entry) };
	if (entry->is_sparse)
		copy_text(header->name, sizeof(header->name), "./GNUSparseFile.0/sparse");
	else if (name && name > entry->pathname) {
		memcpy(header->prefix, entry->pathname, (size_t)(name - 1 - entry->pathname));
		copy_text(header->name, sizeof(header->name), name);
	} else
		copy_text(header->name, sizeof(header->name), entry->pathname);
	set_octal(header->mode, sizeof(header->mode), entry->mode & 07777);
	set_octal(header->uid, sizeof(header->uid), up_to(entry->uid, OCTAL_7));
	set_octal(header->gid, sizeof(header->gid), up_to(entry->gid, OCTAL_7));
	set_octal(header->size, sizeof(header->size), up_to((int64_t)size, OCTAL_11));
	set_octal(header->mtime, sizeof(header->mtime), up_to(entry->mtime.seconds, OCTAL_11));
	set_octal(header->major, sizeof(header->major), entry->major);
	set_octal(header->minor, sizeof(header->minor), entry->minor);
	if (target_of(entry))
		copy_text(header->link, sizeof(header->link), target_of(entry));
	seal(header);
}

/* All that the header has no room for. */
static void add_records(struct archive *a, struct archive_entry *entry, uint64_t size)
{
	const char *target = target_of(entry);
	bool long_path = !entry->is_sparse && !cut_of(entry->pathname);
	bool long_target = target && strlen(target) > sizeof(((struct pax_header *)0)->link);

	if ((long_path && !is_ascii(entry->pathname)) || (long_target && !is_ascii(target)) ||
	    (entry->is_sparse && !is_ascii(entry->pathname)))
		add_record(a, "", "hdrcharset", "BINARY", 6);
	if (long_path)
		add_record(a, "", "path", entry->pathname, strlen(entry->pathname));
	if (long_target)
		add_record(a, "", "linkpath", target, strlen(target));
	if (size > OCTAL_11)
		add_number(a, "size", (int64_t)size);
	if (entry->uid > OCTAL_7)
		add_number(a, "uid", entry->uid);
	if (entry->gid > OCTAL_7)
		add_number(a, "gid", entry->gid);
	add_time(a, "mtime", &entry->mtime);
	add_time(a, "atime", &entry->atime);
	add_flags(a, entry);
	add_acl(a, entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, "access");
	add_acl(a, entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, "default");
	for (size_t i = 0; i < entry->n_attributes; i++)
		add_record(a, "SCHILY.xattr.", entry->attributes[i].name,
			   entry->attributes[i].value, entry->attributes[i].size);
	if (!entry->is_sparse)
		return;
	add_number(a, "GNU.sparse.major", 1);
	add_number(a, "GNU.sparse.minor", 0);
	add_record(a, "", "GNU.sparse.name", entry->pathname, strlen(entry->pathname));
	add_number(a, "GNU.sparse.realsize", entry->size);
}

static int put_added(struct archive *a)
{
	static const char zeros[PAX_BLOCK];

	pax_write_add(a, zeros, -a->n_out % PAX_BLOCK);
	int r = a->err ? ARCHIVE_FATAL : pax_write_put(a, a->out, a->n_out);

	a->n_out = 0;
	return r;
}

static int put_records(struct archive *a)
{
	struct pax_header header = { .type = 'x' };

	if (a->err)
		return pax_fault(a, a->err, "there is no memory to write it");
	copy_text(header.name, sizeof(header.name), "./PaxHeaders/entry");
	set_octal(header.mode, sizeof(header.mode), 0644);
	set_octal(header.uid, sizeof(header.uid), 0);
	set_octal(header.gid, sizeof(header.gid), 0);
	set_octal(header.size, sizeof(header.size), a->n_out);
	set_octal(header.mtime, sizeof(header.mtime), 0);
	set_octal(header.major, sizeof(header.major), 0);
	set_octal(header.minor, sizeof(header.minor), 0);
	seal(&header);
	int r = pax_write_put(a, &header, sizeof(header));

	return r ? r : put_added(a);
}

/* ---- sparse files ---- */

/* The file ends where its last extent ends: an empty one stands for a hole there. */
static void end_extents(struct archive_entry *entry)
{
	const struct pax_extent *last =
		entry->n_extents ? &entry->extents[entry->n_extents - 1] : NULL;

	if (entry->is_sparse && (!last || last->offset + last->size < entry->size))
		pax_extent_add(entry, entry->size, 0);
}

static void add_map(struct archive *a, const struct archive_entry *entry)
{
	char text[64];

	pax_write_add(a, text, (size_t)snprintf(text, sizeof(text), "%zu\n", entry->n_extents));
	for (size_t i = 0; i < entry->n_extents; i++)
		pax_write_add(a, text,
			      (size_t)snprintf(text, sizeof(text), "%lld\n%lld\n",
					       (long long)entry->extents[i].offset,
					       (long long)entry->extents[i].size));
}

/* Return: the size of the map in the archive; it waits in @a for its turn. */
static size_t map_size(const struct archive_entry *entry)
{
	size_t n = digits_of(entry->n_extents) + 1;

	for (size_t i = 0; i < entry->n_extents; i++)
		n += digits_of((size_t)entry->extents[i].offset) +
		     digits_of((size_t)entry->extents[i].size) + 2;
	return (n + PAX_BLOCK - 1) / PAX_BLOCK * PAX_BLOCK;
}

static uint64_t data_size(const struct archive_entry *entry)
{
	uint64_t sum = 0;

	if (entry->hardlink || !S_ISREG(entry->mode))
		return 0;
	if (!entry->is_sparse)
		return (uint64_t)entry->size;
	for (size_t i = 0; i < entry->n_extents; i++)
		sum += (uint64_t)entry->extents[i].size;
	return sum;
}

/* ---- entries ---- */

static int finish_entry(struct archive *a)
{
	int r = put_zeros(a, a->left + a->pad);

	a->left = a->pad = 0;
	a->current = NULL;
	return r;
}

int pax_write_header(struct archive *a, struct archive_entry *entry)
{
	struct pax_header header;
	int r = finish_entry(a);

	end_extents(entry);
	if (r)
		return r;
	if (entry->no_memory || !end_path(entry))
		return pax_fault(a, ENOMEM, "there is no memory to write it");
	uint64_t data = data_size(entry);
	uint64_t size = data + (entry->is_sparse ? map_size(entry) : 0);

	add_records(a, entry, size);
	if (a->n_out > PAX_HEADER_MAX)
		return pax_fault(a, E2BIG, "its header is longer than a megabyte");
	r = put_records(a);
	fill_header(entry, size, &header);
	if (!r)
		r = pax_write_put(a, &header, sizeof(header));
	if (!r && entry->is_sparse) {
		add_map(a, entry);
		r = put_added(a);
	}
	a->left = data;
	a->pad = (unsigned int)(-size % PAX_BLOCK);
	a->current = entry;
	a->at = 0;
	a->next_extent = 0;
	return r;
}

/* How many bytes from here on are of one kind, data or hole. */
static int64_t run_length(struct archive *a, bool *ret_is_data)
{
	const struct archive_entry *entry = a->current;

	*ret_is_data = !entry->is_sparse;
	if (!entry->is_sparse)
		return entry->size - a->at;
	while (a->next_extent < entry->n_extents) {
		const struct pax_extent *extent = &entry->extents[a->next_extent];

		if (a->at < extent->offset)
			return extent->offset - a->at;
		*ret_is_data = true;
		if (a->at < extent->offset + extent->size)
			return extent->offset + extent->size - a->at;
		*ret_is_data = false;
		a->next_extent++;
	}
	return entry->size - a->at;
}

/* Of a sparse file all bytes come here; those of its holes go nowhere. */
ssize_t pax_write_data(struct archive *a, const void *data, size_t size)
{
	bool is_data;
	int64_t room = a->current ? run_length(a, &is_data) : 0;
	size_t n = (uint64_t)room < size ? (size_t)room : size;

	if (!n) {
		pax_fault(a, ESTALE, "it became longer while it was read");
		return ARCHIVE_FATAL;
	}
	if (is_data && pax_write_put(a, data, n))
		return ARCHIVE_FATAL;
	a->left -= is_data ? n : 0;
	a->at += (int64_t)n;
	return (ssize_t)n;
}

int pax_write_close(struct archive *a)
{
	int r = finish_entry(a);

	return r ? r : put_zeros(a, 2 * PAX_BLOCK);
}
