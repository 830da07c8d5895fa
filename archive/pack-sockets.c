// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sockets, which no archive can hold: they go onto a list, with all that a file has beside data. */
#include <string.h>

#include "archive/pack.h"
#include "model/ids.h"

static int add_attribute(void *data, const char *key, const char *value, size_t size)
{
	struct pack *p = data;
	struct mount_contents *c = &p->done;

	if (pack_is_full(c->n_attributes)) {
		size_t room = c->n_attributes ? 2 * (size_t)c->n_attributes : 1;
		struct mount_attribute *list = realloc(c->attributes, room * sizeof(*list));

		if (!list)
			return -ENOMEM;
		c->attributes = list;
	}
	const char *name = arena_copy(&p->names, key, strlen(key));
	const char *copy = arena_copy(&p->names, value, size);

	if (!name || !copy)
		return -ENOMEM;
	c->attributes[c->n_attributes++] = (struct mount_attribute){
		.name = name,
		.value = (const uint8_t *)copy,
		.size = (uint32_t)size,
	};
	return 0;
}

static struct mount_time time_of(const struct statx_timestamp *t)
{
	return (struct mount_time){ .seconds = t->tv_sec, .nanoseconds = t->tv_nsec };
}

static int add_socket(struct pack *p, const struct mount_socket *socket)
{
	struct mount_contents *c = &p->done;

	if (pack_is_full(c->n_sockets)) {
		size_t room = c->n_sockets ? 2 * (size_t)c->n_sockets : 1;
		struct mount_socket *list = realloc(c->sockets, room * sizeof(*list));

		if (!list)
			return pack_memory_fault(p);
		c->sockets = list;
	}
	c->sockets[c->n_sockets++] = *socket;
	return 0;
}

int pack_socket(struct pack *p, const char *name, const struct statx *stx)
{
	/* "./a" without its dot is "/a". */
	struct mount_socket socket = {
		.path = arena_copy(&p->names, p->path + 1, p->path_size - 1),
		.mode = stx->stx_mode & 07777,
		.uid = ids_shown_uid(p->watch->ids, stx->stx_uid),
		.gid = ids_shown_gid(p->watch->ids, stx->stx_gid),
		.inode = stx->stx_ino,
		.atime = time_of(&stx->stx_atime),
		.mtime = time_of(&stx->stx_mtime),
		.has_times = true,
		.first_attribute = p->done.n_attributes,
	};

	if (!socket.path)
		return pack_memory_fault(p);
	int err = attributes_each(&p->attributes, attributes_of_name(name), p->path, add_attribute,
				  p, p->fault);

	if (err)
		return err;
	socket.n_attributes = p->done.n_attributes - socket.first_attribute;
	return add_socket(p, &socket);
}

static int take_paths(struct pack *p)
{
	struct mount_contents *c = &p->done;
	size_t head = c->n_sockets * sizeof(*c->sockets), size = head;

	for (uint32_t i = 0; i < c->n_sockets; i++)
		size += strlen(c->sockets[i].path) + 1;
	struct mount_socket *block = size ? malloc(size) : NULL;

	if (size && !block)
		return pack_memory_fault(p);
	char *text = (char *)block + head;

	for (uint32_t i = 0; i < c->n_sockets; i++) {
		block[i] = c->sockets[i];
		block[i].path = text;
		text = stpcpy(text, c->sockets[i].path) + 1;
	}
	free(c->sockets);
	c->sockets = block;
	return 0;
}

static int take_attributes(struct pack *p)
{
	struct mount_contents *c = &p->done;
	size_t head = c->n_attributes * sizeof(*c->attributes), size = head;

	for (uint32_t i = 0; i < c->n_attributes; i++)
		size += strlen(c->attributes[i].name) + 1 + c->attributes[i].size;
	struct mount_attribute *block = size ? malloc(size) : NULL;

	if (size && !block)
		return pack_memory_fault(p);
	char *at = (char *)block + head;

	for (uint32_t i = 0; i < c->n_attributes; i++) {
		block[i] = c->attributes[i];
		block[i].name = at;
		at = stpcpy(at, c->attributes[i].name) + 1;
		block[i].value = (const uint8_t *)at;
		at = mempcpy(at, c->attributes[i].value, c->attributes[i].size);
	}
	free(c->attributes);
	c->attributes = block;
	return 0;
}

int pack_take_sockets(struct pack *p)
{
	int err = take_paths(p);

	return err ? err : take_attributes(p);
}
