// SPDX-License-Identifier: LGPL-2.1-or-later
#include "archive/archive-limit.h"

#include <string.h>

#define PAGE 4096

/* What the kernel takes for an inode and its name, about. */
#define ENTRY_COST 1024

static int archive_limit_take(struct archive_limit *limit, uint64_t bytes, const char *name,
			      struct archive_fault *fault)
{
	const struct archive_rules *rules = limit->rules;
	uint64_t *taken = rules->taken ? rules->taken : &limit->own;
	bool small = rules->memory >> 20 == 0;

	if (!rules->memory)
		return 0;
	if (*taken > rules->memory || bytes > rules->memory - *taken)
		return tar_fault(fault, -EFBIG,
				 "with '%.128s' the contents exceed the limit of %llu %s of "
				 "memory%s%s%s",
				 name, (unsigned long long)(rules->memory >> (small ? 0 : 20)),
				 small ? "bytes" : "MiB", rules->option ? "; " : "",
				 rules->option ? rules->option : "",
				 rules->option ? " changes it" : "");
	*taken += bytes;
	return 0;
}

static uint64_t attributes_cost(struct archive_entry *entry)
{
	const char *name;
	const void *value;
	size_t size;
	uint64_t sum = 0;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
		sum += size + (name ? strlen(name) : 0);
	return sum;
}

/* An archive of ours has what was recorded, and nothing more. */
static int check_recorded(const struct archive_rules *rules, const struct mount_contents *done,
			  const char *name, struct archive_fault *fault)
{
	if (!rules->entries || (done->entries <= rules->entries && done->bytes <= rules->bytes))
		return 0;
	return tar_fault(fault, -EFBIG,
			 "with '%.128s' it holds more than the %llu entries and %llu bytes that "
			 "were recorded: it is not the archive that was dumped",
			 name, (unsigned long long)rules->entries,
			 (unsigned long long)rules->bytes);
}

int archive_limit_entry(struct archive_limit *limit, const struct mount_contents *done,
			struct archive_entry *entry, struct archive_fault *fault)
{
	const char *name = archive_entry_pathname(entry), *target = archive_entry_symlink(entry);
	uint64_t cost = ENTRY_COST + attributes_cost(entry) + (target ? strlen(target) : 0);
	int err = check_recorded(limit->rules, done, name, fault);

	limit->last_page = -1;
	return err ? err : archive_limit_take(limit, cost, name, fault);
}

int archive_limit_data(struct archive_limit *limit, size_t size, int64_t offset, const char *name,
		       struct archive_fault *fault)
{
	if (!size || offset < 0 || offset > INT64_MAX - (int64_t)size)
		return 0; /* nothing, or what cannot be written */
	int64_t first = offset / PAGE, last = (offset + (int64_t)size - 1) / PAGE;
	int64_t pages = last - first + 1 - (first == limit->last_page);

	limit->last_page = last;
	limit->data += (uint64_t)pages * PAGE;
	if (limit->rules->own && limit->data > limit->rules->own)
		return tar_fault(fault, -EFBIG,
				 "with '%.128s' the contents exceed the limit of the filesystem "
				 "itself, %s",
				 name, limit->rules->own_name);
	return archive_limit_take(limit, (uint64_t)pages * PAGE, name, fault);
}
