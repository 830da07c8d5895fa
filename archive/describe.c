// SPDX-License-Identifier: LGPL-2.1-or-later
#include "archive/describe.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "archive/inode-flags.h"

#define BLOCK	    4096
#define VALUE_SHOWN 32 /* bytes of an attribute that are shown; a longer one is digested */

/* ---- text that grows ---- */

int describe_add(struct describe_text *text, const char *format, ...)
{
	cleanup_free char *more = NULL;
	va_list args;

	va_start(args, format);
	int n = vasprintf(&more, format, args);

	va_end(args);
	if (n < 0) {
		more = NULL;
		return -ENOMEM;
	}
	char *data = realloc(text->data, text->size + (size_t)n + 1);

	if (!data)
		return -ENOMEM;
	memcpy(data + text->size, more, (size_t)n + 1);
	text->data = data;
	text->size += (size_t)n;
	return 0;
}

/* ---- data ---- */

/* A digest of a file by blocks: all that is zero is left out, wherever the archive has holes. */
struct blocks {
	struct digest digest;
	uint64_t number; /* of the block being filled */
	char data[BLOCK];
	bool dirty;
};

static bool is_zero(const char *data, size_t size)
{
	return size == 0 || (data[0] == 0 && memcmp(data, data + 1, size - 1) == 0);
}

static void blocks_flush(struct blocks *blocks)
{
	if (blocks->dirty && !is_zero(blocks->data, BLOCK)) {
		uint64_t number = blocks->number;

		digest_add(&blocks->digest, &number, sizeof(number));
		digest_add(&blocks->digest, blocks->data, BLOCK);
	}
	memset(blocks->data, 0, BLOCK);
	blocks->dirty = false;
}

static void blocks_add(struct blocks *blocks, uint64_t offset, const char *data, size_t size)
{
	while (size) {
		size_t at = offset % BLOCK;
		size_t n = size < BLOCK - at ? size : BLOCK - at;

		if (offset / BLOCK != blocks->number) {
			blocks_flush(blocks);
			blocks->number = offset / BLOCK;
		}
		memcpy(blocks->data + at, data, n);
		blocks->dirty = true;
		offset += n;
		data += n;
		size -= n;
	}
}

static int add_data(struct archive *a, struct archive_entry *entry, struct describe_text *text,
		    struct archive_fault *fault)
{
	struct blocks blocks = { .number = 0 };
	const void *data;
	size_t size;
	int64_t offset;
	char hex[65];
	int more;

	digest_start(&blocks.digest);
	while ((more = tar_data(a, archive_entry_pathname(entry), &data, &size, &offset, fault)) >
	       0)
		blocks_add(&blocks, (uint64_t)offset, data, size);
	if (more < 0)
		return more;
	blocks_flush(&blocks);
	return describe_add(text, " %lld bytes %s", (long long)archive_entry_size(entry),
			    digest_end_hex(&blocks.digest, hex));
}

/* ---- one entry ---- */

static const char *type_name(struct archive_entry *entry)
{
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return "file";
	case AE_IFDIR:
		return "directory";
	case AE_IFLNK:
		return "symlink";
	case AE_IFIFO:
		return "fifo";
	case AE_IFCHR:
		return "character";
	case AE_IFBLK:
		return "block";
	default:
		return "unknown";
	}
}

static int add_time(struct describe_text *text, time_t seconds, long nanoseconds)
{
	char buf[64];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%S", &tm))
		snprintf(buf, sizeof(buf), "@%lld", (long long)seconds);
	return describe_add(text, " %s.%09ld", buf, nanoseconds);
}

static int add_value(struct describe_text *text, const unsigned char *value, size_t size)
{
	struct digest digest;
	char hex[65];
	int err = 0;

	if (size > VALUE_SHOWN) {
		digest_start(&digest);
		digest_add(&digest, value, size);
		return describe_add(text, "%s", digest_end_hex(&digest, hex));
	}
	for (size_t i = 0; i < size && !err; i++)
		err = describe_add(text, "%02x", value[i]);
	return err;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct mount_attribute *)a)->name,
		      ((const struct mount_attribute *)b)->name);
}

/* A file handle, by which an overlay knows another file: the same one has another in a copy. */
static bool is_handle(const char *name)
{
	return strcmp(name, "trusted.overlay.origin") == 0 ||
	       strcmp(name, "trusted.overlay.upper") == 0;
}

/* Their order is the file system's. Sorts @list. */
static int add_list(struct describe_text *text, struct mount_attribute *list, size_t n)
{
	int err = 0;

	qsort(list, n, sizeof(*list), compare_names);
	for (size_t i = 0; i < n && !err; i++) {
		err = describe_add(text, " %s=", list[i].name);
		if (!err && !is_handle(list[i].name))
			err = add_value(text, list[i].value, list[i].size);
	}
	return err;
}

static int add_attributes(struct describe_text *text, struct archive_entry *entry)
{
	size_t n = (size_t)archive_entry_xattr_reset(entry), size;
	cleanup_free struct mount_attribute *list = calloc(n + 1, sizeof(*list));
	const void *value;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		archive_entry_xattr_next(entry, &list[i].name, &value, &size);
		list[i].value = value;
		list[i].size = (uint32_t)size;
	}
	return add_list(text, list, n);
}

static int add_acls(struct describe_text *text, struct archive_entry *entry)
{
	int style = ARCHIVE_ENTRY_ACL_STYLE_EXTRA_ID | ARCHIVE_ENTRY_ACL_STYLE_SEPARATOR_COMMA;
	int types = archive_entry_acl_types(entry) &
		    (ARCHIVE_ENTRY_ACL_TYPE_ACCESS | ARCHIVE_ENTRY_ACL_TYPE_DEFAULT);

	if (!types)
		return 0;
	cleanup_free char *acl = archive_entry_acl_to_text(
		entry, NULL, types | style | ARCHIVE_ENTRY_ACL_STYLE_MARK_DEFAULT);

	return acl ? describe_add(text, " acl=%s", acl) : -ENOMEM;
}

static int add_type(struct archive *a, struct archive_entry *entry, struct describe_text *text,
		    struct archive_fault *fault)
{
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return add_data(a, entry, text, fault);
	case AE_IFLNK:
		return describe_add(text, " -> %s", archive_entry_symlink(entry));
	case AE_IFCHR:
	case AE_IFBLK:
		return describe_add(text, " %u:%u", (unsigned int)archive_entry_rdevmajor(entry),
				    (unsigned int)archive_entry_rdevminor(entry));
	default:
		return 0;
	}
}

int describe_entry(struct archive *a, struct archive_entry *entry, struct describe_text *text,
		   struct archive_fault *fault)
{
	int err = describe_add(text, "%s %04o %lld:%lld", type_name(entry),
			       (unsigned int)archive_entry_perm(entry),
			       (long long)archive_entry_uid(entry),
			       (long long)archive_entry_gid(entry));

	if (!err)
		err = add_time(text, archive_entry_mtime(entry), archive_entry_mtime_nsec(entry));
	if (!err)
		err = add_type(a, entry, text, fault);
	if (!err)
		err = add_attributes(text, entry);
	if (!err && inode_flags_of(entry))
		err = describe_add(text, " flags=0x%x", inode_flags_of(entry));
	return err ? err : add_acls(text, entry);
}

int describe_socket(const struct mount_contents *contents, const struct mount_socket *socket,
		    struct describe_text *text)
{
	size_t n = socket->n_attributes;
	cleanup_free struct mount_attribute *list = calloc(n + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	if (n)
		memcpy(list, contents->attributes + socket->first_attribute, n * sizeof(*list));
	int err = describe_add(text, "socket %04o %u:%u", socket->mode, socket->uid, socket->gid);

	if (!err && socket->has_times)
		err = add_time(text, socket->mtime.seconds, socket->mtime.nanoseconds);
	return err ? err : add_list(text, list, n);
}
