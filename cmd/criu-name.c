// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * rebind under the name "criu", for programs that start one: the words are CRIU's. With a CRIU
 * beside it (REBIND_CRIU) all of them are taken; what is not a dump or a restore is that CRIU's.
 * Without one, what they say of mounts is done; what they say of processes is refused, because it
 * would be lost.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/criu-words.h"
#include "cmd/options.h"
#include "include/rebind.h"
#include "runtime/rpc/relay.h"

static int no_memory(void)
{
	return usage_error(NULL, "%s", strerror(ENOMEM));
}

/* ---- alone ---- */

static int refuse_state(const char *name)
{
	return usage_error(NULL,
			   "--%s is about processes, and this criu is rebind, which keeps mounts: "
			   "leave it out, or set REBIND_CRIU to the path of a CRIU that keeps them",
			   name);
}

static int print_version(void)
{
	printf("Version: 4.2\nrebind %s: mounts, not processes\n", rebind_version());
	return STATUS_OK;
}

static int print_help(void)
{
	printf("usage: criu dump -t PID -D DIR --leave-running [options]\n"
	       "       criu restore -D DIR -d --pidfile FILE [--root PATH] [options]\n"
	       "       criu check\n"
	       "       criu swrk FD\n"
	       "       criu service --address PATH\n"
	       "       criu --version\n\n"
	       "This is rebind, which keeps mounts. The options are those of rebind dump and "
	       "restore, in CRIU's words.\nWith REBIND_CRIU=PATH that CRIU keeps the processes, and "
	       "all of its options are taken.\n");
	return STATUS_OK;
}

static int dump(const struct criu_line *line, struct strings *args)
{
	if (!line->leave_running)
		return usage_error(
			"dump", "this criu is rebind, which keeps mounts: the dump would end the "
				"processes without a trace; give --leave-running, or use 'rebind "
				"criu dump', which starts a CRIU for them");
	return words_run(verb_dump, "dump", args);
}

static int restore(const struct criu_line *line, struct strings *args)
{
	if (!line->detached || !line->pidfile)
		return usage_error(
			"restore",
			"this criu is rebind, which restores mounts, with a process that "
			"holds them: give --restore-detached and --pidfile FILE");
	int err = words_put_file(line, "pidfile", line->pidfile, args);

	if (!err)
		err = words_put_namespaces(line, args);
	return err ? no_memory() : words_run(verb_restore, "restore", args);
}

static int check(const struct criu_line *line)
{
	char *argv[] = { (char *)"check", NULL };

	if (line->feature)
		return refuse_state("feature");
	return verb_check(1, argv);
}

static int mounts_of(const struct criu_line *line, struct strings *ret)
{
	int err = words_put_mounts(line, strcmp(line->verb, "dump") == 0, ret);

	if (!err)
		err = words_put_file(line, "log-file", line->log_file, ret);
	for (size_t i = 0; i < line->scripts.n && !err; i++)
		err = words_put(ret, "action-script", line->scripts.list[i]);
	for (size_t i = 0; i < line->level.n && !err; i++)
		err = strings_print(ret, "-v%s", line->level.list[i]);
	return err;
}

static int run_alone(const struct criu_line *line)
{
	cleanup(strings_free) struct strings args = { 0 };

	if (line->about_processes)
		return refuse_state(line->about_processes);
	if (*line->rest)
		return usage_error(NULL, "'%s' is one word too many", *line->rest);
	if (strcmp(line->verb, "check") == 0)
		return check(line);
	if (mounts_of(line, &args))
		return no_memory();
	if (strcmp(line->verb, "dump") == 0)
		return dump(line, &args);
	if (strcmp(line->verb, "restore") == 0)
		return restore(line, &args);
	return usage_error(NULL, "'%s' is not among what this criu, which is rebind, does",
			   line->verb);
}

/* ---- both ways ---- */

static int run_swrk(const struct criu_line *line)
{
	char *argv[] = { (char *)"swrk", *line->rest, NULL };

	return verb_swrk(*line->rest ? 2 : 1, argv);
}

/* Its log is what it says on stderr. */
static int take_log(const struct criu_line *line)
{
	cleanup(strings_free) struct strings name = { 0 };

	if (!line->log_file)
		return 0;
	if (words_put_file(line, "", line->log_file, &name))
		return -ENOMEM;
	int fd = open(name.list[1], O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, 0600);

	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
		return log_error(-errno, "cannot write the log file '%s'", name.list[1]);
	close(fd);
	return 0;
}

static int run_service(const struct criu_line *line)
{
	cleanup(strings_free) struct strings args = { 0 };
	int err = words_put_file(line, "address", line->address, &args);

	if (!err)
		err = words_put_file(line, "pidfile", line->pidfile, &args);
	if (!err)
		err = words_put(&args, "status-fd", line->status_fd);
	if (!err && line->detached)
		err = strings_print(&args, "--daemon");
	if (err)
		return no_memory();
	return take_log(line) ? STATUS_FAILED : words_run(verb_service, "service", &args);
}

int criu_name(int argc, char **argv)
{
	cleanup(criu_line_free) struct criu_line line = { 0 };
	cleanup_free char **plain = words_copy(argc, argv);
	bool beside = relay_is_wanted();

	if (!plain)
		return no_memory();
	int err = criu_line_parse(&line, argc, argv, !beside);

	if (err == -ENOMEM)
		return no_memory();
	if (line.verb && !err && strcmp(line.verb, "swrk") == 0)
		return run_swrk(&line);
	if (line.verb && !err && strcmp(line.verb, "service") == 0)
		return run_service(&line);
	if (beside)
		return criu_name_beside(&line, err ? NULL : line.verb, plain);
	if (err)
		return STATUS_USAGE;
	if (line.help || line.version)
		return line.help ? print_help() : print_version();
	if (!line.verb)
		return usage_error(NULL,
				   "a verb is missing: dump, restore, check, swrk or service");
	return run_alone(&line);
}
