// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/oci/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "runtime/oci/document.h"

/* A document that is being read, and the place in it. */
struct reader {
	const char *name;
	char place[160]; /* "linux.devices[3]", or empty */
	bool wrong;
};

static const char *type_name(const json_t *value)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number", [JSON_REAL] = "a number",	[JSON_TRUE] = "a boolean",
		[JSON_FALSE] = "a boolean",  [JSON_NULL] = "null",
	};

	return names[json_typeof(value)];
}

static void complain(struct reader *r, const char *format, ...) printf_like(2, 3);

static void complain(struct reader *r, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	log_error(0, "'%s': %s", r->name, text ? text : "no memory");
	r->wrong = true;
}

/* What is called what it is: "an array of strings", say. */
static void wrong_type(struct reader *r, const char *field, const char *want, const json_t *value)
{
	complain(r, "%s%s%s must be %s, and is %s", r->place, *r->place && *field ? "." : "", field,
		 want, type_name(value));
}

/* A field that may be missing; null is as good as missing. */
static json_t *optional(struct reader *r, const json_t *object, const char *field, json_type type,
			const char *want)
{
	json_t *value = json_object_get(object, field);

	if (!value || json_is_null(value))
		return NULL;
	if (json_typeof(value) == type)
		return value;
	wrong_type(r, field, want, value);
	return NULL;
}

static const char *optional_text(struct reader *r, const json_t *object, const char *field)
{
	const json_t *value = optional(r, object, field, JSON_STRING, "a string");
	const char *text = json_string_value(value);

	if (!text || strlen(text) == json_string_length(value))
		return text;
	complain(r, "%s%s%s has a NUL in it", r->place, *r->place ? "." : "", field);
	return NULL;
}

static const char *required_text(struct reader *r, const json_t *object, const char *field)
{
	bool before = r->wrong;
	const char *text;

	r->wrong = false;
	text = optional_text(r, object, field);
	if (!r->wrong && (!text || !*text))
		complain(r, "%s.%s is missing", r->place, field);
	r->wrong |= before;
	return text && *text ? text : NULL;
}

/* An element of a list, which must be of a type; @r says where it is from then on. */
static const json_t *element(struct reader *r, const char *list, size_t i, const json_t *value,
			     json_type type, const char *want)
{
	snprintf(r->place, sizeof(r->place), "%s[%zu]", list, i);
	if (json_typeof(value) == type)
		return value;
	wrong_type(r, "", want, value);
	return NULL;
}

static bool is_bind(struct reader *r, const json_t *mount, const char *type)
{
	const json_t *options = optional(r, mount, "options", JSON_ARRAY, "an array of strings");
	bool bind = type && strcmp(type, "bind") == 0;
	const json_t *option;
	size_t i;

	json_array_foreach((json_t *)options, i, option)
	{
		const char *word = json_string_value(option);

		if (!word)
			wrong_type(r, "options", "an array of strings", option);
		else if (strcmp(word, "bind") == 0 || strcmp(word, "rbind") == 0)
			bind = true;
	}
	return bind;
}

static void read_mount(struct reader *r, const json_t *mount, struct config *config)
{
	const char *destination = required_text(r, mount, "destination");
	const char *type = optional_text(r, mount, "type");
	struct config_bind *bind = &config->binds[config->n_binds];

	if (type && strcmp(type, "cgroup") == 0)
		config->cgroup_mounted = destination;
	if (!is_bind(r, mount, type))
		return;
	bind->destination = destination;
	bind->source = required_text(r, mount, "source");
	config->n_binds += bind->destination && bind->source;
}

static int read_mounts(struct reader *r, const json_t *root, struct config *config)
{
	const json_t *list = optional(r, root, "mounts", JSON_ARRAY, "an array of objects");
	const json_t *value;
	size_t i;

	config->binds = calloc(json_array_size(list) + 1, sizeof(*config->binds));
	if (!config->binds)
		return -ENOMEM;
	json_array_foreach((json_t *)list, i, value)
	{
		const json_t *mount = element(r, "mounts", i, value, JSON_OBJECT, "an object");

		if (mount)
			read_mount(r, mount, config);
	}
	r->place[0] = '\0';
	return 0;
}

static unsigned int number(struct reader *r, const json_t *object, const char *field)
{
	double value = json_real_value(optional(r, object, field, JSON_REAL, "a number"));

	if (value >= 0 && value <= UINT32_MAX && value == (double)(unsigned int)value)
		return (unsigned int)value;
	complain(r, "%s.%s is no device number", r->place, field);
	return 0;
}

static void read_device(struct reader *r, const json_t *value, struct config *config)
{
	struct config_device *device = &config->devices[config->n_devices];
	const char *type = required_text(r, value, "type");

	device->path = required_text(r, value, "path");
	device->is_block = type && strcmp(type, "b") == 0;
	device->major = number(r, value, "major");
	device->minor = number(r, value, "minor");
	/* "p" is a pipe, "u" an older word for "c". */
	config->n_devices += device->path && type && strcmp(type, "p") != 0;
}

static int read_devices(struct reader *r, const json_t *linux_part, struct config *config)
{
	const json_t *list = optional(r, linux_part, "devices", JSON_ARRAY, "an array of objects");
	const json_t *value;
	size_t i;

	config->devices = calloc(json_array_size(list) + 1, sizeof(*config->devices));
	if (!config->devices)
		return -ENOMEM;
	json_array_foreach((json_t *)list, i, value)
	{
		const json_t *device =
			element(r, "linux.devices", i, value, JSON_OBJECT, "an object");

		if (device)
			read_device(r, device, config);
	}
	snprintf(r->place, sizeof(r->place), "linux");
	return 0;
}

static int read_masked(struct reader *r, const json_t *linux_part, struct config *config)
{
	const json_t *list =
		optional(r, linux_part, "maskedPaths", JSON_ARRAY, "an array of strings");
	const json_t *value;
	size_t i;

	config->masked = calloc(json_array_size(list) + 1, sizeof(*config->masked));
	if (!config->masked)
		return -ENOMEM;
	json_array_foreach((json_t *)list, i, value) if (element(r, "linux.maskedPaths", i, value,
								 JSON_STRING, "a string"))
		config->masked[config->n_masked++] = json_string_value(value);
	r->place[0] = '\0';
	return 0;
}

/* The words of the configuration, and rebind's. A mount namespace is what is restored. */
static const char *namespace_kind(const char *type)
{
	static const struct {
		const char *type, *kind;
	} kinds[] = {
		{ "pid", "pid" }, { "network", "net" }, { "ipc", "ipc" },
		{ "uts", "uts" }, { "user", "user" },	{ "cgroup", "cgroup" },
	};

	for (size_t i = 0; type && i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].type, type) == 0)
			return kinds[i].kind;
	return NULL;
}

static int read_namespaces(struct reader *r, const json_t *linux_part, struct config *config)
{
	const json_t *list =
		optional(r, linux_part, "namespaces", JSON_ARRAY, "an array of objects");
	const json_t *value;
	size_t i;

	config->namespaces = calloc(json_array_size(list) + 1, sizeof(*config->namespaces));
	if (!config->namespaces)
		return -ENOMEM;
	json_array_foreach((json_t *)list, i, value)
	{
		const json_t *ns =
			element(r, "linux.namespaces", i, value, JSON_OBJECT, "an object");
		const char *kind = ns ? namespace_kind(required_text(r, ns, "type")) : NULL;
		const char *path = kind ? optional_text(r, ns, "path") : NULL;

		if (kind)
			config->namespaces[config->n_namespaces++] =
				(struct config_namespace){ kind, path && *path ? path : NULL };
	}
	snprintf(r->place, sizeof(r->place), "linux");
	return 0;
}

static int config_read_all(struct reader *r, const json_t *root, struct config *config)
{
	if (!json_is_object(root)) {
		complain(r, "it must be an object, and is %s", type_name(root));
		return 0;
	}
	const json_t *root_part = optional(r, root, "root", JSON_OBJECT, "an object");
	const json_t *linux_part = optional(r, root, "linux", JSON_OBJECT, "an object");

	snprintf(r->place, sizeof(r->place), "root");
	config->root = root_part ? optional_text(r, root_part, "path") : NULL;
	r->place[0] = '\0';
	int err = read_mounts(r, root, config);

	snprintf(r->place, sizeof(r->place), "linux");
	config->cgroups_path = linux_part ? optional_text(r, linux_part, "cgroupsPath") : NULL;
	if (!err)
		err = read_devices(r, linux_part, config);
	if (!err)
		err = read_namespaces(r, linux_part, config);
	return err ? err : read_masked(r, linux_part, config);
}

int config_read(int dir_fd, const char *file, const char *name, struct config *ret)
{
	cleanup_config struct config config = { 0 };
	struct reader r = { .name = name };
	json_t *document = NULL;
	int err = document_read(dir_fd, file, name, &document);

	if (err)
		return err;
	config.document = document;
	err = config_read_all(&r, config.document, &config);
	if (err)
		return log_error(err, "cannot read '%s'", name);
	if (r.wrong)
		return -EBADMSG;
	*ret = config;
	config = (struct config){ 0 };
	return 0;
}

void config_free(struct config *config)
{
	free(config->binds);
	free(config->devices);
	free(config->masked);
	free(config->namespaces);
	json_decref(config->document);
	*config = (struct config){ 0 };
}
