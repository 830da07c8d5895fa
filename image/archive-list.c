// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "image/digest.h"
#include "image/tar.h"

#define BLOCK	    4096
#define VALUE_SHOWN 32 /* bytes of an attribute that are shown; a longer one is digested */

/* ---- text that grows ---- */

struct text {
	char *data;
	size_t size;
};

static int add_text(struct text *text, const char *format, ...) printf_like(2, 3);
static int add_text(struct text *text, const char *format, ...)
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

static int add_data(struct archive *a, struct archive_entry *entry, struct text *text,
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
	return add_text(text, " %lld bytes %s", (long long)archive_entry_size(entry),
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

static int add_time(struct text *text, struct archive_entry *entry)
{
	time_t seconds = archive_entry_mtime(entry);
	char buf[64];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%S", &tm))
		snprintf(buf, sizeof(buf), "@%lld", (long long)seconds);
	return add_text(text, " %s.%09ld", buf, archive_entry_mtime_nsec(entry));
}

static int add_value(struct text *text, const unsigned char *value, size_t size)
{
	struct digest digest;
	char hex[65];
	int err = 0;

	if (size > VALUE_SHOWN) {
		digest_start(&digest);
		digest_add(&digest, value, size);
		return add_text(text, "%s", digest_end_hex(&digest, hex));
	}
	for (size_t i = 0; i < size && !err; i++)
		err = add_text(text, "%02x", value[i]);
	return err;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct attribute {
	const char *name;
	const void *value;
	size_t size;
};

static int add_attributes(struct text *text, struct archive_entry *entry)
{
	int n = archive_entry_xattr_reset(entry), err = 0;
	cleanup_free struct attribute *list = calloc((size_t)n + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (int i = 0; i < n; i++)
		archive_entry_xattr_next(entry, &list[i].name, &list[i].value, &list[i].size);
	/* Their order is the file system's. The name is the first field. */
	qsort(list, (size_t)n, sizeof(*list), compare_names);
	for (int i = 0; i < n && !err; i++) {
		err = add_text(text, " %s=", list[i].name);
		if (!err)
			err = add_value(text, list[i].value, list[i].size);
	}
	return err;
}

static int add_acls(struct text *text, struct archive_entry *entry)
{
	int style = ARCHIVE_ENTRY_ACL_STYLE_EXTRA_ID | ARCHIVE_ENTRY_ACL_STYLE_SEPARATOR_COMMA;
	int types = archive_entry_acl_types(entry) &
		    (ARCHIVE_ENTRY_ACL_TYPE_ACCESS | ARCHIVE_ENTRY_ACL_TYPE_DEFAULT);

	if (!types)
		return 0;
	cleanup_free char *acl = archive_entry_acl_to_text(
		entry, NULL, types | style | ARCHIVE_ENTRY_ACL_STYLE_MARK_DEFAULT);

	return acl ? add_text(text, " acl=%s", acl) : -ENOMEM;
}

static int add_type(struct archive *a, struct archive_entry *entry, struct text *text,
		    struct archive_fault *fault)
{
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return add_data(a, entry, text, fault);
	case AE_IFLNK:
		return add_text(text, " -> %s", archive_entry_symlink(entry));
	case AE_IFCHR:
	case AE_IFBLK:
		return add_text(text, " %u:%u", (unsigned int)archive_entry_rdevmajor(entry),
				(unsigned int)archive_entry_rdevminor(entry));
	default:
		return 0;
	}
}

static int describe(struct archive *a, struct archive_entry *entry, struct text *text,
		    struct archive_fault *fault)
{
	int err =
		add_text(text, "%s %04o %lld:%lld", type_name(entry),
			 (unsigned int)archive_entry_perm(entry),
			 (long long)archive_entry_uid(entry), (long long)archive_entry_gid(entry));

	if (!err)
		err = add_time(text, entry);
	if (!err)
		err = add_type(a, entry, text, fault);
	if (!err)
		err = add_attributes(text, entry);
	return err ? err : add_acls(text, entry);
}

/* ---- the list ---- */

/* An entry on its way into the list. The public struct comes first: it is what is sorted. */
struct item {
	struct archive_entry_info info;
	char *target; /* of a hard link */
};

struct items {
	struct item *list;
	size_t n, room;
};

static void items_free(struct items *items)
{
	for (size_t i = 0; i < items->n; i++) {
		free(items->list[i].info.path);
		free(items->list[i].info.describe);
		free(items->list[i].target);
	}
	free(items->list);
	*items = (struct items){ 0 };
}

static struct item *items_add(struct items *items)
{
	if (items->n == items->room) {
		size_t room = items->room ? 2 * items->room : 64;
		struct item *list = realloc(items->list, room * sizeof(*list));

		if (!list)
			return NULL;
		items->list = list;
		items->room = room;
	}
	items->list[items->n] = (struct item){ 0 };
	return &items->list[items->n++];
}

/* "./a/b", whatever the archive's own spelling: "a/b", "./a/b/". */
static char *spell(const char *path)
{
	cleanup_free char *buf = malloc(strlen(path) + 3);
	char *end = buf;

	if (!buf)
		return NULL;
	*end++ = '.';
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		if (n && !(n == 1 && *p == '.')) {
			*end++ = '/';
			end = mempcpy(end, p, n);
		}
		p += n + (p[n] == '/');
	}
	if (end == buf + 1)
		*end++ = '/';
	*end = '\0';
	return take_ptr(&buf);
}

static int list_entry(struct archive *a, struct archive_entry *entry, struct items *items,
		      struct archive_fault *fault)
{
	struct item *item = items_add(items);
	struct text text = { 0 };

	if (!item)
		return -ENOMEM;
	item->info.path = spell(archive_entry_pathname(entry));
	if (archive_entry_hardlink(entry)) {
		item->target = spell(archive_entry_hardlink(entry));
		return item->info.path && item->target ? 0 : -ENOMEM;
	}
	int err = item->info.path ? describe(a, entry, &text, fault) : -ENOMEM;

	item->info.describe = text.data;
	return err;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->info.path, ((const struct item *)b)->info.path);
}

/* The file that a hard link means; of several entries with one name, the last in the archive. */
static struct item *target_of(const struct items *items, const char *target)
{
	struct item key = { .info.path = (char *)target };

	return bsearch(&key, items->list, items->n, sizeof(*items->list), by_path);
}

/*
 * Which of its names a tar gives a file's data is chance. Here it is the first in sorted order.
 * Links point to an entry that is not one itself: a tar has the data first.
 */
static int resolve_link(struct items *items, struct item *link, struct archive_fault *fault)
{
	struct item *target = target_of(items, link->target);

	if (!target || target == link || !target->info.describe)
		return tar_fault(fault, -EBADMSG, "'%s' is a link to '%s', which is not there",
				 link->info.path, link->target);
	/* The data's entry is behind this one: it becomes the link, and this one the file. */
	if (!target->target && link < target) {
		link->info.describe = take_ptr(&target->info.describe);
		util_free(&link->target);
		target->target = strdup(link->info.path);
		struct text text = { 0 };
		int err = add_text(&text, "link to %s", link->info.path);

		target->info.describe = text.data;
		return err || !target->target ? -ENOMEM : 0;
	}
	const char *first = target->target ? target->target : target->info.path;
	struct text text = { 0 };
	int err = add_text(&text, "link to %s", first);

	link->info.describe = text.data;
	return err;
}

static int resolve_links(struct items *items, struct archive_fault *fault)
{
	int err = 0;

	for (size_t i = 0; i < items->n && !err; i++)
		if (items->list[i].target && !items->list[i].info.describe)
			err = resolve_link(items, &items->list[i], fault);
	return err;
}

static int list_all(struct archive *a, struct items *items, struct archive_fault *fault)
{
	struct archive_entry *entry;
	int more, err;

	while ((more = tar_next(a, &entry, fault)) > 0) {
		err = list_entry(a, entry, items, fault);
		if (err == -ENOMEM)
			return tar_fault(fault, err, "there is no memory for the list");
		if (err)
			return err;
	}
	if (more < 0)
		return more;
	if (items->n)
		qsort(items->list, items->n, sizeof(*items->list), by_path);
	return resolve_links(items, fault);
}

static int hand_over(struct items *items, struct archive_list *ret)
{
	struct archive_entry_info *list = calloc(items->n + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < items->n; i++) {
		list[i].path = take_ptr(&items->list[i].info.path);
		list[i].describe = take_ptr(&items->list[i].info.describe);
	}
	*ret = (struct archive_list){ .list = list, .n = items->n };
	return 0;
}

int archive_list(int in_fd, struct archive_list *ret, struct archive_fault *fault)
{
	int prepared = archive_prepare(fault);
	cleanup_tar_locale locale_t before_locale = prepared ? NULL : tar_locale_enter();
	cleanup_tar_input struct tar_input input = { .fd = in_fd };
	cleanup_tar_reader struct archive *a = NULL;
	cleanup(items_free) struct items items = { 0 };
	int err = prepared ? prepared : tar_open(&input, &a, fault);

	if (!err)
		err = list_all(a, &items, fault);
	return err ? err : hand_over(&items, ret);
}

void archive_list_free(struct archive_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->list[i].path);
		free(list->list[i].describe);
	}
	free(list->list);
	*list = (struct archive_list){ 0 };
}
