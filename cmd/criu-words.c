// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/criu-words.h"

#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "runtime/rpc/pause.h"
#include "runtime/rpc/recorded.h"

int words_put(struct strings *ret, const char *option, const char *value)
{
	int err = value ? strings_print(ret, "--%s", option) : 0;

	return err || !value ? err : strings_print(ret, "%s", value);
}

int words_put_file(const struct criu_line *line, const char *option, const char *file,
		   struct strings *ret)
{
	int err = file ? strings_print(ret, "--%s", option) : 0;

	if (err || !file)
		return err;
	return line->work_dir && *file != '/' ? strings_print(ret, "%s/%s", line->work_dir, file)
					      : strings_print(ret, "%s", file);
}

static int put_all(struct strings *ret, const char *option, const struct strings *values)
{
	int err = 0;

	for (size_t i = 0; i < values->n && !err; i++)
		err = words_put(ret, option, values->list[i]);
	return err;
}

/* "console:", as LXC says it where there is no console: nothing is named, so nothing is lost. */
static bool is_empty_mapping(const char *mapping)
{
	size_t n = strlen(mapping);

	return n && mapping[n - 1] == ':' && strchr(mapping, ':') == mapping + n - 1;
}

static int put_maps(const struct criu_line *line, struct strings *ret)
{
	int err = 0;

	for (size_t i = 0; i < line->ext_mount_map.n && !err; i++)
		if (!is_empty_mapping(line->ext_mount_map.list[i]))
			err = words_put(ret, "ext-mount-map", line->ext_mount_map.list[i]);
	if (!err && line->sharing)
		err = strings_print(ret, "--enable-external-sharing");
	return err || !line->masters ? err : strings_print(ret, "--enable-external-masters");
}

static int put_restore(const struct criu_line *line, struct strings *ret)
{
	int err = words_put(ret, "root", line->root);

	if (!err)
		err = words_put(ret, "lsm-mount-context", line->lsm_mount_context);

	if (!err)
		err = put_all(ret, "join-ns", &line->join_ns);
	return err ? err : put_all(ret, "inherit-fd", &line->inherit_fd);
}

int words_put_mounts(const struct criu_line *line, bool is_dump, struct strings *ret)
{
	int err = is_dump ? words_put(ret, "tree", line->tree) : put_restore(line, ret);

	if (!err)
		err = words_put(ret, "images-dir", line->images_dir);
	if (!err)
		err = words_put(ret, "libdir", line->libdir);
	if (!err)
		err = put_all(ret, "external", &line->external);
	if (!err)
		err = put_maps(line, ret);
	if (!err && is_dump)
		err = put_all(ret, "skip-mnt", &line->skip_mnt);
	return err ? err : put_all(ret, "enable-fs", &line->enable_fs);
}

/* "net:FILE": that one is not made. */
static uint32_t joined(const struct criu_line *line)
{
	uint32_t all = 0;

	for (size_t i = 0; i < line->join_ns.n; i++) {
		const char *word = line->join_ns.list[i];
		size_t kind = ns_kind_named(word, strcspn(word, ":"));

		all |= kind < NS_USER ? (uint32_t)ns_kinds[kind].flag : 0;
	}
	return all;
}

int words_put_namespaces(const struct criu_line *line, struct strings *ret)
{
	char list[64] = "";
	uint32_t make = line->images_dir ? recorded_namespaces(line->images_dir) : 0;

	make &= ~joined(line);
	for (size_t i = 0; i < NS_USER; i++) {
		size_t n = strlen(list);

		if (make & (uint32_t)ns_kinds[i].flag)
			snprintf(list + n, sizeof(list) - n, "%s%s", n ? "," : "",
				 ns_kinds[i].name);
	}
	return *list ? words_put(ret, "new-ns", list) : 0;
}

int words_run(int (*verb)(int argc, char **argv), const char *name, const struct strings *args)
{
	cleanup_free char **argv = calloc(args->n + 2, sizeof(*argv));

	if (!argv)
		return usage_error(NULL, "%s", strerror(ENOMEM));
	argv[0] = (char *)name;
	for (size_t i = 0; i < args->n; i++)
		argv[i + 1] = (char *)args->list[i];
	return verb((int)args->n + 1, argv);
}

char **words_copy(int argc, char **argv)
{
	char **copy = calloc((size_t)argc + 1, sizeof(*copy));

	for (int i = 0; copy && i < argc; i++)
		copy[i] = argv[i];
	return copy;
}
