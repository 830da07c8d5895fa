// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/contents/report.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "mnt/ipc/mount-log.h"

/* In hex it must fit into a message behind its name. */
#define VALUE_MAX 12288

static const char digits[] = "0123456789abcdef";

static void to_hex(const uint8_t *bytes, size_t size, char *hex)
{
	for (size_t i = 0; i < size; i++) {
		*hex++ = digits[bytes[i] >> 4];
		*hex++ = digits[bytes[i] & 15];
	}
	*hex = '\0';
}

/* Return: false if it is not hex of so many bytes. */
static bool from_hex(const char *hex, size_t size, uint8_t *bytes)
{
	if (strlen(hex) != 2 * size || strspn(hex, digits) != 2 * size)
		return false;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)((strchr(digits, hex[2 * i]) - digits) << 4 |
				     (strchr(digits, hex[2 * i + 1]) - digits));
	return true;
}

/* ---- in the child ---- */

static int tell_attribute(int sock, const struct mount_attribute *attribute)
{
	cleanup_free char *hex = malloc(2 * (size_t)attribute->size + 1);

	if (!hex)
		return -ENOMEM;
	if (attribute->size > VALUE_MAX)
		return -E2BIG;
	to_hex(attribute->value, attribute->size, hex);
	return ipc_send(sock, (struct ipc_message){ .type = IPC_SOCKET_ATTRIBUTE },
			(const char *const[4]){ attribute->name, hex }, -1);
}

static int tell_socket(int sock, const struct mount_contents *contents,
		       const struct mount_socket *socket, int root_fd)
{
	struct ipc_message message = {
		.type = IPC_SOCKET,
		.socket = { socket->mode, socket->uid, socket->gid, socket->inode },
	};
	char times[96];

	if (strlen(socket->path) >= PATH_MAX)
		return -ENAMETOOLONG;
	snprintf(times, sizeof(times), "%" PRId64 ".%09u %" PRId64 ".%09u", socket->atime.seconds,
		 socket->atime.nanoseconds, socket->mtime.seconds, socket->mtime.nanoseconds);
	cleanup_fd int fd = root_fd < 0 ? -EBADF : path_open_beneath(root_fd, socket->path);
	int err = ipc_send(sock, message, (const char *const[4]){ socket->path, times }, fd);

	for (uint32_t i = 0; i < socket->n_attributes && !err; i++)
		err = tell_attribute(sock, &contents->attributes[socket->first_attribute + i]);
	return err;
}

int contents_tell(int sock, uint32_t first, const struct mount_contents *contents, int root_fd)
{
	struct ipc_message message = {
		.type = IPC_CONTENTS,
		.contents = { first, contents->takes, contents->packing, contents->entries,
			      contents->bytes },
	};
	char hex[2 * sizeof(contents->digest) + 1];

	to_hex(contents->digest, sizeof(contents->digest), hex);
	int err = ipc_send(sock, message, (const char *const[4]){ contents->has_digest ? hex : "" },
			   -1);

	for (uint32_t i = 0; i < contents->n_sockets && !err; i++)
		err = tell_socket(sock, contents, &contents->sockets[i], root_fd);
	return err;
}

int contents_tell_change(int sock, uint32_t first, const char *path)
{
	return ipc_send(sock, (struct ipc_message){ .type = IPC_CHANGED, .mount = first },
			(const char *const[4]){ path }, -1);
}

/* ---- in the caller ---- */

struct hearing {
	struct mount_tree *tree;
	struct hooks_host *host;
	struct changes *changes;
	struct mount *mount; /* the one with the contents reported last */
	struct table taken;  /* of it: inode -> whether a plugin takes the socket */
	bool logged;	     /* the error is the plugin's */
};

static void hearing_end(struct hearing *h)
{
	table_free(&h->taken);
}

static int hear_contents(struct hearing *h, const struct ipc_message *message, const char *hex)
{
	if (message->contents.first >= h->tree->n)
		return -EPROTO;
	struct mount *m = &h->tree->mounts[message->contents.first];

	h->mount = m;
	table_free(&h->taken);

	if (!m->contents)
		m->contents = calloc(1, sizeof(*m->contents));
	if (!m->contents)
		return -ENOMEM;
	m->contents->entries = message->contents.entries;
	m->contents->bytes = message->contents.bytes;
	m->contents->takes = message->contents.takes;
	m->contents->packing = (uint8_t)message->contents.packing;
	m->contents->has_digest = hex && *hex;
	if (m->contents->has_digest &&
	    !from_hex(hex, sizeof(m->contents->digest), m->contents->digest))
		return -EPROTO;
	return 0;
}

/* Is there somebody outside who will serve it again? */
static int ask_for_socket(struct hearing *h, int fd, struct mount_socket *socket)
{
	uint32_t known = table_get(&h->taken, socket->inode);
	struct mount_log log;

	if (fd < 0 || !h->host)
		return 0;
	if (known != TABLE_NONE) {
		socket->with_plugin = known;
		return 0;
	}
	mount_log_begin(&log, h->mount);
	int err = hooks_dump_fd(h->host, CR_PLUGIN_HOOK__DUMP_UNIX_SK, fd, (int)socket->inode);

	mount_log_end(&log);
	h->logged = err && err != -ENOTSUP;
	if (h->logged)
		return err;
	socket->with_plugin = !err;
	return table_put(&h->taken, socket->inode, socket->with_plugin, NULL);
}

static int hear_deleted(struct mount_tree *tree, const struct ipc_message *message,
			const char *link)
{
	if (message->unlinked.mount >= tree->n)
		return -EPROTO;
	struct mount *m = &tree->mounts[message->unlinked.mount];

	if (!m->contents)
		m->contents = calloc(1, sizeof(*m->contents));
	if (!m->contents)
		return -ENOMEM;
	m->contents->inode = message->unlinked.inode;
	if (link)
		m->contents->link = arena_copy(&tree->strings, link, strlen(link));
	return link && !m->contents->link ? -ENOMEM : 0;
}

/* The archive of a deleted root has a name of its own; else it is "./a/b". */
static int hear_change(struct hearing *h, const struct ipc_message *message, const char *name)
{
	if (message->mount >= h->tree->n || !name)
		return -EPROTO;
	const struct mount *m = &h->tree->mounts[message->mount];
	cleanup_free char *path =
		m->deleted ? strdup(m->mountpoint)
			   : path_join(m->mountpoint, strncmp(name, "./", 2) ? name : name + 2);

	return path ? changes_add(h->changes, m->id, path) : -ENOMEM;
}

static int parse_times(const char *text, struct mount_socket *socket)
{
	socket->has_times = true;
	return sscanf(text, "%" SCNd64 ".%u %" SCNd64 ".%u", &socket->atime.seconds,
		      &socket->atime.nanoseconds, &socket->mtime.seconds,
		      &socket->mtime.nanoseconds) == 4
		       ? 0
		       : -EPROTO;
}

/* A list that doubles: is there no room for one more? */
static bool is_full(uint32_t n)
{
	return (n & (n - 1)) == 0;
}

static int hear_socket(struct hearing *h, const struct ipc_message *message,
		       const char *const texts[4], int fd)
{
	struct mount_contents *contents = h->mount ? h->mount->contents : NULL;

	if (!contents || !texts[0] || !texts[1])
		return -EPROTO;
	struct mount_socket socket = {
		.path = arena_copy(&h->tree->strings, texts[0], strlen(texts[0])),
		.mode = message->socket.mode,
		.uid = message->socket.uid,
		.gid = message->socket.gid,
		.inode = message->socket.inode,
		.first_attribute = contents->n_attributes,
	};

	if (is_full(contents->n_sockets)) {
		size_t room = contents->n_sockets ? 2 * (size_t)contents->n_sockets : 1;
		struct mount_socket *list = realloc(contents->sockets, room * sizeof(*list));

		if (!list)
			return -ENOMEM;
		contents->sockets = list;
	}
	int err = socket.path ? parse_times(texts[1], &socket) : -ENOMEM;

	if (!err)
		err = ask_for_socket(h, fd, &socket);
	if (!err)
		contents->sockets[contents->n_sockets++] = socket;
	return err;
}

static int copy_attribute(struct mount_tree *tree, const char *name, const char *hex,
			  struct mount_attribute *ret)
{
	uint8_t value[VALUE_MAX];
	size_t size = strlen(hex) / 2;

	if (size > VALUE_MAX || !from_hex(hex, size, value))
		return -EPROTO;
	ret->name = arena_copy(&tree->strings, name, strlen(name));
	ret->value = (const uint8_t *)arena_copy(&tree->strings, (const char *)value, size);
	ret->size = (uint32_t)size;
	return ret->name && ret->value ? 0 : -ENOMEM;
}

static int hear_attribute(struct hearing *h, const char *const texts[4])
{
	struct mount_contents *contents = h->mount ? h->mount->contents : NULL;
	struct mount_attribute attribute;

	if (!contents || !contents->n_sockets || !texts[0] || !texts[1])
		return -EPROTO;
	if (is_full(contents->n_attributes)) {
		size_t room = contents->n_attributes ? 2 * (size_t)contents->n_attributes : 1;
		struct mount_attribute *list = realloc(contents->attributes, room * sizeof(*list));

		if (!list)
			return -ENOMEM;
		contents->attributes = list;
	}
	int err = copy_attribute(h->tree, texts[0], texts[1], &attribute);

	if (err)
		return err;
	contents->attributes[contents->n_attributes++] = attribute;
	contents->sockets[contents->n_sockets - 1].n_attributes++;
	return 0;
}

static int hear(struct hearing *h, const struct ipc_message *message, const char *const texts[4],
		int fd, const struct progress *progress)
{
	switch (message->type) {
	case IPC_CONTENTS:
		return hear_contents(h, message, texts[0]);
	case IPC_DELETED:
		return hear_deleted(h->tree, message, texts[0]);
	case IPC_SOCKET:
		return hear_socket(h, message, texts, fd);
	case IPC_SOCKET_ATTRIBUTE:
		return hear_attribute(h, texts);
	case IPC_CHANGED:
		return hear_change(h, message, texts[0]);
	case IPC_PROGRESS:
		progress_pass(progress, message, texts[0]);
		return 0;
	default:
		return -EPROTO;
	}
}

int contents_hear(struct mount_tree *tree, int sock, const struct progress *progress,
		  struct hooks_host *host, struct changes *changes)
{
	cleanup(hearing_end) struct hearing h = {
		.tree = tree,
		.host = host,
		.changes = changes,
	};
	cleanup_free char *buf = malloc(IPC_MAX);
	struct ipc_message message;
	const char *texts[4];
	int err = buf ? 0 : -ENOMEM;

	while (!err) {
		cleanup_fd int fd = -EBADF;
		int got = ipc_hear(sock, buf, &message, texts, &fd);

		/* Its status may be lost: only this says that it is all. The child has said why. */
		if (got == 0)
			return -EIO;
		if (got > 0 && message.type == IPC_DONE)
			return 0;
		err = got > 0 ? hear(&h, &message, texts, fd, progress) : got;
	}
	return !h.logged ? log_error(err, "cannot learn what was read") : err;
}
