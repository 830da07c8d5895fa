// SPDX-License-Identifier: LGPL-2.1-or-later
#include <limits.h>

#include "cmd/bundle.h"
#include "cmd/cmd.h"
#include "cmd/mounts.h"
#include "cmd/compat-options.h"
#include "cmd/external-from.h"
#include "cmd/handover.h"
#include "cmd/options.h"
#include "cmd/report.h"
#include "cmd/script.h"
#include "runtime/criu/criu.h"
#include "runtime/oci/checkpoint-file.h"

struct dump_args {
	const char *compress;
	int64_t pid, plugin_timeout;
	const char *images_dir, *checkpoint, *libdir, *reader, *root_of, *bundle;
	struct strings mntns, external, external_from, skip_mnt, copy, enable_fs;
	struct compat_options_words older;
	struct scripts scripts;
	bool all_mntns, dry_run, strict, freeze;
	bool beside; /* CRIU dumps the processes */
	const char *mounts;
	char *const *plain; /* CRIU's command line, where that was given */
	struct report_options report;
};

static const struct option_spec specs[] = {
	{ 't', "tree", OPTION_NUMBER, offsetof(struct dump_args, pid), "PID",
	  "a process in the namespace", 1, INT_MAX },
	{ '\0', "all-mntns", OPTION_FLAG, offsetof(struct dump_args, all_mntns), NULL,
	  "every mount namespace of PID and of all below it" },
	{ '\0', "mntns", OPTION_LIST, offsetof(struct dump_args, mntns), "FILE",
	  "the namespace itself: an nsfs file; several: a set" },
	{ '\0', "root-of", OPTION_CHOICE, offsetof(struct dump_args, root_of), "namespace",
	  "of a process in a chroot: dump all of its namespace" },
	{ 'D', "images-dir", OPTION_TEXT, offsetof(struct dump_args, images_dir), "DIR",
	  "where the image is written; must hold none" },
	{ '\0', "checkpoint", OPTION_TEXT, offsetof(struct dump_args, checkpoint), "FILE",
	  "in place of -D: one archive, FILE.tar, .tar.gz or .tar.zst" },
	{ 'L', "libdir", OPTION_TEXT, offsetof(struct dump_args, libdir), "DIR", "plugins" },
	{ '\0', "external", OPTION_LIST, offsetof(struct dump_args, external), "WHAT",
	  "mnt[PATH]:KEY, mnt[#ID]:KEY, mnt[]:[ms], mnt[*], dev[MAJ/MIN]:KEY" },
	EXTERNAL_FROM_SPEC(struct dump_args),
	{ '\0', "bundle", OPTION_TEXT, offsetof(struct dump_args, bundle), "DIR",
	  "name the binds of an OCI bundle by their destinations" },
	{ '\0', "skip-mnt", OPTION_LIST, offsetof(struct dump_args, skip_mnt), "PATH",
	  "leave out a mount and what is below it" },
	{ '\0', "copy", OPTION_LIST, offsetof(struct dump_args, copy), "PATH",
	  "copy a filesystem that is also mounted here" },
	{ '\0', "enable-fs", OPTION_COMMAS, offsetof(struct dump_args, enable_fs), "FS[,FS]",
	  "allow filesystems that need your word" },
	{ '\0', "compress", OPTION_TEXT, offsetof(struct dump_args, compress), "HOW",
	  "contents of tmpfs: gzip (the default), gzip:LEVEL, none" },
	OLDER_SPECS(struct dump_args),
	{ '\0', "plugin-timeout", OPTION_NUMBER, offsetof(struct dump_args, plugin_timeout),
	  "SECONDS", "how long a plugin may take (30)", 1, 86400 },
	{ '\0', "action-script", OPTION_LIST, offsetof(struct dump_args, scripts.files), "FILE",
	  "run FILE at each step: CRIU's action scripts" },
	{ '\0', "freeze", OPTION_FLAG, offsetof(struct dump_args, freeze), NULL,
	  "freeze the cgroup of PID meanwhile" },
	{ '\0', "strict", OPTION_FLAG, offsetof(struct dump_args, strict), NULL,
	  "fail if a file changes while it is copied" },
	{ '\0', "dry-run", OPTION_FLAG, offsetof(struct dump_args, dry_run), NULL,
	  "say what would be done, write nothing" },
	{ '\0', "reader", OPTION_CHOICE, offsetof(struct dump_args, reader), "statmount|mountinfo",
	  NULL },
	REPORT_SPECS(struct dump_args),
	MOUNTS_SPEC(struct dump_args), /* the last: it is for CRIU's part */
};

static const char *const synopsis[] = {
	"dump -t PID [--all-mntns] | --mntns FILE...  -D DIR | --checkpoint FILE [options]",
	NULL,
};

static const struct option_set options = {
	.verb = "dump",
	.synopsis = synopsis,
	.specs = specs,
	.n_specs = ARRAY_SIZE(specs) - 1,
};

static const char *const criu_synopsis[] = {
	"criu dump -t PID -D DIR [options] [-- CRIU'S OPTIONS]",
	NULL,
};

static const struct option_set criu_options = {
	.verb = "criu dump",
	.synopsis = criu_synopsis,
	.specs = specs,
	.n_specs = ARRAY_SIZE(specs),
	.takes_command = true,
	.may_be_bare = true,
};

static void free_args(struct dump_args *args)
{
	strings_free(&args->mntns);
	strings_free(&args->external);
	strings_free(&args->external_from);
	strings_free(&args->skip_mnt);
	strings_free(&args->copy);
	strings_free(&args->enable_fs);
	strings_free(&args->older.ext_mount_map);
	scripts_free(&args->scripts);
}

static int check_checkpoint(const char *verb, const struct dump_args *args)
{
	if (!args->checkpoint)
		return 0;
	if (args->beside)
		return usage_error(verb,
				   "--checkpoint is for mounts alone: dump into DIR/checkpoint, "
				   "then pack it (tar -C DIR -cf FILE checkpoint)");
	if (args->images_dir)
		return usage_error(verb, "-D and --checkpoint both say where the image goes: give "
					 "one of them");
	if (!checkpoint_file_is_name(args->checkpoint))
		return usage_error(verb,
				   "--checkpoint takes FILE.tar, FILE.tar.gz or FILE.tar.zst, "
				   "not '%s'",
				   args->checkpoint);
	return 0;
}

static int check_args(const char *verb, struct dump_args *args)
{
	if (!args->pid && !args->mntns.n)
		return usage_error(verb, "which namespace is missing: give -t PID or --mntns FILE");
	if (args->pid && args->mntns.n)
		return usage_error(verb, "-t and --mntns both name a namespace: give one of them");
	if (!args->images_dir && !args->checkpoint && !args->dry_run)
		return usage_error(verb, "the images directory is missing: give -D DIR");
	if (args->bundle && !args->pid)
		return usage_error(verb, "--bundle takes a process of the container: give -t PID");
	if (args->beside && !args->pid)
		return usage_error(verb, "a process is missing: give -t PID");
	if (args->all_mntns && !args->pid)
		return usage_error(verb, "--all-mntns takes a process: give -t PID");
	if (args->beside && (args->all_mntns || args->mntns.n > 1))
		return usage_error(verb, "--all-mntns is for mounts alone: CRIU finds the "
					 "namespaces of the processes itself");
	if (args->freeze && args->mntns.n)
		return usage_error(verb, "--freeze takes a process: give -t PID");
	if (args->freeze && args->beside)
		return usage_error(verb, "--freeze is not needed: CRIU freezes the processes");
	int status = check_checkpoint(verb, args);

	if (!status)
		status = compat_options_translate(&args->older, verb, &args->external);
	return status ? status : external_from(&args->external_from, &args->external);
}

static int act(void *data, const char *action, pid_t pid)
{
	return scripts_run(data, action, pid);
}

/* Ended by a signal, it would seem to have left nothing: from here on it ends by itself. */
static void hold_signals(void *data)
{
	handover_hold_signals();
}

static int dump_beside(const struct dump_args *args, const struct rebind_dump_options *how,
		       struct report *report, char *const *words)
{
	struct criu_command command = {
		.words = words,
		.plain = args->plain,
		.scripts = args->scripts.files.list,
		.n_scripts = args->scripts.files.n,
	};
	int by = mounts_choice(args->mounts);

	command.by = (enum criu_by)by;
	return by < 0 ? by : criu_dump(how, &command, report->findings);
}

static int dump_mounts(const struct dump_args *args, struct rebind_dump_options *how,
		       struct rebind_report *findings)
{
	cleanup_checkpoint_file struct checkpoint_file file = CHECKPOINT_FILE_NONE;
	bool is_packed = args->checkpoint && !args->dry_run;
	int err = is_packed ? checkpoint_file_start(&file, args->checkpoint) : 0;

	if (err)
		return err;
	if (is_packed) {
		how->images_dir = file.images_dir;
		how->on_complete = NULL;
	}
	err = rebind_dump(how, findings);
	return !err && is_packed ? checkpoint_file_finish(&file, args->bundle, hold_signals) : err;
}

static int dump(struct dump_args *args, struct report *report, const struct option_words *words)
{
	struct progress_line *progress = &report->logging.progress;
	int named = bundle_name_for_dump(args->bundle, (pid_t)args->pid, &args->external,
					 report->findings);

	if (named < 0)
		return named;
	struct rebind_dump_options how = {
		.size = sizeof(how),
		.pid = (pid_t)args->pid,
		.mntns = args->mntns.n ? args->mntns.list[0] : NULL,
		.more_mntns = args->mntns.n ? args->mntns.list + 1 : NULL,
		.n_more_mntns = args->mntns.n ? args->mntns.n - 1 : 0,
		.all_mntns = args->all_mntns,
		.images_dir = args->images_dir,
		.libdir = args->libdir,
		.external = args->external.list,
		.n_external = args->external.n,
		.skip_mnt = args->skip_mnt.list,
		.n_skip_mnt = args->skip_mnt.n,
		.copy = args->copy.list,
		.n_copy = args->copy.n,
		.enable_fs = args->enable_fs.list,
		.compress = args->compress,
		.n_enable_fs = args->enable_fs.n,
		.plugin_timeout = (unsigned int)args->plugin_timeout,
		.strict = args->strict,
		.freeze = args->freeze,
		.root_of_namespace = args->root_of != NULL,
		.dry_run = args->dry_run,
		.on_line = report_line,
		.on_line_data = report,
		.reader = args->reader,
		.on_progress = progress_show,
		.on_progress_data = progress,
		.on_action = act,
		.on_action_data = &args->scripts,
		.on_complete = hold_signals,
	};

	report->shows_changed = true;
	scripts_open(&args->scripts, args->images_dir);
	progress_start(progress, report->json, "no image was written");
	how.processes = args->beside && args->dry_run; /* what CRIU's part will be there for */
	int err = args->beside && !args->dry_run ? dump_beside(args, &how, report, words->command)
						 : dump_mounts(args, &how, report->findings);

	progress_end(progress);
	return err;
}

static int dump_do_run(const struct option_set *set, struct dump_args *args, int argc, char **argv)
{
	cleanup_report struct report report = { 0 };
	struct option_words words = { 0 };
	int status;

	if (!options_parse(set, argc, argv, args, &words, &status))
		return status;
	status = check_args(set->verb, args);
	if (status)
		return status;
	if (report_open(&report, set->verb, &args->report) < 0)
		return STATUS_FAILED;
	report.outcome = args->dry_run ? NULL : "nothing was written";
	return report_print(&report, dump(args, &report, &words)) < 0
		       ? report_failed(&report, STATUS_FAILED)
		       : STATUS_OK;
}

int verb_dump(int argc, char **argv)
{
	cleanup(free_args) struct dump_args args = { 0 };

	return dump_do_run(&options, &args, argc, argv);
}

int criu_verb_dump(int argc, char **argv, char *const *plain)
{
	cleanup(free_args) struct dump_args args = { .beside = true, .plain = plain };

	return dump_do_run(&criu_options, &args, argc, argv);
}
