// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "cmd/errors.h"
#include "runtime/oci/jansson.h"

int json_load(const char **ret_reason)
{
	return jansson_load(ret_reason);
}

void json_start(struct json *doc)
{
	*doc = (struct json){ .root = json_object() };
	doc->broken = !doc->root;
}

void json_end(struct json *doc)
{
	json_decref(doc->root);
	doc->root = NULL;
}

/* Takes @value over. A NULL container or value is memory that ran out. */
static void json_put(struct json *doc, json_t *object, const char *field, json_t *value)
{
	if (json_object_set_new(object, field, value) < 0)
		doc->broken = true;
}

static void json_append(struct json *doc, json_t *list, json_t *value)
{
	if (json_array_append_new(list, value) < 0)
		doc->broken = true;
}

static json_t *escaped_string(const char *text)
{
	cleanup_free char *printable = path_printable(text);

	return printable ? json_string(printable) : NULL;
}

static void mark_escaped(struct json *doc, json_t *object, const char *field)
{
	json_t *list = json_object_get(object, "escaped");

	json_append(doc, list ? list : json_add_list(doc, object, "escaped"), json_string(field));
}

void json_add_text(struct json *doc, json_t *object, const char *field, const char *text)
{
	/* json_string() gives NULL for what is not UTF-8. */
	json_t *value = text ? json_string(text) : json_null();

	if (value) {
		json_put(doc, object, field, value);
		return;
	}
	json_put(doc, object, field, escaped_string(text));
	mark_escaped(doc, object, field);
}

void json_add_optional(struct json *doc, json_t *object, const char *field, const char *text)
{
	if (text)
		json_add_text(doc, object, field, text);
}

void json_add_number(struct json *doc, json_t *object, const char *field, uint64_t number)
{
	json_put(doc, object, field, json_integer((json_int_t)number));
}

void json_add_bool(struct json *doc, json_t *object, const char *field, bool value)
{
	json_put(doc, object, field, json_boolean(value));
}

json_t *json_add_list(struct json *doc, json_t *object, const char *field)
{
	json_t *list = json_array();

	json_put(doc, object, field, list);
	return list;
}

json_t *json_add_item(struct json *doc, json_t *list)
{
	json_t *object = json_object();

	json_append(doc, list, object);
	return object;
}

void json_add_line(struct json *doc, json_t *list, const char *text)
{
	json_t *value = json_string(text);

	json_append(doc, list, value ? value : escaped_string(text));
}

void json_add_lines(struct json *doc, const char *field, const struct strings *lines)
{
	json_t *array = json_add_list(doc, doc->root, field);

	for (size_t i = 0; i < lines->n; i++)
		json_add_line(doc, array, lines->list[i]);
}

int json_print(const struct json *doc)
{
	int err = doc->broken ? -ENOMEM : 0;

	errors_answered();
	if (!err && json_dumpf(doc->root, stdout, JSON_INDENT(2)) < 0)
		err = -EIO;
	if (err)
		fprintf(stderr, "rebind: cannot write JSON: %s\n", strerror(-err));
	else
		putchar('\n');
	return err;
}
