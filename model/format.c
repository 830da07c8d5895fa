// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/format.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define HEAD_MAX 256 /* bytes of a file that the kernel compares */

/* The rest of a line that begins with @word; @text goes on to the next one. Or NULL. */
static const char *take_line(struct arena *strings, const char **text, const char *word, int *err)
{
	size_t skip = strlen(word);
	const char *end = strchr(*text, '\n');

	if (!end || strncmp(*text, word, skip) != 0 || end < *text + skip) {
		*err = -EBADMSG;
		return NULL;
	}
	const char *line = arena_copy(strings, *text + skip, (size_t)(end - *text) - skip);

	*text = end + 1;
	if (!line)
		*err = -ENOMEM;
	return line;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int take_bytes(struct arena *strings, const char **text, const char *word,
		      const uint8_t **ret, uint32_t *ret_size)
{
	char bytes[HEAD_MAX];
	int err = 0;
	const char *hex = take_line(strings, text, word, &err);
	size_t n = hex ? strlen(hex) : 0;

	if (!hex)
		return err;
	if (n % 2 || n / 2 > sizeof(bytes))
		return -EBADMSG;
	for (size_t i = 0; i < n; i += 2) {
		int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);

		if (high < 0 || low < 0)
			return -EBADMSG;
		bytes[i / 2] = (char)(high << 4 | low);
	}
	*ret = (const uint8_t *)arena_copy(strings, bytes, n / 2);
	*ret_size = (uint32_t)(n / 2);
	return *ret ? 0 : -ENOMEM;
}

static int take_magic(struct arena *strings, const char **text, struct mount_format *ret)
{
	int err = 0;
	const char *offset = take_line(strings, text, "offset ", &err);
	char *end;

	if (!offset)
		return err;
	unsigned long value = strtoul(offset, &end, 10);

	if (!isdigit((unsigned char)*offset) || *end || value > HEAD_MAX)
		return -EBADMSG;
	ret->offset = (uint32_t)value;
	err = take_bytes(strings, text, "magic ", &ret->magic, &ret->n_magic);
	if (!err && **text)
		err = take_bytes(strings, text, "mask ", &ret->mask, &ret->n_mask);
	return err;
}

int format_parse(struct arena *strings, const char *name, const char *text,
		 struct mount_format *ret)
{
	struct mount_format format = { .name = arena_copy(strings, name, strlen(name)) };
	int err = format.name ? 0 : -ENOMEM;
	const char *state = err ? NULL : take_line(strings, &text, "", &err);

	if (state)
		format.interpreter = take_line(strings, &text, "interpreter ", &err);
	if (format.interpreter)
		format.flags = take_line(strings, &text, "flags: ", &err);
	if (!format.flags)
		return err;
	format.enabled = strcmp(state, "enabled") == 0;
	if (!format.enabled && strcmp(state, "disabled") != 0)
		return -EBADMSG;
	if (strncmp(text, "extension ", 10) == 0)
		format.extension = take_line(strings, &text, "extension .", &err);
	else
		err = take_magic(strings, &text, &format);
	/* An interpreter's newline would make lines of its own: there is one too many then. */
	if (!err && *text)
		err = -EBADMSG;
	if (!err)
		*ret = format;
	return err;
}

const char *format_fault(const struct mount_format *f)
{
	static const char *const reserved[] = { "", ".", "..", "register", "status" };

	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (strcmp(f->name, reserved[i]) == 0)
			return "has a name that no format can have";
	if (strchr(f->name, '/') || strlen(f->name) > NAME_MAX)
		return "has a name that no format can have";
	if (!*f->interpreter)
		return "has no interpreter";
	if (strchr(f->flags, 'F'))
		return "has the flag F: its interpreter would be opened before the new tree is "
		       "there";
	if (f->flags[strspn(f->flags, "POC")])
		return "has flags that are not known";
	if (f->extension && (f->n_magic || f->n_mask || f->offset))
		return "has both an extension and a magic";
	if (f->extension && (!*f->extension || strchr(f->extension, '/')))
		return "has an extension that cannot be";
	if (!f->extension && (!f->n_magic || f->n_magic > HEAD_MAX || f->offset > HEAD_MAX ||
			      f->offset + f->n_magic > HEAD_MAX))
		return "has a magic that cannot be";
	if (f->n_mask && f->n_mask != f->n_magic)
		return "has a mask that is not as long as its magic";
	char line[FORMAT_LINE_ROOM];

	return format_line(f, line) ? NULL : "is too long";
}

/* A character that no field has in it; in magics it is escaped. 0: there is none. */
static char separator(const struct mount_format *f)
{
	static const char usable[] = ":|;!%&~^#@=,+*?<>()[]{}'\"`$-_. \t\1\2\3\4\5\6\7";

	for (const char *c = usable; *c; c++)
		if (!strchr(f->name, *c) && !strchr(f->interpreter, *c) &&
		    !(f->extension && strchr(f->extension, *c)))
			return *c;
	return 0;
}

/* Only what has to be is escaped: what fitted once fits again. */
static void put_bytes(FILE *out, char between, const uint8_t *bytes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (bytes[i] == '\\' || bytes[i] == '\0' || bytes[i] == (uint8_t)between)
			fprintf(out, "\\x%02x", bytes[i]);
		else
			putc(bytes[i], out);
}

size_t format_line(const struct mount_format *f, char line[FORMAT_LINE_ROOM])
{
	char c = separator(f);
	FILE *out = c ? fmemopen(line, FORMAT_LINE_ROOM, "w") : NULL;

	if (!out)
		return 0;
	setvbuf(out, NULL, _IONBF, 0);
	if (f->extension) {
		fprintf(out, "%c%s%cE%c%c%s%c%c", c, f->name, c, c, c, f->extension, c, c);
	} else {
		fprintf(out, "%c%s%cM%c%u%c", c, f->name, c, c, f->offset, c);
		put_bytes(out, c, f->magic, f->n_magic);
		putc(c, out);
		put_bytes(out, c, f->mask, f->n_mask);
		putc(c, out);
	}
	fprintf(out, "%s%c%s", f->interpreter, c, f->flags);
	long size = ftell(out);
	bool full = ferror(out) || size < 0 || size > FORMAT_LINE_MAX;

	fclose(out);
	return full ? 0 : (size_t)size;
}

static void put_hex(FILE *out, const char *word, const uint8_t *bytes, uint32_t n)
{
	fprintf(out, ", %s ", word);
	for (uint32_t i = 0; i < n; i++)
		fprintf(out, "%02x", bytes[i]);
}

char *format_text(const struct mount_format *f)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs(f->enabled ? "enabled" : "disabled", out);
	if (f->extension)
		fprintf(out, ", extension %s", f->extension);
	else
		put_hex(out, "magic", f->magic, f->n_magic);
	if (f->offset)
		fprintf(out, " at %u", f->offset);
	if (f->n_mask)
		put_hex(out, "mask", f->mask, f->n_mask);
	fprintf(out, ", interpreter %s", f->interpreter);
	if (*f->flags)
		fprintf(out, ", flags %s", f->flags);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

bool formats_any(const struct mount_formats *formats)
{
	return formats && (formats->n || formats->disabled);
}
