/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jansson, loaded when something is read or written as JSON (base/library.h says why). */
#ifndef REBIND_RUNTIME_OCI_JANSSON_H
#define REBIND_RUNTIME_OCI_JANSSON_H

#include <jansson.h>

#include "base/library.h"

/**
 * jansson_load - make the functions below callable
 * @ret_reason: why not
 *
 * Return: 0 or -ELIBACC.
 */
int jansson_load(const char **ret_reason);

#define JANSSON_FUNCTIONS(X)     \
	X(json_array)            \
	X(json_array_append_new) \
	X(json_array_get)        \
	X(json_array_size)       \
	X(json_delete)           \
	X(json_dumpf)            \
	X(json_false)            \
	X(json_integer)          \
	X(json_real_value)       \
	X(json_string_length)    \
	X(json_loadb)            \
	X(json_null)             \
	X(json_object)           \
	X(json_object_get)       \
	X(json_object_set_new)   \
	X(json_string)           \
	X(json_string_value)     \
	X(json_true)

struct jansson_functions {
	JANSSON_FUNCTIONS(LIBRARY_FIELD)
};

extern struct jansson_functions jansson;

/* Its own json_decref() would call the library by name. */
static inline void jansson_unref(json_t *value)
{
	if (value && value->refcount != (size_t)-1 && --value->refcount == 0)
		jansson.json_delete(value);
}

#ifndef JANSSON_NO_NAMES
#define json_array	      jansson.json_array
#define json_array_append_new jansson.json_array_append_new
#define json_array_get	      jansson.json_array_get
#define json_array_size	      jansson.json_array_size
#define json_delete	      jansson.json_delete
#define json_dumpf	      jansson.json_dumpf
#define json_false	      jansson.json_false
#define json_integer	      jansson.json_integer
#define json_real_value	      jansson.json_real_value
#define json_string_length    jansson.json_string_length
#define json_loadb	      jansson.json_loadb
#define json_null	      jansson.json_null
#define json_object	      jansson.json_object
#define json_object_get	      jansson.json_object_get
#define json_object_set_new   jansson.json_object_set_new
#define json_string	      jansson.json_string
#define json_string_value     jansson.json_string_value
#define json_true	      jansson.json_true
#define json_decref	      jansson_unref
#endif

#endif
