/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON output. Strings that are valid UTF-8 stand as they are. Paths are bytes, and JSON cannot
 * hold others: such a string is written as path_printable() has it (\ooo for each byte, a backslash
 * as \134), and its object lists the field in "escaped": {"path": "/v\377", "escaped": ["path"]}.
 */
#ifndef REBIND_CMD_JSON_H
#define REBIND_CMD_JSON_H

#include "base/text.h"

struct json_t;

/* A document. Memory that ran out on the way is told by json_print(). */
struct json {
	struct json_t *root; /* an object */
	bool broken;
};

/**
 * json_load - load what writes it: before anything else is called, and before something is done
 * that could not be told
 * @ret_reason: why not
 *
 * Return: 0 or -ELIBACC.
 */
int json_load(const char **ret_reason);

void json_start(struct json *doc);
void json_end(struct json *doc);
#define cleanup_json cleanup(json_end)

/* Each adds a field to @object; NULL @text is null. */
void json_add_text(struct json *doc, struct json_t *object, const char *field, const char *text);
void json_add_number(struct json *doc, struct json_t *object, const char *field, uint64_t number);
void json_add_bool(struct json *doc, struct json_t *object, const char *field, bool value);
/* The text, or no field at all for NULL. */
void json_add_optional(struct json *doc, struct json_t *object, const char *field,
		       const char *text);

/* A field that is an array; the array, borrowed. */
struct json_t *json_add_list(struct json *doc, struct json_t *object, const char *field);
/* An object at the end of an array; the object, borrowed. */
struct json_t *json_add_item(struct json *doc, struct json_t *list);
/* A sentence at the end of an array. */
void json_add_line(struct json *doc, struct json_t *list, const char *text);

/* An array of sentences. */
void json_add_lines(struct json *doc, const char *field, const struct strings *lines);

/**
 * json_print - write the document to stdout
 *
 * Return: 0 or a negative errno, printed.
 */
int json_print(const struct json *doc);

#endif
