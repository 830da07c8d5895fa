// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define LIBARCHIVE_NO_NAMES
#include "archive/pax.h"

void pax_entry_reset(struct archive_entry *entry)
{
	free(entry->pathname);
	free(entry->symlink);
	free(entry->hardlink);
	for (size_t i = 0; i < entry->n_attributes; i++) {
		free(entry->attributes[i].name);
		free(entry->attributes[i].value);
	}
	free(entry->attributes);
	free(entry->acl);
	free(entry->extents);
	*entry = (struct archive_entry){ 0 };
}

bool pax_entry_text(char **text, const char *from, size_t size)
{
	char *copy = strndup(from, size);

	if (!copy)
		return false;
	free(*text);
	*text = copy;
	return true;
}

/* A list with room for one more: it grows where its number is a power of two. */
static void *grown(void *list, size_t n, size_t size)
{
	return n & (n - 1) ? list : realloc(list, (n ? 2 * n : 1) * size);
}

/* ---- extended attributes ---- */

void pax_attribute_add(struct archive_entry *entry, const char *name, const void *value,
		       size_t size)
{
	struct pax_attribute *list = grown(entry->attributes, entry->n_attributes, sizeof(*list));

	if (list)
		entry->attributes = list;
	cleanup_free char *key = list ? strdup(name) : NULL;
	void *copy = key ? malloc(size + 1) : NULL;

	if (!copy) {
		entry->no_memory = true;
		return;
	}
	memcpy(copy, value, size);
	entry->attributes[entry->n_attributes++] =
		(struct pax_attribute){ take_ptr(&key), copy, size };
}

static int attribute_reset(struct archive_entry *entry)
{
	entry->next_attribute = 0;
	return (int)entry->n_attributes;
}

static int attribute_next(struct archive_entry *entry, const char **name, const void **value,
			  size_t *size)
{
	if (entry->next_attribute >= entry->n_attributes)
		return ARCHIVE_WARN;
	const struct pax_attribute *attribute = &entry->attributes[entry->next_attribute++];

	*name = attribute->name;
	*value = attribute->value;
	*size = attribute->size;
	return ARCHIVE_OK;
}

/* ---- ACLs ---- */

/* Where in the mode a part of the access list stands, or -1. */
static int mode_shift(int type, int tag)
{
	if (type != ARCHIVE_ENTRY_ACL_TYPE_ACCESS)
		return -1;
	return tag == ARCHIVE_ENTRY_ACL_USER_OBJ    ? 6
	       : tag == ARCHIVE_ENTRY_ACL_GROUP_OBJ ? 3
	       : tag == ARCHIVE_ENTRY_ACL_OTHER	    ? 0
						    : -1;
}

int pax_acl_add(struct archive_entry *entry, int type, int perm, int tag, int id, const char *name)
{
	int shift = mode_shift(type, tag);

	if (shift >= 0) {
		entry->mode = (entry->mode & ~(07U << shift)) | (mode_t)(perm & 7) << shift;
		return ARCHIVE_OK;
	}
	struct pax_acl *list = grown(entry->acl, entry->n_acl, sizeof(*list));

	if (!list) {
		entry->no_memory = true;
		return ARCHIVE_FATAL;
	}
	entry->acl = list;
	list[entry->n_acl++] = (struct pax_acl){ type, perm, tag, id };
	return ARCHIVE_OK;
}

static int acl_types(struct archive_entry *entry)
{
	int types = 0;

	for (size_t i = 0; i < entry->n_acl; i++)
		types |= entry->acl[i].type;
	return types;
}

static int acl_reset(struct archive_entry *entry, int type)
{
	int n = 0;

	for (size_t i = 0; i < entry->n_acl; i++)
		n += entry->acl[i].type == type;
	if (n && type == ARCHIVE_ENTRY_ACL_TYPE_ACCESS)
		n += 3;
	entry->acl_type = n ? type : 0;
	entry->next_acl = type == ARCHIVE_ENTRY_ACL_TYPE_ACCESS ? -3 : 0;
	return n;
}

static int acl_next(struct archive_entry *entry, int type, int *ret_type, int *perm, int *tag,
		    int *id, const char **name)
{
	static const int from_mode[] = { ARCHIVE_ENTRY_ACL_USER_OBJ, ARCHIVE_ENTRY_ACL_GROUP_OBJ,
					 ARCHIVE_ENTRY_ACL_OTHER };

	if (entry->acl_type != type)
		return ARCHIVE_EOF;
	*ret_type = type;
	*name = NULL;
	if (entry->next_acl < 0) {
		*tag = from_mode[entry->next_acl++ + 3];
		*perm = (int)(entry->mode >> mode_shift(type, *tag)) & 7;
		*id = -1;
		return ARCHIVE_OK;
	}
	while ((size_t)entry->next_acl < entry->n_acl) {
		const struct pax_acl *acl = &entry->acl[entry->next_acl++];

		if (acl->type != type)
			continue;
		*perm = acl->perm;
		*tag = acl->tag;
		*id = acl->id;
		return ARCHIVE_OK;
	}
	return ARCHIVE_EOF;
}

/* ---- inode flags: the words of libarchive, which are BSD's ---- */

static const struct {
	const char *name;
	unsigned long flag;
} flags[] = {
	{ "uappnd", FS_APPEND_FL },	   { "sappnd", FS_APPEND_FL }, { "schg", FS_IMMUTABLE_FL },
	{ "simmutable", FS_IMMUTABLE_FL }, { "nodump", FS_NODUMP_FL }, { "noatime", FS_NOATIME_FL },
};

unsigned long pax_flag_of(const char *name, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (strlen(flags[i].name) == size && memcmp(flags[i].name, name, size) == 0)
			return flags[i].flag;
	return 0;
}

const char *pax_flag_name(unsigned long flag)
{
	/* The first is another's word for it. */
	for (size_t i = 1; i < ARRAY_SIZE(flags); i++)
		if (flags[i].flag == flag)
			return flags[i].name;
	return NULL;
}

static void get_flags(struct archive_entry *entry, unsigned long *set, unsigned long *clear)
{
	*set = entry->flags;
	*clear = 0;
}

static void set_flags(struct archive_entry *entry, unsigned long set, unsigned long clear)
{
	entry->flags = set;
}

/* ---- sparse files ---- */

void pax_extent_add(struct archive_entry *entry, int64_t offset, int64_t size)
{
	struct pax_extent *list = grown(entry->extents, entry->n_extents, sizeof(*list));

	entry->is_sparse = true;
	if (!list) {
		entry->no_memory = true;
		return;
	}
	entry->extents = list;
	list[entry->n_extents++] = (struct pax_extent){ offset, size };
}

static int extent_count(struct archive_entry *entry)
{
	return (int)entry->n_extents;
}

/* ---- fields ---- */

static struct archive_entry *entry_new(void)
{
	return calloc(1, sizeof(struct archive_entry));
}

static void entry_free(struct archive_entry *entry)
{
	if (entry)
		pax_entry_reset(entry);
	free(entry);
}

static struct archive_entry *entry_clear(struct archive_entry *entry)
{
	pax_entry_reset(entry);
	return entry;
}

static void set_text(struct archive_entry *entry, char **text, const char *value)
{
	if (!pax_entry_text(text, value, strlen(value)))
		entry->no_memory = true;
}

static const char *pathname(struct archive_entry *entry)
{
	return entry->pathname;
}

static void set_pathname(struct archive_entry *entry, const char *value)
{
	set_text(entry, &entry->pathname, value);
}

static const char *symlink_of(struct archive_entry *entry)
{
	return entry->symlink;
}

static void set_symlink(struct archive_entry *entry, const char *value)
{
	set_text(entry, &entry->symlink, value);
}

static const char *hardlink(struct archive_entry *entry)
{
	return entry->hardlink;
}

static void set_hardlink(struct archive_entry *entry, const char *value)
{
	set_text(entry, &entry->hardlink, value);
}

static mode_t filetype(struct archive_entry *entry)
{
	return entry->mode & S_IFMT;
}

static mode_t perm(struct archive_entry *entry)
{
	return entry->mode & ~(mode_t)S_IFMT;
}

static void set_mode(struct archive_entry *entry, mode_t mode)
{
	entry->mode = mode;
}

static int64_t uid(struct archive_entry *entry)
{
	return entry->uid;
}

static void set_uid(struct archive_entry *entry, int64_t value)
{
	entry->uid = value;
}

static int64_t gid(struct archive_entry *entry)
{
	return entry->gid;
}

static void set_gid(struct archive_entry *entry, int64_t value)
{
	entry->gid = value;
}

static int64_t size(struct archive_entry *entry)
{
	return entry->size;
}

static void set_size(struct archive_entry *entry, int64_t value)
{
	entry->size = value;
}

static dev_t major_of(struct archive_entry *entry)
{
	return entry->major;
}

static dev_t minor_of(struct archive_entry *entry)
{
	return entry->minor;
}

static void set_rdev(struct archive_entry *entry, dev_t device)
{
	entry->major = gnu_dev_major(device);
	entry->minor = gnu_dev_minor(device);
}

static time_t mtime(struct archive_entry *entry)
{
	return entry->mtime.seconds;
}

static long mtime_nsec(struct archive_entry *entry)
{
	return entry->mtime.nanoseconds;
}

static int mtime_is_set(struct archive_entry *entry)
{
	return entry->mtime.is_set;
}

static void set_mtime(struct archive_entry *entry, time_t seconds, long nanoseconds)
{
	entry->mtime = (struct pax_time){ true, seconds, nanoseconds };
}

static time_t atime(struct archive_entry *entry)
{
	return entry->atime.seconds;
}

static long atime_nsec(struct archive_entry *entry)
{
	return entry->atime.nanoseconds;
}

static int atime_is_set(struct archive_entry *entry)
{
	return entry->atime.is_set;
}

static void set_atime(struct archive_entry *entry, time_t seconds, long nanoseconds)
{
	entry->atime = (struct pax_time){ true, seconds, nanoseconds };
}

/* ---- archives ---- */

int pax_fault(struct archive *a, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(a->text, sizeof(a->text), format, args);
	va_end(args);
	a->err = err;
	return ARCHIVE_FATAL;
}

static void set_error(struct archive *a, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(a->text, sizeof(a->text), format, args);
	va_end(args);
	a->err = err;
}

static int get_errno(struct archive *a)
{
	return a->err;
}

static const char *error_string(struct archive *a)
{
	return *a->text ? a->text : NULL;
}

static struct archive *archive_new(void)
{
	return calloc(1, sizeof(struct archive));
}

static int archive_end(struct archive *a)
{
	if (!a)
		return ARCHIVE_OK;
	pax_entry_reset(&a->entry);
	free(a->headers);
	free(a->out);
	free(a);
	return ARCHIVE_OK;
}

static int64_t header_position(struct archive *a)
{
	return (int64_t)a->header_position;
}

static int agree(struct archive *a)
{
	return ARCHIVE_OK;
}

static int agree_to_option(struct archive *a, const char *module, const char *option,
			   const char *value)
{
	return ARCHIVE_OK;
}

static int agree_to_block(struct archive *a, int bytes)
{
	return ARCHIVE_OK;
}

unsigned int pax_checksum(const struct pax_header *header)
{
	const unsigned char *p = (const unsigned char *)header;
	unsigned int sum = 0;

	for (size_t i = 0; i < sizeof(*header); i++)
		sum += p[i];
	for (size_t i = 0; i < sizeof(header->checksum); i++)
		sum += ' ' - (unsigned int)(unsigned char)header->checksum[i];
	return sum;
}

const struct libarchive_functions pax_functions = {
	.archive_entry_acl_add_entry = pax_acl_add,
	.archive_entry_acl_next = acl_next,
	.archive_entry_acl_reset = acl_reset,
	.archive_entry_acl_types = acl_types,
	.archive_entry_atime = atime,
	.archive_entry_atime_is_set = atime_is_set,
	.archive_entry_atime_nsec = atime_nsec,
	.archive_entry_clear = entry_clear,
	.archive_entry_fflags = get_flags,
	.archive_entry_filetype = filetype,
	.archive_entry_free = entry_free,
	.archive_entry_gid = gid,
	.archive_entry_hardlink = hardlink,
	.archive_entry_mtime = mtime,
	.archive_entry_mtime_is_set = mtime_is_set,
	.archive_entry_mtime_nsec = mtime_nsec,
	.archive_entry_new = entry_new,
	.archive_entry_pathname = pathname,
	.archive_entry_perm = perm,
	.archive_entry_rdevmajor = major_of,
	.archive_entry_rdevminor = minor_of,
	.archive_entry_set_atime = set_atime,
	.archive_entry_set_fflags = set_flags,
	.archive_entry_set_gid = set_gid,
	.archive_entry_set_hardlink = set_hardlink,
	.archive_entry_set_mode = set_mode,
	.archive_entry_set_mtime = set_mtime,
	.archive_entry_set_pathname = set_pathname,
	.archive_entry_set_rdev = set_rdev,
	.archive_entry_set_size = set_size,
	.archive_entry_set_symlink = set_symlink,
	.archive_entry_set_uid = set_uid,
	.archive_entry_size = size,
	.archive_entry_sparse_add_entry = pax_extent_add,
	.archive_entry_sparse_count = extent_count,
	.archive_entry_symlink = symlink_of,
	.archive_entry_uid = uid,
	.archive_entry_xattr_add_entry = pax_attribute_add,
	.archive_entry_xattr_next = attribute_next,
	.archive_entry_xattr_reset = attribute_reset,
	.archive_errno = get_errno,
	.archive_error_string = error_string,
	.archive_read_data_block = pax_read_data_block,
	.archive_read_free = archive_end,
	.archive_read_header_position = header_position,
	.archive_read_new = archive_new,
	.archive_read_next_header = pax_read_next_header,
	.archive_read_open = pax_read_open,
	.archive_read_support_format_tar = agree,
	.archive_set_error = set_error,
	.archive_write_close = pax_write_close,
	.archive_write_data = pax_write_data,
	.archive_write_free = archive_end,
	.archive_write_header = pax_write_header,
	.archive_write_new = archive_new,
	.archive_write_open = pax_write_open,
	.archive_write_set_bytes_per_block = agree_to_block,
	.archive_write_set_format_option = agree_to_option,
	.archive_write_set_format_pax = agree,
};
