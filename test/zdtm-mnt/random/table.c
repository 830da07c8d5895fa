// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is mounted in the namespace, as its own mountinfo says: in an order that a replay repeats.
 */
#include "random.h"

static void unescape(char *to, const char *from, size_t length)
{
	for (size_t i = 0; i < length; to++) {
		if (from[i] == '\\' && i + 3 < length) {
			*to = (char)((from[i + 1] - '0') << 6 | (from[i + 2] - '0') << 3 |
				     (from[i + 3] - '0'));
			i += 4;
		} else {
			*to = from[i++];
		}
	}
	*to = '\0';
}

static void read_place(struct place *place, const char *line)
{
	const char *field = line, *type = strstr(line, " - ");

	for (int i = 0; i < 4; i++)
		field = strchr(field, ' ') + 1;
	unescape(place->path, field, strcspn(field, " "));
	snprintf(place->type, sizeof(place->type), "%.*s", (int)strcspn(type + 3, " "), type + 3);
}

/* The caller frees the places. Without any, if the table cannot be read. */
size_t table_read(const struct world *world, struct place **ret_places)
{
	int fd = openat(world->proc_fd, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	struct place *places = NULL;
	size_t count = 0, size = 0;
	char *line = NULL;

	while (file && getline(&line, &size, file) > 0) {
		if (!(count & 63))
			places = realloc(places, (count + 64) * sizeof(*places));
		if (!places)
			abort();
		read_place(&places[count++], line);
	}
	free(line);
	if (file)
		fclose(file);
	*ret_places = places;
	return count;
}

/* Is more than one mount at this path? */
bool table_has_cover(const struct world *world, const char *path)
{
	struct place *places;
	size_t count = table_read(world, &places), found = 0;

	for (size_t i = 0; i < count; i++)
		found += !strcmp(places[i].path, path);
	free(places);
	return found > 1;
}
