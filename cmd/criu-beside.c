// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * CRIU's command line, with a CRIU beside rebind. Of a dump and a restore the mounts are taken out
 * of the words, and the rest goes on to CRIU behind "--"; where CRIU does the mounts it gets the
 * line as it came. All other verbs are CRIU's, and so is what it does not understand.
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/criu-words.h"
#include "cmd/options.h"
#include "runtime/criu/criu.h"

static int be_criu(char **plain)
{
	cleanup_free char *program = NULL;

	if (criu_find(&program) == 0) {
		plain[0] = program;
		fflush(stdout);
		criu_become(plain);
	}
	return STATUS_FAILED;
}

/* CRIU looks in the current directory where it is told of none. */
static int criu_beside_put_together(struct criu_line *line, bool is_dump, struct strings *ret)
{
	int err = criu_line_read_config(line);

	if (!err && !line->images_dir)
		line->images_dir = ".";
	if (!err)
		err = words_put_mounts(line, is_dump, ret);
	if (!err)
		err = strings_print(ret, "--");
	for (size_t i = 0; i < line->to_criu.n && !err; i++)
		err = strings_print(ret, "%s", line->to_criu.list[i]);
	if (!err && *line->rest)
		err = strings_print(ret, "--");
	for (char *const *word = line->rest; *word && !err; word++)
		err = strings_print(ret, "%s", *word);
	return err;
}

static char **make_argv(const char *name, const struct strings *args)
{
	char **argv = calloc(args->n + 2, sizeof(*argv));

	for (size_t i = 0; argv && i < args->n; i++)
		argv[i + 1] = (char *)args->list[i];
	if (argv)
		argv[0] = (char *)name;
	return argv;
}

/* What rebind's verbs would refuse as a word of theirs, CRIU may take, or say why not. */
static bool is_clear(const struct criu_line *line, bool is_dump)
{
	int64_t pid;

	if (is_dump &&
	    (!line->tree || options_number(line->tree, strlen(line->tree), 1, INT32_MAX, &pid)))
		return false;
	for (size_t i = 0; i < line->ext_mount_map.n; i++) {
		const char *mapping = line->ext_mount_map.list[i];

		if (*mapping == ':' || (strcmp(mapping, "auto") != 0 && !strchr(mapping, ':')))
			return false;
	}
	return true;
}

int criu_name_beside(struct criu_line *line, const char *verb, char **plain)
{
	cleanup(strings_free) struct strings args = { 0 };
	bool is_dump = verb && strcmp(verb, "dump") == 0;

	if ((!is_dump && (!verb || strcmp(verb, "restore") != 0)) || line->help || line->version)
		return be_criu(plain);
	int err = criu_beside_put_together(line, is_dump, &args);

	if (!err && !is_clear(line, is_dump))
		return be_criu(plain);
	cleanup_free char **argv =
		err ? NULL : make_argv(is_dump ? "criu dump" : "criu restore", &args);

	if (!argv)
		return usage_error(NULL, "%s", strerror(ENOMEM));
	return is_dump ? criu_verb_dump((int)args.n + 1, argv, plain)
		       : criu_verb_restore((int)args.n + 1, argv, plain);
}
