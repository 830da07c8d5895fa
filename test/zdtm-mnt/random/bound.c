// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How many mounts would this step make? What is propagated is so many times as many, and the kernel
 * holds a lock that all namespaces share until the last one is made. So it is asked before.
 */
#include <sys/stat.h>

#include "random.h"

#define BOUND	     2000
#define MOST_OUTSIDE 2 /* in one of the trees that come from there */

struct entry {
	uint64_t id, parent;
	unsigned long group, master;
	bool inside, reached;
};

struct entries {
	struct entry entry[BOUND];
	size_t count;
};

static unsigned long tag(const char *line, const char *name)
{
	const char *end = strstr(line, " - "), *found = strstr(line, name);

	return found && found < end ? strtoul(found + strlen(name), NULL, 10) : 0;
}

/* From the first root on, also what a cover of it hides. Are they no more than the bound? */
static bool read_entries(const struct world *world, struct entries *entries)
{
	int fd = dup(world->mountinfo_fd);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	bool fits = file && !fseek(file, 0, SEEK_SET);
	char *line = NULL;
	size_t size = 0;

	while (fits && getline(&line, &size, file) > 0) {
		struct entry *entry = &entries->entry[entries->count];

		fits = ++entries->count < BOUND &&
		       sscanf(line, "%lu %lu", &entry->id, &entry->parent) == 2;
		entry->group = tag(line, " shared:");
		entry->master = tag(line, " master:");
	}
	free(line);
	if (file)
		fclose(file);
	return fits;
}

static struct entry *find(struct entries *entries, uint64_t id)
{
	for (size_t i = 0; i < entries->count; i++)
		if (entries->entry[i].id == id)
			return &entries->entry[i];
	return NULL;
}

static uint64_t id_of(const char *path)
{
	struct statx stat;

	return statx(AT_FDCWD, path, AT_NO_AUTOMOUNT, STATX_MNT_ID, &stat) ? 0 : stat.stx_mnt_id;
}

/* The mount and all that is on it. */
static size_t count_inside(struct entries *entries, uint64_t top)
{
	struct entry *first = find(entries, top);
	size_t count = 1;

	if (!first)
		return entries->count;
	first->inside = true;
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < entries->count; i++) {
			struct entry *entry = &entries->entry[i], *parent;

			parent = entry->inside ? NULL : find(entries, entry->parent);
			if (parent && parent->inside)
				count += entry->inside = more = true;
		}
	}
	return count;
}

static void reach(struct entries *entries, const struct entry *from)
{
	for (size_t i = 0; i < entries->count; i++) {
		struct entry *entry = &entries->entry[i];

		if (!entry->reached &&
		    (entry->group == from->group || entry->master == from->group)) {
			entry->reached = true;
			if (entry->group && entry->group != from->group)
				reach(entries, entry);
		}
	}
}

/*
 * Where one appears that is mounted on it: its peers, their slaves, the peers of those. What is
 * mounted beneath it is on its parent.
 */
static size_t count_reached(struct entries *entries, uint64_t id)
{
	const struct entry *target = find(entries, id);
	const struct entry *parent = target ? find(entries, target->parent) : NULL;
	size_t count = 1;

	if (!target)
		return entries->count;
	if (target->group)
		reach(entries, target);
	if (parent && parent->group)
		reach(entries, parent);
	for (size_t i = 0; i < entries->count; i++)
		count += entries->entry[i].reached;
	return count;
}

/* A step that puts what is at SOURCE, or without one something else, onto TARGET. */
bool bound_fits(const struct world *world, const char *source, const char *target)
{
	struct entries *entries = calloc(1, sizeof(*entries));
	bool fits;

	if (!entries)
		abort();
	fits = read_entries(world, entries);
	if (fits) {
		size_t inside = source ? count_inside(entries, id_of(source)) : MOST_OUTSIDE;

		fits = entries->count + inside * count_reached(entries, id_of(target)) < BOUND;
	}
	free(entries);
	return fits;
}
