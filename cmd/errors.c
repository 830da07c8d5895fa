// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/json.h"

static struct {
	struct strings lines;
	const char *verb; /* NULL: no document is expected */
} refusal;

void errors_add(const char *text)
{
	strings_add(&refusal.lines, text, strlen(text));
}

void errors_say(const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	cleanup_free char *safe = text ? text_safe(text) : NULL;

	fprintf(stderr, "rebind: %s\n", safe ? safe : "out of memory");
	if (text)
		errors_add(text);
}

void errors_expect_json(const char *verb)
{
	refusal.verb = verb;
}

void errors_answered(void)
{
	refusal.verb = NULL;
}

void errors_print(void)
{
	cleanup_json struct json doc = { 0 };
	const char *reason;

	/* Without the library there is the text alone. */
	if (!refusal.verb || !refusal.lines.n || json_load(&reason))
		return;
	json_start(&doc);
	json_add_text(&doc, doc.root, "verb", refusal.verb);
	json_add_bool(&doc, doc.root, "ok", false);
	json_add_list(&doc, doc.root, "findings");
	json_add_lines(&doc, "errors", &refusal.lines);
	json_print(&doc);
}
