// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/child.h"
#include "base/commit.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/criu/command-line.h"
#include "runtime/criu/criu.h"

struct dump {
	struct rebind *rebind;
	struct rebind_dump_options how;
	struct rebind_report *report;
	struct criu_dumped dumped;
	bool failed; /* what was said is not CRIU's error */
};

/* ---- CRIU ---- */

/* CRIU compares with what mountinfo says, where it leaves a newline escaped. */
static int name_external(const char *mountpoint, const char *prefix, struct strings *ret)
{
	cleanup_free char *escaped = malloc(4 * strlen(mountpoint) + 1);
	char *end = escaped;
	int err = escaped ? strings_print(ret, "%smnt[%s]:%s", prefix, mountpoint, mountpoint)
			  : -ENOMEM;

	if (err || !strchr(mountpoint, '\n'))
		return err;
	for (const char *c = mountpoint; *c; c++)
		if (*c == '\n')
			end = stpcpy(end, "\\012");
		else
			*end++ = *c;
	*end = '\0';
	return strings_print(ret, "%smnt[%s]:%s", prefix, escaped, mountpoint);
}

int criu_externals(pid_t pid, const char *prefix, struct strings *ret, struct rebind_report *report)
{
	struct rebind_tree *tree;
	char name[16];

	snprintf(name, sizeof(name), "%d", (int)pid);
	int err = rebind_tree_open(NULL, name, 0, report, &tree);

	if (err)
		return err;
	for (size_t i = 0; i < rebind_tree_count(tree) && !err; i++) {
		struct rebind_mount m = { .size = sizeof(m) };

		rebind_tree_get(tree, i, &m);
		if (m.depth)
			err = name_external(m.mountpoint, prefix, ret);
	}
	rebind_tree_free(tree);
	return err;
}

static int name_target(struct strings *command, const struct dump *dump)
{
	int err = strings_print(command, "--tree=%d", (int)dump->how.pid);

	return err ? err : strings_print(command, "--images-dir=%s", dump->how.images_dir);
}

int criu_put_words(struct strings *command, char *const *words, const struct strings *options)
{
	int err = 0;

	for (; words && *words && strcmp(*words, "--") != 0 && !err; words++)
		err = strings_print(command, "%s", *words);
	for (size_t i = 0; i < options->n && !err; i++)
		err = strings_print(command, "%s", options->list[i]);
	for (; words && *words && !err; words++)
		err = strings_print(command, "%s", *words);
	return err;
}

static int dump_put_together(struct strings *command, const struct dump *dump,
			     const struct actions *actions, char *const *words)
{
	cleanup(strings_free) struct strings ours = { 0 };
	cleanup_free char *program = NULL;
	int err = criu_find(&program);

	if (!err)
		err = strings_print(command, "%s", program);
	if (!err)
		err = strings_print(command, "dump");
	if (!err)
		err = name_target(command, dump);
	/* Not those of the caller; and if the last of his lacks its value, it gets no more than
	 * this. */
	if (!err)
		err = name_target(&ours, dump);
	/* CRIU begins with the last one. */
	if (!err)
		err = strings_print(&ours, "--action-script=%s/" ACTIONS_PROGRAM, actions->path);
	if (!err)
		err = criu_externals(dump->how.pid, "--external=", &ours, dump->report);
	return err ? err : criu_put_words(command, words, &ours);
}

/* What CRIU made of the caller's words shows in the directory. */
static int check_parent(const char *images_dir)
{
	cleanup_fd int dir = open(images_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? log_error(-errno, "cannot open the image directory '%s'", images_dir)
		       : criu_images_check_parent(dir);
}

/* The decision for rebind was made before; this came up only in CRIU's dump. */
static void warn_of_late(const char *images_dir)
{
	if (criu_choose_restore(images_dir, CRIU_BY_AUTO) == CRIU_BY_CRIU)
		log_warn("a removed file is open that only CRIU makes again, among mounts of its "
			 "own: CRIU alone will restore the mounts, too");
}

int criu_dump_mounts(struct rebind *rebind, const struct rebind_dump_options *mounts,
		     bool only_look, struct rebind_report *report)
{
	struct rebind_dump_options how = *mounts;
	int err = only_look ? 0 : check_parent(mounts->images_dir);

	if (err)
		return err;
	how.processes = true;
	how.dry_run = only_look;
	how.on_line = NULL;
	how.on_action = NULL;
	err = rebind_dump(rebind, &how, report);
	if (!err && !only_look)
		warn_of_late(mounts->images_dir);
	return err;
}

/* Ours first: at post-dump the mounts are in the image. */
static int on_action(void *data, const char *action, pid_t root_task)
{
	struct dump *dump = data;
	bool last = strcmp(action, "post-dump") == 0;
	int err = last ? criu_dump_mounts(dump->rebind, &dump->how, false, dump->report) : 0;

	if (!err && dump->how.on_action)
		err = dump->how.on_action(dump->how.on_action_data, action, root_task);
	if (!err && last) {
		commit_begin();
		criu_dumped_complete(&dump->dumped);
	}
	dump->failed |= err != 0;
	return err;
}

static int dump_judge(const struct dump *dump, const char *path, int status)
{
	char version[CRIU_VERSION_MAX];

	if (dump->failed)
		return -ECANCELED;
	if (WIFSIGNALED(status))
		return criu_failed("CRIU was killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status))
		return criu_failed(
			"CRIU could not dump the processes (exit status %d): its own messages tell why%s",
			WEXITSTATUS(status), criu_version(path, version));
	if (!dump->dumped.complete)
		return criu_failed("CRIU ended without its action post-dump: is it a CRIU?");
	return 0;
}

static int serve(struct dump *dump, struct actions *actions, char *const *argv)
{
	int status = 0;
	pid_t pid = criu_spawn(argv);
	if (pid < 0)
		return pid;
	int err = criu_dumped_begin(&dump->dumped, dump->how.images_dir, dump->how.pid, pid);

	if (err) {
		/* It gets no answer, and fails. */
		actions_close(actions);
		child_wait_program(pid, NULL);
	} else {
		err = actions_serve(actions, pid, on_action, dump, &status);
	}
	return err ? err : dump_judge(dump, argv[0], status);
}

static int dump_beside(struct dump *dump, char *const *words)
{
	cleanup_actions struct actions actions = ACTIONS_INIT;
	cleanup(strings_free) struct strings command = { 0 };
	cleanup_fd int locked = -EBADF;
	int err = actions_open(&actions);

	if (err)
		return log_error(err, "cannot make what CRIU's actions need");
	err = dump_put_together(&command, dump, &actions, words);
	if (!err)
		err = criu_images_claim(dump->how.images_dir, &locked);
	if (err)
		return err;
	err = serve(dump, &actions, (char *const *)command.list);
	criu_dumped_end(&dump->dumped, dump->how.images_dir, err != 0);
	return err;
}

/* Return: an enum criu_by, or a negative errno. */
static int choose(const struct rebind_dump_options *mounts, const struct criu_command *command,
		  struct rebind_report *report)
{
	cleanup_choice struct criu_choice choice = { 0 };
	cleanup(criu_line_free) struct criu_line line = { 0 };
	int err = criu_line_of_words(&line, command->words);

	if (err)
		return err;
	cleanup(strings_free) struct strings parent = { 0 };

	if (line.parent && strings_print(&parent, "--prev-images-dir '%s'", line.parent))
		return -ENOMEM;
	int by = criu_choose(command->rebind, mounts, parent.n ? parent.list[0] : NULL, command->by,
			     report, &choice);

	if (by == CRIU_BY_CRIU)
		criu_choice_warn(&choice);
	return by;
}

int criu_dump(const struct rebind_dump_options *mounts, const struct criu_command *command,
	      struct rebind_report *report)
{
	struct dump dump = {
		.rebind = command->rebind,
		.how = *mounts,
		.report = report,
		.dumped = { CRIU_DUMPED_INIT },
	};
	int by = choose(mounts, command, report);

	if (by == CRIU_BY_CRIU)
		return criu_alone_dump(mounts, command);
	return by < 0 ? by : dump_beside(&dump, command->words);
}
