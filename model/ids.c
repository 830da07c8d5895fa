// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/ids.h"

#include <stdio.h>
#include <string.h>

#include "model/filesystem.h"

#define ID_DIGITS 10

bool ids_are_in(const struct mount *m)
{
	const struct filesystem *fs = filesystem_find(m->fstype);

	return fs && !(fs->flags & FILESYSTEM_OF_HOST) && filesystem_allows(fs, "gid") &&
	       (strstr(m->options, "uid=") || strstr(m->options, "gid="));
}

uint32_t ids_inside(const struct mount_id_extent *map, uint32_t n, uint32_t id)
{
	for (uint32_t i = 0; i < n; i++)
		if (id >= map[i].lower && id - map[i].lower < map[i].count)
			return map[i].first + (id - map[i].lower);
	return id;
}

uint32_t ids_outside(const struct mount_id_extent *map, uint32_t n, uint32_t id)
{
	for (uint32_t i = 0; i < n; i++)
		if (id >= map[i].first && id - map[i].first < map[i].count)
			return map[i].lower + (id - map[i].first);
	return UINT32_MAX;
}

uint32_t ids_owner(const struct mount_id_extent *map, uint32_t n, uint32_t id)
{
	uint32_t found = ids_outside(map, n, id);

	return found == UINT32_MAX ? ids_outside(map, n, 0) : found;
}

#define UNMAPPED 65534 /* the default of /proc/sys/kernel/overflowuid */

uint32_t ids_shown(const struct mount_id_extent *map, uint32_t n, uint32_t id)
{
	for (uint32_t i = 0; i < n; i++)
		if (id >= map[i].lower && id - map[i].lower < map[i].count)
			return map[i].first + (id - map[i].lower);
	return UNMAPPED;
}

bool ids_has(const struct mount_id_extent *map, uint32_t n, uint32_t id)
{
	for (uint32_t i = 0; i < n; i++)
		if (id >= map[i].lower && id - map[i].lower < map[i].count)
			return true;
	return false;
}

uint32_t ids_shown_uid(const struct mount_idmap *map, uint32_t id)
{
	return map ? ids_shown(map->uid, map->n_uid, id) : id;
}

uint32_t ids_shown_gid(const struct mount_idmap *map, uint32_t id)
{
	return map ? ids_shown(map->gid, map->n_gid, id) : id;
}

/* The id of "uid=5" or "gid=5" of this many bytes. */
static bool is_id(const char *word, size_t size, bool *ret_uid, uint32_t *ret_id)
{
	char number[ID_DIGITS + 1] = "", *end;

	if (size < 5 || size - 4 > ID_DIGITS ||
	    (strncmp(word, "uid=", 4) != 0 && strncmp(word, "gid=", 4) != 0))
		return false;
	memcpy(number, word + 4, size - 4);
	*ret_uid = *word == 'u';
	*ret_id = (uint32_t)strtoul(number, &end, 10);
	return !*end;
}

bool ids_options_lack(const struct mount_idmap *map, const struct mount *m, const char **ret_word,
		      uint32_t *ret_id)
{
	for (const char *p = m->options; *p;) {
		size_t n = filesystem_option_size(p);
		bool uid = false;

		if (is_id(p, n, &uid, ret_id) &&
		    !ids_has(uid ? map->uid : map->gid, uid ? map->n_uid : map->n_gid, *ret_id)) {
			*ret_word = uid ? "uid" : "gid";
			return true;
		}
		p += n + (p[n] == ',');
	}
	return false;
}

char *ids_options_inside(const struct mount_idmap *map, const struct mount *m)
{
	bool drop_zero = filesystem_type_of(m->fstype) != FILESYSTEM_TYPE_DEVPTS;
	/* An id can become longer, up to ten digits. */
	char *out = malloc(strlen(m->options) * 3 + 1), *end = out;

	for (const char *p = m->options; out && *p;) {
		size_t n = filesystem_option_size(p);
		uint32_t id = 0;
		bool uid = false, is = is_id(p, n, &uid, &id);

		if (is)
			id = uid ? ids_inside(map->uid, map->n_uid, id)
				 : ids_inside(map->gid, map->n_gid, id);
		if (!is || id || !drop_zero) {
			if (end != out)
				*end++ = ',';
			if (is)
				end += sprintf(end, "%.4s%u", p, id);
			else
				end = mempcpy(end, p, n);
		}
		p += n + (p[n] == ',');
	}
	if (out)
		*end = '\0';
	return out;
}

static void put_outside(FILE *out, const struct mount_idmap *map, bool uid, uint32_t id)
{
	uint32_t outside =
		uid ? ids_outside(map->uid, map->n_uid, id) : ids_outside(map->gid, map->n_gid, id);

	fprintf(out, "%s%cid=%u", ftell(out) > 0 ? "," : "", uid ? 'u' : 'g',
		outside == UINT32_MAX ? id : outside);
}

char *ids_options_outside(const struct mount_idmap *map, const struct mount *m)
{
	bool of_root = strcmp(m->fstype, "tmpfs") == 0, has[2] = { false, false };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	for (const char *p = m->options; out && *p;) {
		size_t n = filesystem_option_size(p);
		uint32_t id = 0;
		bool uid = false, is = is_id(p, n, &uid, &id);

		if (is)
			put_outside(out, map, uid, id);
		else
			fprintf(out, "%s%.*s", ftell(out) > 0 ? "," : "", (int)n, p);
		has[uid] |= is;
		p += n + (p[n] == ',');
	}
	if (out && of_root && !has[true] && ids_outside(map->uid, map->n_uid, 0))
		put_outside(out, map, true, 0);
	if (out && of_root && !has[false] && ids_outside(map->gid, map->n_gid, 0))
		put_outside(out, map, false, 0);
	return out && fclose(out) == 0 ? text : NULL;
}

static uint32_t count_lines(const char *text)
{
	uint32_t n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

int ids_parse_map(const char *text, struct mount_id_extent **ret, uint32_t *ret_n)
{
	uint32_t lines = count_lines(text);
	struct mount_id_extent *map = malloc((lines + 1) * sizeof(*map));

	for (uint32_t i = 0; map && i < lines; i++, text = strchr(text, '\n') + 1)
		if (sscanf(text, "%u %u %u", &map[i].first, &map[i].lower, &map[i].count) != 3) {
			free(map);
			return -EBADMSG;
		}
	*ret = map;
	*ret_n = lines;
	return map ? 0 : -ENOMEM;
}

static bool same_map(const struct mount_id_extent *left, uint32_t n_left,
		     const struct mount_id_extent *right, uint32_t n_right)
{
	return n_left == n_right && (!n_left || memcmp(left, right, n_left * sizeof(*left)) == 0);
}

bool ids_same_maps(const struct mount_idmap *left, const struct mount_idmap *right)
{
	return same_map(left->uid, left->n_uid, right->uid, right->n_uid) &&
	       same_map(left->gid, left->n_gid, right->gid, right->n_gid);
}

static void put_map(FILE *out, const char *word, const struct mount_id_extent *map, uint32_t n)
{
	fputs(word, out);
	for (uint32_t i = 0; i < n; i++)
		fprintf(out, " %u:%u:%u", map[i].first, map[i].lower, map[i].count);
}

char *ids_map_text(const struct mount_idmap *map)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	put_map(out, "uid", map->uid, map->n_uid);
	put_map(out, ", gid", map->gid, map->n_gid);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
