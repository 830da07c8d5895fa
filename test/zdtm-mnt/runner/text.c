// SPDX-License-Identifier: LGPL-2.1-or-later
/* Strings that grow, and lists of them. Out of memory ends the process. */
#include <fcntl.h>
#include <unistd.h>

#include "runner.h"

void *allocate(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		abort();
	return memory;
}

void text_append(struct text *text, const void *bytes, size_t length)
{
	text->bytes = realloc(text->bytes, text->length + length + 1);
	if (!text->bytes)
		abort();
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

static char *format_list(const char *format, va_list args)
{
	char *string;

	if (vasprintf(&string, format, args) < 0)
		abort();
	return string;
}

char *format(const char *format, ...)
{
	va_list args;
	char *string;

	va_start(args, format);
	string = format_list(format, args);
	va_end(args);
	return string;
}

void text_add(struct text *text, const char *format, ...)
{
	va_list args;
	char *string;

	va_start(args, format);
	string = format_list(format, args);
	va_end(args);
	text_append(text, string, strlen(string));
	free(string);
}

const char *text_string(const struct text *text)
{
	return text->bytes ? text->bytes : "";
}

void text_read_fd(struct text *text, int fd)
{
	char buffer[65536];
	ssize_t got;

	while ((got = read(fd, buffer, sizeof(buffer))) > 0)
		text_append(text, buffer, (size_t)got);
}

bool text_read_file(struct text *text, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	text_read_fd(text, fd);
	close(fd);
	return true;
}

void list_add(struct list *list, const char *item)
{
	list->items = realloc(list->items, (list->count + 2) * sizeof(*list->items));
	if (!list->items)
		abort();
	list->items[list->count++] = strdup(item);
	list->items[list->count] = NULL;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void list_sort(struct list *list)
{
	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), by_bytes);
}

static struct list lines_of(const char *text)
{
	struct list lines = { 0 };
	char *copy = strdup(text), *line, *rest = copy;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			list_add(&lines, line);
	free(copy);
	list_sort(&lines);
	return lines;
}

struct list lines_only_in(const char *text, const char *other)
{
	struct list a = lines_of(text), b = lines_of(other), only = { 0 };
	size_t j = 0;

	for (size_t i = 0; i < a.count; i++) {
		while (j < b.count && strcmp(b.items[j], a.items[i]) < 0)
			j++;
		if (j < b.count && !strcmp(b.items[j], a.items[i]))
			j++;
		else
			list_add(&only, a.items[i]);
	}
	return only;
}
