// SPDX-License-Identifier: LGPL-2.1-or-later
#include "archive/attributes.h"

#include <endian.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive/tar.h"
#include "model/attribute-ids.h"

/* libarchive reads no header of a file above 1 MiB; some of it is for the other fields. */
#define AMOUNT_MAX (900U << 10)

void attributes_free(struct attributes *attributes)
{
	util_free(&attributes->names);
	util_free(&attributes->value);
}

static int make_room(char **buf, size_t *room, size_t need)
{
	if (need <= *room)
		return 0;
	char *p = realloc(*buf, need);

	if (!p)
		return -ENOMEM;
	*buf = p;
	*room = need;
	return 0;
}

/* Return: the length of the list, or a negative errno. */
static ssize_t read_names(struct attributes *at, struct attributes_of of)
{
	for (;;) {
		ssize_t n = of.fd < 0 ? llistxattr(of.name, at->names, at->names_room)
				      : flistxattr(of.fd, at->names, at->names_room);

		if (n < 0 && errno != ERANGE)
			return errno == EOPNOTSUPP ? 0 : -errno;
		/* With no room yet, the call tells how much is needed. */
		if (n >= 0 && at->names_room)
			return n;
		int err = make_room(&at->names, &at->names_room,
				    at->names_room ? at->names_room * 2 : 1024);

		if (err)
			return err;
	}
}

static ssize_t read_value(struct attributes *at, struct attributes_of of, const char *key)
{
	for (;;) {
		ssize_t n = of.fd < 0 ? lgetxattr(of.name, key, at->value, at->value_room)
				      : fgetxattr(of.fd, key, at->value, at->value_room);

		if (n < 0 && errno != ERANGE)
			return -errno;
		if (n >= 0 && at->value_room)
			return n;
		int err = make_room(&at->value, &at->value_room,
				    at->value_room ? at->value_room * 2 : 4096);

		if (err)
			return err;
	}
}

/* ---- ACLs ---- */

const struct attributes_acl_tag attributes_acl_tags[6] = {
	{ 0x01, ARCHIVE_ENTRY_ACL_USER_OBJ, false },  { 0x02, ARCHIVE_ENTRY_ACL_USER, true },
	{ 0x04, ARCHIVE_ENTRY_ACL_GROUP_OBJ, false }, { 0x08, ARCHIVE_ENTRY_ACL_GROUP, true },
	{ 0x10, ARCHIVE_ENTRY_ACL_MASK, false },      { 0x20, ARCHIVE_ENTRY_ACL_OTHER, false },
};

static int add_acl_entry(struct archive_entry *entry, int type,
			 const struct attributes_acl_entry *acl)
{
	for (size_t i = 0; i < ARRAY_SIZE(attributes_acl_tags); i++) {
		if (attributes_acl_tags[i].kernel != le16toh(acl->tag))
			continue;
		int id = attributes_acl_tags[i].has_id ? (int)le32toh(acl->id) : -1;
		int r = archive_entry_acl_add_entry(entry, type, le16toh(acl->perm) & 7,
						    attributes_acl_tags[i].tag, id, NULL);

		return r == ARCHIVE_OK ? 0 : -ENOMEM;
	}
	return -EINVAL;
}

static int add_acl(struct archive_entry *entry, int type, const char *value, size_t size)
{
	const size_t header = sizeof(uint32_t);
	int err = 0;

	if (size < header || (size - header) % sizeof(struct attributes_acl_entry))
		return -EINVAL;
	for (size_t at = header; at < size && !err; at += sizeof(struct attributes_acl_entry)) {
		struct attributes_acl_entry acl;

		memcpy(&acl, value + at, sizeof(acl));
		err = add_acl_entry(entry, type, &acl);
	}
	return err;
}

/* ---- extended attributes ---- */

static int add_value(void *data, const char *key, const char *value, size_t size)
{
	struct archive_entry *entry = data;

	if (strcmp(key, ATTRIBUTES_ACL_ACCESS) == 0)
		return add_acl(entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, value, size);
	if (strcmp(key, ATTRIBUTES_ACL_DEFAULT) == 0)
		return add_acl(entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, value, size);
	archive_entry_xattr_add_entry(entry, key, value, size);
	return 0;
}

/* What the attributes of one file are handed to. */
struct sink {
	attributes_fn fn;
	void *data;
	size_t amount;
};

static int read_attribute(struct attributes *at, struct attributes_of of, const char *key,
			  struct sink *sink)
{
	ssize_t n = read_value(at, of, key);

	/* Listed, but missing: it was removed meanwhile. */
	if (n == -ENODATA)
		return 0;
	if (n < 0)
		return (int)n;
	attribute_ids_inside(at->ids, key, at->value, (size_t)n);
	sink->amount += strlen(key) + (size_t)n + 64;
	return sink->amount > AMOUNT_MAX ? -E2BIG : sink->fn(sink->data, key, at->value, (size_t)n);
}

/*
 * What a pax header cannot say of a name is escaped by all writers and unescaped by some readers:
 * libarchive 3.6 does the one and not the other.
 */
static bool is_plain(const char *key)
{
	for (; *key; key++)
		if (*key <= ' ' || *key > '~' || *key == '%' || *key == '=')
			return false;
	return true;
}

int attributes_each(struct attributes *at, struct attributes_of of, const char *path,
		    attributes_fn fn, void *data, struct archive_fault *fault)
{
	struct sink sink = { .fn = fn, .data = data };
	ssize_t size = read_names(at, of);

	if (size < 0)
		return tar_fault(fault, (int)size, "the attributes of '%s' cannot be listed: %s",
				 path, strerror((int)-size));
	for (const char *key = at->names; key < at->names + size; key += strlen(key) + 1) {
		int err = is_plain(key) ? read_attribute(at, of, key, &sink) : -EINVAL;

		if (err)
			return tar_fault(fault, err,
					 "'%s' has the attribute '%s', which cannot be "
					 "archived: %s",
					 path, key, strerror(-err));
	}
	return 0;
}

int attributes_read(struct attributes *at, struct attributes_of of, struct archive_entry *entry,
		    struct archive_fault *fault)
{
	return attributes_each(at, of, archive_entry_pathname(entry), add_value, entry, fault);
}

/* ---- holes ---- */

int attributes_holes(int fd, struct archive_entry *entry)
{
	off_t size = archive_entry_size(entry);
	off_t hole = size ? lseek(fd, 0, SEEK_HOLE) : 0;
	off_t data = 0;

	/* No hole, or a file system that does not tell. */
	if (hole < 0 || hole >= size)
		return 0;
	while (data < size) {
		data = lseek(fd, data, SEEK_DATA);
		if (data < 0 && errno != ENXIO)
			return -errno;
		if (data < 0 || data >= size)
			break;
		hole = lseek(fd, data, SEEK_HOLE);
		if (hole < 0)
			return -errno;
		if (hole > size)
			hole = size;
		archive_entry_sparse_add_entry(entry, data, hole - data);
		data = hole;
	}
	/* Nothing but a hole. */
	if (archive_entry_sparse_count(entry) == 0)
		archive_entry_sparse_add_entry(entry, 0, 0);
	return 0;
}
