// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/label.h"

#include <stdio.h>
#include <string.h>

#include "model/filesystem.h"

static bool is_named(const char *option, size_t size, const char *name)
{
	size_t n = strlen(name);

	return size > n && strncmp(option, name, n) == 0 && option[n] == '=';
}

static bool is_label(const char *option, size_t size)
{
	char name[16] = "";
	size_t n = strcspn(option, "=,");

	if (n < size && n < sizeof(name))
		memcpy(name, option, n);
	return filesystem_is_label(name);
}

bool label_any(const char *options, const char *name)
{
	for (const char *p = options; *p;) {
		size_t n = filesystem_option_size(p);

		if (name ? is_named(p, n, name) : is_label(p, n))
			return true;
		p += n + (p[n] == ',');
	}
	return false;
}

const char *label_fault(const char *context)
{
	if (!*context)
		return "it is empty";
	for (const char *p = context; *p; p++)
		if (*p <= ' ' || *p == '"' || *p == '\\' || *p == '\x7f')
			return "it has a byte that no context has";
	return NULL;
}

/* Each option but for labels; @context: with this one in the place of a context. */
static char *copy(const char *options, const char *context, bool drop)
{
	const char *quote = context && strchr(context, ',') ? "\"" : "";
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool any = false;

	for (const char *p = options; out && *p;) {
		size_t n = filesystem_option_size(p);

		if (n && !(drop && is_label(p, n))) {
			fputs(any ? "," : "", out);
			if (context && is_named(p, n, "context"))
				fprintf(out, "context=%s%s%s", quote, context, quote);
			else
				fprintf(out, "%.*s", (int)n, p);
			any = true;
		}
		p += n + (p[n] == ',');
	}
	if (out && fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

char *label_drop_all(const char *options)
{
	return copy(options, NULL, true);
}

char *label_replace(const char *options, const char *context)
{
	return copy(options, context, false);
}
