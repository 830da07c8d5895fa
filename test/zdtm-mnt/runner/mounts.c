// SPDX-License-Identifier: LGPL-2.1-or-later
/* A mountinfo text as a tree. Field by field as proc(5) has it; strings stay escaped. */
#include <ctype.h>

#include "runner.h"

static char *next_word(char **rest)
{
	char *word = strsep(rest, " ");

	if (!word)
		give_up("a line of mountinfo is too short");
	return word;
}

static void parse_tag(struct mount *mount, const char *tag)
{
	if (sscanf(tag, "shared:%d", &mount->shared) == 1)
		return;
	if (sscanf(tag, "master:%d", &mount->master) == 1)
		return;
	if (sscanf(tag, "propagate_from:%d", &mount->outside) == 1)
		return;
	if (strcmp(tag, "unbindable"))
		give_up("a tag of mountinfo is unknown: %s", tag);
	mount->unbindable = true;
}

/* Another kernel may list flags in another order. */
static char *sorted_words(const char *words)
{
	char *copy = strdup(words), *rest = copy, *word;
	struct list list = { 0 };
	struct text text = { 0 };

	while ((word = strsep(&rest, ",")))
		list_add(&list, word);
	list_sort(&list);
	for (size_t i = 0; i < list.count; i++)
		text_add(&text, "%s%s", i ? "," : "", list.items[i]);
	free(copy);
	return text.bytes;
}

static struct mount *parse_line(char *line)
{
	struct mount *mount = allocate(sizeof(*mount));
	char *tag;

	mount->id = atoi(next_word(&line));
	mount->parent_id = atoi(next_word(&line));
	mount->device = next_word(&line);
	mount->root = next_word(&line);
	mount->point = next_word(&line);
	mount->flags = sorted_words(next_word(&line));
	while (strcmp(tag = next_word(&line), "-"))
		parse_tag(mount, tag);
	mount->type = next_word(&line);
	mount->source = next_word(&line);
	mount->options = next_word(&line);
	return mount;
}

static int compare_ints(int a, int b)
{
	return a < b ? -1 : a > b;
}

static int by_parent_and_point(const void *a, const void *b)
{
	const struct mount *x = *(struct mount *const *)a, *y = *(struct mount *const *)b;
	int order = compare_ints(x->parent_id, y->parent_id);

	return order ? order : strcmp(x->point, y->point);
}

static int by_id(const void *a, const void *b)
{
	return compare_ints((*(struct mount *const *)a)->id, (*(struct mount *const *)b)->id);
}

static struct mount **parse_lines(char *text, size_t *ret_count)
{
	struct mount **list = NULL;
	size_t count = 0;
	char *line;

	while ((line = strsep(&text, "\n")) && *line) {
		list = realloc(list, (count + 1) * sizeof(*list));
		if (!list)
			abort();
		list[count++] = parse_line(line);
	}
	*ret_count = count;
	return list;
}

/* The first of `sorted` (by parent and point) that has this parent, or where it would stand. */
static size_t first_child(struct mount **sorted, size_t count, int parent_id)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (sorted[middle]->parent_id < parent_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void place(struct mounts *mounts, struct mount **sorted, size_t count, struct mount *mount)
{
	mount->index = mounts->count;
	mounts->all[mounts->count++] = mount;
	for (size_t i = first_child(sorted, count, mount->id);
	     i < count && sorted[i]->parent_id == mount->id; i++) {
		if (sorted[i]->parent || sorted[i] == mount)
			continue;
		sorted[i]->parent = mount;
		place(mounts, sorted, count, sorted[i]);
	}
}

static bool is_top(struct mount **ids, size_t count, struct mount *mount)
{
	struct mount parent = { .id = mount->parent_id }, *key = &parent;

	return mount->parent_id == mount->id || !bsearch(&key, ids, count, sizeof(*ids), by_id);
}

struct mounts *mounts_parse(const char *text)
{
	struct mounts *mounts = allocate(sizeof(*mounts));
	size_t count;
	struct mount **sorted = parse_lines(strdup(text), &count);
	struct mount **ids = allocate((count + 1) * sizeof(*ids));

	mounts->text = strdup(text);
	mounts->all = allocate((count + 1) * sizeof(*mounts->all));
	if (!count)
		return mounts;
	memcpy(ids, sorted, count * sizeof(*ids));
	qsort(ids, count, sizeof(*ids), by_id);
	qsort(sorted, count, sizeof(*sorted), by_parent_and_point);
	for (size_t i = 0; i < count; i++)
		if (is_top(ids, count, sorted[i]))
			place(mounts, sorted, count, sorted[i]);
	if (mounts->count != count)
		give_up("a mountinfo of %zu lines is no tree: %zu reached", count, mounts->count);
	return mounts;
}

struct mounts *mounts_of(pid_t pid)
{
	char *path = pid ? format("/proc/%d/mountinfo", pid) : strdup("/proc/self/mountinfo");
	struct text text = { 0 };

	if (!text_read_file(&text, path) || !text.length)
		give_up("cannot read %s: %s", path, strerror(errno));
	return mounts_parse(text.bytes);
}

/* The kernel has one instance of these for whoever mounts them: no volume lies behind them. */
static bool is_kernels(const char *type)
{
	static const char *const types[] = { "proc",	"sysfs",    "cgroup",	   "cgroup2",
					     "mqueue",	"devtmpfs", "debugfs",	   "tracefs",
					     "bpf",	"pstore",   "binfmt_misc", "securityfs",
					     "configfs" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(types[i], type))
			return true;
	return false;
}

void mounts_mark_foreign(struct mounts *mounts, const struct mounts *host)
{
	for (size_t i = 0; i < mounts->count; i++)
		for (size_t j = 0; j < host->count; j++)
			if (!strcmp(mounts->all[i]->device, host->all[j]->device))
				mounts->all[i]->foreign = !is_kernels(mounts->all[i]->type);
}

/* Of the mounts at one point, the one that nothing at the same point is mounted on. */
static const struct mount *top_of_stack(const struct mounts *mounts, const char *point)
{
	const struct mount *top = NULL;

	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *mount = mounts->all[i];

		if (!strcmp(mount->point, point) && (!top || mount->parent == top))
			top = mount;
	}
	return top;
}

const struct mount *mounts_top_at(const struct mounts *mounts, const char *point, int from_top)
{
	const struct mount *mount = top_of_stack(mounts, point);

	while (mount && from_top--) {
		mount = mount->parent;
		if (mount && strcmp(mount->point, point))
			mount = NULL;
	}
	return mount;
}

char *mounts_unescape(const char *field)
{
	struct text text = { 0 };

	text_add(&text, "%s", "");
	for (; *field; field++) {
		bool octal = field[0] == '\\' && isdigit((unsigned char)field[1]) &&
			     isdigit((unsigned char)field[2]) && isdigit((unsigned char)field[3]);
		char byte = *field;

		if (octal) {
			byte = (char)((field[1] - '0') * 64 + (field[2] - '0') * 8 + field[3] -
				      '0');
			field += 3;
		}
		text_append(&text, &byte, 1);
	}
	return text.bytes;
}
