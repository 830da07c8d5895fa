// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The quickest reader: a read(2) of mountinfo brings some forty mounts, which each take a
 * statmount(2) otherwise. The ids that no line has come from listmount(2), which tells the mounts in
 * the same order; id-mappings from statmount(2).
 *
 * It is not for every table, and leaves those to the others: where the text has fewer mounts (no
 * path leads to the others, or something is stacked on the root), where it has words that are
 * unknown here, and where there are many slaves: for each the kernel walks the whole peer group of
 * its master, wherever its members are.
 */
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sys.h"
#include "mnt/scan/reader.h"
#include "model/flags.h"

#define BLOCK	   16384 /* the kernel gives 4 KiB, or one line that is longer */
#define SLAVES_MAX 32

/* What the mount before had: most have the same. */
struct last {
	char words[64], tail[256];
	size_t n_words, n_tail;
};

struct lines {
	struct mount_tree *tree; /* NULL: only the hash is wanted */
	struct last last;
	uint64_t hash;
	uint32_t n_slaves;
};

/* The field that ends at a space, with a NUL in the place of that; NULL if none does. */
static char *take_field(char **rest, char *end)
{
	char *field = *rest, *space = memchr(field, ' ', (size_t)(end - field));

	if (!space)
		return NULL;
	*space = '\0';
	*rest = space + 1;
	return field;
}

static bool is_octal(const char *text)
{
	for (int i = 0; i < 3; i++)
		if (text[i] < '0' || text[i] > '7')
			return false;
	return true;
}

/* In place: "\040" is a space. */
static char *unescape(char *text)
{
	char *to = strchr(text, '\\');

	for (const char *from = to; from && *from;) {
		if (*from == '\\' && is_octal(from + 1)) {
			*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
				       (from[3] - '0'));
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	if (to)
		*to = '\0';
	return text;
}

/* A decimal number and the byte behind it. */
static bool take_number(char **rest, char behind, uint32_t *ret)
{
	uint32_t value = 0;
	char *p = *rest;

	for (; *p >= '0' && *p <= '9'; p++)
		value = value * 10 + (uint32_t)(*p - '0');
	if (p == *rest || *p != behind)
		return false;
	*rest = p + 1;
	*ret = value;
	return true;
}

static bool take_numbers(struct mount *m, char **rest)
{
	uint32_t major, minor;

	if (!take_number(rest, ' ', &m->id) || !take_number(rest, ' ', &m->parent_id) ||
	    !take_number(rest, ':', &major) || !take_number(rest, ' ', &minor))
		return false;
	m->dev = MOUNT_DEV(major, minor);
	return true;
}

static bool take_attributes(struct last *last, struct mount *m, const struct mount *before,
			    const char *words)
{
	size_t n = strlen(words);

	if (before && n == last->n_words && memcmp(words, last->words, n) == 0) {
		m->attributes = before->attributes;
		return true;
	}
	last->n_words = n < sizeof(last->words) ? n : 0;
	memcpy(last->words, words, last->n_words);
	return flags_attr_from_options(words, &m->attributes, NULL) == 0;
}

/* The optional fields, up to the hyphen. */
static int take_propagation(struct lines *lines, struct mount *m, char **rest)
{
	char *fields = *rest, *hyphen = strncmp(fields, "- ", 2) == 0 ? fields : NULL;
	uint32_t strange = 0;

	if (!hyphen) {
		hyphen = strstr(fields, " - ");
		if (!hyphen)
			return 0;
		*hyphen++ = '\0';
		int err = scan_set_propagation(m, fields, &strange);

		if (err || strange)
			return err == -EBADMSG ? 0 : err;
	}
	*rest = hyphen + 2;
	lines->n_slaves += m->master != 0;
	return lines->n_slaves <= SLAVES_MAX;
}

static int take_superblock(struct mount_tree *tree, struct mount *m, char *tail, char *end)
{
	char *type = take_field(&tail, end), *source = type ? take_field(&tail, end) : NULL;

	if (!source)
		return 0;
	type = unescape(type);
	source = unescape(source);
	m->fstype = arena_intern(&tree->strings, type, strlen(type));
	m->source = arena_intern(&tree->strings, source, strlen(source));
	if (!m->fstype || !m->source)
		return -ENOMEM;
	int err = scan_set_sb_options(tree, m, tail, end);

	return err ? err : 1;
}

static int take_tail(struct lines *lines, struct mount *m, const struct mount *before, char *tail,
		     char *end)
{
	struct last *last = &lines->last;
	size_t n = (size_t)(end - tail);

	if (before && n && n == last->n_tail && memcmp(tail, last->tail, n) == 0) {
		m->fstype = before->fstype;
		m->source = before->source;
		m->options = before->options;
		m->sb_flags = before->sb_flags;
		return 1;
	}
	last->n_tail = n < sizeof(last->tail) ? n : 0;
	memcpy(last->tail, tail, last->n_tail);
	return take_superblock(lines->tree, m, tail, end);
}

static int take_paths(struct mount_tree *tree, struct mount *m, char *root, char *mountpoint)
{
	mountpoint = unescape(mountpoint);
	m->mountpoint = arena_copy(&tree->strings, mountpoint, strlen(mountpoint));
	if (!m->mountpoint)
		return -ENOMEM;
	int err = scan_set_root(tree, m, unescape(root));

	return err ? err : 1;
}

/* @end: a NUL is there. Return: 1, 0 if that is nothing for this reader, or -ENOMEM. */
static int add_line(struct lines *lines, char *line, char *end)
{
	struct mount *m = tree_add(lines->tree);

	if (!m)
		return -ENOMEM;
	const struct mount *before = lines->tree->n > 1 ? m - 1 : NULL;

	if (!take_numbers(m, &line))
		return 0;
	char *root = take_field(&line, end), *mountpoint = root ? take_field(&line, end) : NULL;
	char *words = mountpoint ? take_field(&line, end) : NULL;

	if (!words || !take_attributes(&lines->last, m, before, words))
		return 0;
	int taken = take_propagation(lines, m, &line);

	if (taken > 0)
		taken = take_tail(lines, m, before, line, end);
	return taken > 0 ? take_paths(lines->tree, m, root, mountpoint) : taken;
}

static int take_line(struct lines *lines, char *line, char *end)
{
	/* By lines: how many of them come at once may change from read to read. */
	lines->hash =
		lines->hash * 0x9e3779b97f4a7c15 + table_hash_bytes(line, (size_t)(end - line));
	*end = '\0';
	return lines->tree ? add_line(lines, line, end) : 1;
}

/* Each whole line of a block. Return: as add_line(). @used: what is left stands at its beginning */
static int take_lines(struct lines *lines, char *block, size_t *used)
{
	char *line = block, *end = block + *used, *lf;
	int taken = 1;

	while (taken > 0 && (lf = memchr(line, '\n', (size_t)(end - line)))) {
		taken = take_line(lines, line, lf);
		line = lf + 1;
	}
	*used = (size_t)(end - line);
	memmove(block, line, *used);
	return taken;
}

/* Return: 1, 0 if it is nothing for this reader, or a negative errno. */
static int read_lines(int fd, struct lines *lines)
{
	size_t room = BLOCK, used = 0;
	cleanup_free char *block = malloc(room);
	int taken = 1;

	if (!block)
		return -ENOMEM;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	while (taken > 0) {
		ssize_t n = read(fd, block + used, room - used);

		if (n <= 0)
			return n < 0 ? -errno : used == 0;
		used += (size_t)n;
		taken = take_lines(lines, block, &used);
		if (used < room)
			continue;
		char *larger = realloc(block, room * 2);

		if (!larger)
			return -ENOMEM;
		block = larger;
		room *= 2;
	}
	return taken;
}

static int set_ids(uint64_t ns_id, struct mount_tree *tree, const uint64_t *ids)
{
	for (uint32_t i = 0; i < tree->n; i++) {
		tree->mounts[i].unique_id = ids[i];
		int err = scan_statmount_idmap(ns_id, &tree->mounts[i]);

		if (err)
			return err;
	}
	return 1;
}

int scan_kernel_text(int fd, uint64_t ns_id, struct mount_tree *tree, uint64_t *ret_hash)
{
	struct lines lines = { .tree = tree };
	cleanup_free uint64_t *ids = NULL;
	uint32_t n;
	int err = scan_statmount_ids(ns_id, &ids, &n);

	if (!err)
		err = tree_reserve(tree, n);
	if (err)
		return err;
	int whole = read_lines(fd, &lines);

	if (whole <= 0 || tree->n != n)
		return whole < 0 ? whole : 0;
	*ret_hash = lines.hash;
	return set_ids(ns_id, tree, ids);
}

int scan_kernel_text_same(int fd, uint64_t hash)
{
	struct lines lines = { 0 };
	int whole = read_lines(fd, &lines);

	return whole < 0 ? whole : lines.hash == hash;
}
