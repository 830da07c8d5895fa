// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "archive/archive-limit.h"
#include "archive/describe.h"

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

	if (!buf)
		return NULL;
	memcpy(buf, "./", 2);
	tar_plain_path(path, buf + 2);
	return take_ptr(&buf);
}

static int list_entry(struct archive *a, struct archive_entry *entry, struct items *items,
		      struct archive_fault *fault)
{
	struct item *item = items_add(items);
	struct describe_text text = { 0 };

	if (!item)
		return -ENOMEM;
	item->info.path = spell(archive_entry_pathname(entry));
	if (archive_entry_hardlink(entry)) {
		item->target = spell(archive_entry_hardlink(entry));
		return item->info.path && item->target ? 0 : -ENOMEM;
	}
	int err = item->info.path ? describe_entry(a, entry, &text, fault) : -ENOMEM;

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
		struct describe_text text = { 0 };
		int err = describe_add(&text, "link to %s", link->info.path);

		target->info.describe = text.data;
		return err || !target->target ? -ENOMEM : 0;
	}
	const char *first = target->target ? target->target : target->info.path;
	struct describe_text text = { 0 };
	int err = describe_add(&text, "link to %s", first);

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

static int check_limit(struct archive_limit *limit, struct mount_contents *done,
		       struct archive_entry *entry, struct archive_fault *fault)
{
	done->entries++;
	if (archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry))
		done->bytes += (uint64_t)archive_entry_size(entry);
	return archive_limit_entry(limit, done, entry, fault);
}

static int list_all(struct archive *a, const struct archive_rules *rules, struct items *items,
		    struct archive_fault *fault)
{
	struct archive_limit limit = { .rules = rules, .last_page = -1 };
	struct mount_contents done = { 0 };
	struct archive_entry *entry;
	int more, err;

	while ((more = tar_next(a, &entry, fault)) > 0) {
		err = check_limit(&limit, &done, entry, fault);
		if (!err)
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

static int archive_list_hand_over(struct items *items, struct archive_list *ret)
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

int archive_list(int in_fd, const struct archive_rules *rules, struct archive_list *ret,
		 struct archive_fault *fault)
{
	int prepared = archive_prepare(ARCHIVE_ANYBODY, fault);
	cleanup_tar_locale locale_t before_locale = prepared ? NULL : tar_locale_enter();
	cleanup_gunzip struct gunzip gz = { .fd = in_fd };
	cleanup_tar_reader struct archive *a = NULL;
	cleanup(items_free) struct items items = { 0 };
	int err = prepared ? prepared : tar_open(&gz, &a, fault);

	if (!err)
		err = list_all(a, rules, &items, fault);
	if (!err)
		err = tar_read_rest(&gz, a, fault);
	return err ? err : archive_list_hand_over(&items, ret);
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

static int compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct archive_entry_info *)a)->path,
		      ((const struct archive_entry_info *)b)->path);
}

static int add_socket(struct items *items, const struct mount_contents *contents, uint32_t i,
		      struct table *first_of)
{
	const struct mount_socket *socket = &contents->sockets[i];
	struct item *item = items_add(items);
	struct describe_text text = { 0 };
	uint32_t first = socket->inode ? table_get(first_of, socket->inode) : TABLE_NONE;

	if (!item)
		return -ENOMEM;
	item->info.path = spell(socket->path);
	int err = item->info.path ? 0 : -ENOMEM;

	if (!err && first != TABLE_NONE)
		err = describe_add(&text, "link to .%s", contents->sockets[first].path);
	else if (!err)
		err = describe_socket(contents, socket, &text);
	item->info.describe = text.data;
	if (!err && first == TABLE_NONE && socket->inode)
		err = table_put(first_of, socket->inode, i, NULL);
	return err;
}

static int by_socket_path(const void *a, const void *b)
{
	return strcmp(((const struct mount_socket *)a)->path,
		      ((const struct mount_socket *)b)->path);
}

static int add_sockets(struct items *items, const struct mount_contents *contents)
{
	cleanup_table struct table first_of = { 0 };
	size_t size = contents->n_sockets * sizeof(*contents->sockets);
	struct mount_contents sorted = *contents;
	cleanup_free struct mount_socket *list = malloc(size);
	int err = 0;

	if (!list)
		return -ENOMEM;
	sorted.sockets = memcpy(list, contents->sockets, size);
	qsort(list, sorted.n_sockets, sizeof(*list), by_socket_path);
	for (uint32_t i = 0; i < sorted.n_sockets && !err; i++)
		err = add_socket(items, &sorted, i, &first_of);
	return err;
}

int archive_list_add_sockets(struct archive_list *list, const struct mount_contents *contents)
{
	cleanup(items_free) struct items items = { 0 };
	struct archive_list sockets = { 0 };

	if (!contents || !contents->n_sockets)
		return 0;
	int err = add_sockets(&items, contents);

	if (!err)
		err = archive_list_hand_over(&items, &sockets);
	if (err)
		return err;
	struct archive_entry_info *both =
		realloc(list->list, (list->n + sockets.n) * sizeof(*list->list));

	if (!both) {
		archive_list_free(&sockets);
		return -ENOMEM;
	}
	memcpy(both + list->n, sockets.list, sockets.n * sizeof(*both));
	list->list = both;
	list->n += sockets.n;
	free(sockets.list);
	qsort(list->list, list->n, sizeof(*list->list), compare_paths);
	return 0;
}
