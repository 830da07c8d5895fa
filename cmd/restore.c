// SPDX-License-Identifier: LGPL-2.1-or-later
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cmd/bundle.h"
#include "cmd/cmd.h"
#include "cmd/handover.h"
#include "cmd/inherit.h"
#include "cmd/mounts.h"
#include "cmd/compat-options.h"
#include "cmd/copies.h"
#include "cmd/external-from.h"
#include "cmd/options.h"
#include "cmd/progress-fd.h"
#include "cmd/report.h"
#include "cmd/script.h"
#include "runtime/criu/criu.h"

#define COPIES_MAX 10000

struct restore_args {
	const char *images_dir, *root, *libdir, *sharing, *premount;
	const char *lsm_mount_context;
	int64_t ns_id, plugin_timeout, max_contents, progress_fd;
	struct strings external, external_from, external_flags, inherit_fd, join_ns, enable_fs;
	struct strings new_ns, cgroup_root;
	char *all_new_ns; /* with commas */
	struct compat_options_words older;
	bool create_mountpoints, skip_missing_masks, allow_devices, dry_run;
	struct inherit inherit;
	struct scripts scripts;
	struct bundle_args bundle;
	struct handover handover;
	struct copies copies;
	struct report_options report;
	bool beside; /* CRIU restores the processes */
	const char *mounts;
	char *const *plain; /* CRIU's command line, where that was given */
};

static const struct option_spec specs[] = {
	{ 'D', "images-dir", OPTION_TEXT, offsetof(struct restore_args, images_dir), "DIR",
	  "the image" },
	{ 'r', "root", OPTION_TEXT, offsetof(struct restore_args, root), "PATH",
	  "the new root; else yours" },
	{ 'L', "libdir", OPTION_TEXT, offsetof(struct restore_args, libdir), "DIR", "plugins" },
	{ '\0', "external", OPTION_LIST, offsetof(struct restore_args, external), "WHAT",
	  "mnt[KEY]:SOURCE, dev[KEY]:DEVICE, mnt[]: trust the image's host paths" },
	EXTERNAL_FROM_SPEC(struct restore_args),
	{ '\0', "external-flags", OPTION_LIST, offsetof(struct restore_args, external_flags),
	  "KEY:FLAGS", "add ro, nosuid, ...; or clear: rw, suid, ..." },
	{ '\0', "inherit-fd", OPTION_LIST, offsetof(struct restore_args, inherit_fd), "WHAT",
	  "fd[N]:mnt[KEY]: a source as an open descriptor" },
	{ '\0', "join-ns", OPTION_LIST, offsetof(struct restore_args, join_ns), "NS:PID|FILE",
	  "a namespace that /proc, /sys, ... belong to" },
	{ '\0', "new-ns", OPTION_COMMAS, offsetof(struct restore_args, new_ns), "NS[,NS]",
	  "the same, new" },
	{ '\0', "create-mountpoints", OPTION_FLAG,
	  offsetof(struct restore_args, create_mountpoints), NULL,
	  "make what is missing in the new root" },
	{ '\0', "skip-missing-masks", OPTION_FLAG,
	  offsetof(struct restore_args, skip_missing_masks), NULL,
	  "leave out masks in /proc and /sys of what this host lacks" },
	{ '\0', "cgroup-root", OPTION_LIST, offsetof(struct restore_args, cgroup_root),
	  "[CTRL:]/PATH", "the cgroup that stands for the one that was dumped" },
	{ '\0', "sharing", OPTION_CHOICE, offsetof(struct restore_args, sharing),
	  "strict|slave|private", "of mounts shared with the outside" },
	{ '\0', "enable-fs", OPTION_COMMAS, offsetof(struct restore_args, enable_fs), "FS[,FS]",
	  "allow filesystems that need your word" },
	{ '\0', "allow-devices", OPTION_FLAG, offsetof(struct restore_args, allow_devices), NULL,
	  "allow device nodes of every kind" },
	{ '\0', "max-contents", OPTION_SIZE, offsetof(struct restore_args, max_contents), "SIZE",
	  "memory that contents of tmpfs may take (512M, 4G)" },
	{ '\0', "lsm-mount-context", OPTION_TEXT, offsetof(struct restore_args, lsm_mount_context),
	  "CONTEXT", "in the place of the SELinux contexts of the image" },
	{ '\0', "ns-id", OPTION_NUMBER, offsetof(struct restore_args, ns_id), "ID",
	  "which namespace of the image", 1, UINT32_MAX },
	{ '\0', "premount", OPTION_CHOICE, offsetof(struct restore_args, premount), "existing",
	  "make a plugin's mountpoint before it is asked" },
	{ '\0', "bundle", OPTION_TEXT, offsetof(struct restore_args, bundle.dir), "DIR",
	  "root, sources and namespaces from an OCI bundle" },
	{ '\0', "checkpoint", OPTION_TEXT, offsetof(struct restore_args, bundle.archive), "ARCHIVE",
	  "the image, and keys of sources, from an archive of podman's" },
	{ '\0', "apply-rootfs-diff", OPTION_FLAG, offsetof(struct restore_args, bundle.apply_root),
	  NULL, "change the new root as the container had changed its own" },
	OLDER_SPECS(struct restore_args),
	{ '\0', "plugin-timeout", OPTION_NUMBER, offsetof(struct restore_args, plugin_timeout),
	  "SECONDS", "how long a plugin may take (30)", 1, 86400 },
	{ '\0', "copies", OPTION_NUMBER, offsetof(struct restore_args, copies.n), "N",
	  "so many namespaces; %d in FILE is the number of each", 1, COPIES_MAX },
	{ '\0', "pin", OPTION_TEXT, offsetof(struct restore_args, handover.pin), "FILE",
	  "bind the namespace to FILE" },
	{ '\0', "pin-dir", OPTION_TEXT, offsetof(struct restore_args, handover.pin_dir), "DIR",
	  "bind each namespace of a set to a file in DIR: its number" },
	{ '\0', "pidfile", OPTION_TEXT, offsetof(struct restore_args, handover.pidfile), "FILE",
	  "a process holds the namespace; its pid in FILE" },
	{ '\0', "send-fd", OPTION_NUMBER, offsetof(struct restore_args, handover.send_fd), "N",
	  "send the namespace over the socket N", 0, INT_MAX },
	{ '\0', "action-script", OPTION_LIST, offsetof(struct restore_args, scripts.files), "FILE",
	  "run FILE at each step: CRIU's action scripts" },
	{ '\0', "dry-run", OPTION_FLAG, offsetof(struct restore_args, dry_run), NULL,
	  "print the plan, do nothing" },
	{ '\0', "reader", OPTION_CHOICE, offsetof(struct restore_args, report.reader),
	  "statmount|mountinfo", NULL },
	PROGRESS_FD_SPEC(struct restore_args),
	REPORT_SPECS(struct restore_args),
	MOUNTS_SPEC(struct restore_args), /* the last: it is for CRIU's part */
};

static const char *const synopsis[] = {
	"restore -D DIR [--root PATH] [options] --pin FILE | --pidfile FILE | --send-fd N",
	"restore -D DIR [--root PATH] [options] --pin-dir DIR",
	"restore -D DIR [--root PATH] [options] -- COMMAND [ARG...]",
	NULL,
};

static const struct option_set options = {
	.verb = "restore",
	.synopsis = synopsis,
	.specs = specs,
	.n_specs = ARRAY_SIZE(specs) - 1,
	.takes_command = true,
};

static const char *const criu_synopsis[] = {
	"criu restore -D DIR [--root PATH] [options] [-- CRIU'S OPTIONS]",
	NULL,
};

static const struct option_set criu_options = {
	.verb = "criu restore",
	.synopsis = criu_synopsis,
	.specs = specs,
	.n_specs = ARRAY_SIZE(specs),
	.takes_command = true,
	.may_be_bare = true,
};

static void free_args(struct restore_args *args)
{
	strings_free(&args->external);
	strings_free(&args->external_from);
	strings_free(&args->external_flags);
	strings_free(&args->inherit_fd);
	strings_free(&args->join_ns);
	strings_free(&args->enable_fs);
	strings_free(&args->cgroup_root);
	strings_free(&args->new_ns);
	free(args->all_new_ns);
	strings_free(&args->older.ext_mount_map);
	inherit_free(&args->inherit);
	scripts_free(&args->scripts);
	bundle_args_free(&args->bundle);
	copies_free(&args->copies);
	handover_free(&args->handover);
}

/* All of the command line, before anything is done. */
static int check_args(struct restore_args *args)
{
	int status;

	if (!args->images_dir && !args->bundle.archive)
		return usage_error("restore", "the image is missing: give -D DIR");
	if (args->images_dir && args->bundle.archive)
		return usage_error("restore", "-D and --checkpoint both name an image: give one");
	if (args->copies.n && args->handover.pin_dir)
		return usage_error("restore", "--copies takes --pin FILE with %%d in it: each "
					      "copy is of one namespace");
	if (args->ns_id && args->handover.pin_dir)
		return usage_error("restore", "--pin-dir is for all namespaces of an image: for "
					      "the one of --ns-id give --pin FILE");
	if (args->copies.n && args->bundle.archive)
		return usage_error("restore", "--copies takes -D DIR: an archive's volumes are "
					      "unpacked once");
	if (args->bundle.apply_root && !args->bundle.archive)
		return usage_error("restore", "--apply-rootfs-diff takes --checkpoint ARCHIVE");
	status = progress_fd_open("restore", args->progress_fd);
	if (!status)
		status = compat_options_translate(&args->older, "restore", &args->external);
	if (!status)
		status = external_from(&args->external_from, &args->external);
	if (!status)
		status = handover_choose(&args->handover, args->dry_run);
	if (!status)
		status = inherit_parse(&args->inherit_fd, &args->inherit);
	if (!status && !args->dry_run)
		status = args->copies.n ? copies_prepare(&args->copies, &args->handover)
					: handover_prepare(&args->handover);
	return status;
}

static enum rebind_sharing sharing_of(const char *word)
{
	if (word && strcmp(word, "slave") == 0)
		return REBIND_SHARING_SLAVE;
	if (word && strcmp(word, "private") == 0)
		return REBIND_SHARING_PRIVATE;
	return REBIND_SHARING_STRICT;
}

static int act(void *data, const char *action, pid_t pid)
{
	struct restore_args *args = data;
	int err = 0;

	/* A process that waits for the pidfile may go on when the scripts run. */
	if (strcmp(action, "post-resume") == 0)
		err = handover_held(&args->handover, pid);
	if (!err)
		err = scripts_run(&args->scripts, action, pid);
	if (!err && strcmp(action, "pre-resume") == 0)
		handover_begin(&args->handover);
	return err;
}

/* A file of --pin takes one namespace; so do copies, and CRIU. */
static enum rebind_set set_of(const struct restore_args *args)
{
	if (args->handover.pin_dir)
		return REBIND_SET_ALL;
	return args->handover.pin || args->copies.n || args->beside ? REBIND_SET_NONE
								    : REBIND_SET_DUMPED;
}

/* Return: 0 or -ENOMEM. */
static int join_new_ns(struct restore_args *args)
{
	if (args->new_ns.n)
		args->all_new_ns = strings_join(&args->new_ns, ',');
	return args->new_ns.n && !args->all_new_ns ? -ENOMEM : 0;
}

static struct rebind_restore_options options_of(struct restore_args *args, struct report *report)
{
	return (struct rebind_restore_options){
		.size = sizeof(struct rebind_restore_options),
		.images_dir = args->images_dir,
		.root = args->root,
		.libdir = args->libdir,
		.ns_id = (uint32_t)args->ns_id,
		.external = args->external.list,
		.n_external = args->external.n,
		.external_flags = args->external_flags.list,
		.n_external_flags = args->external_flags.n,
		.inherit_fd = args->inherit.list,
		.n_inherit_fd = args->inherit.n,
		.join_ns = args->join_ns.list,
		.n_join_ns = args->join_ns.n,
		.new_ns = args->all_new_ns,
		.enable_fs = args->enable_fs.list,
		.n_enable_fs = args->enable_fs.n,
		.sharing = sharing_of(args->sharing),
		.create_mountpoints = args->create_mountpoints,
		.skip_missing_masks = args->skip_missing_masks,
		.cgroup_root = args->cgroup_root.list,
		.n_cgroup_root = args->cgroup_root.n,
		.allow_devices = args->allow_devices,
		.max_contents = (uint64_t)args->max_contents,
		.lsm_mount_context = args->lsm_mount_context,
		.premount_existing = args->premount != NULL,
		.for_pin = args->handover.pin || args->handover.pin_dir,
		.set = set_of(args),
		.plugin_timeout = (unsigned int)args->plugin_timeout,
		.dry_run = args->dry_run,
		.on_line = report_line,
		.on_line_data = report,
		.on_progress = progress_show,
		.on_progress_data = &report->logging.progress,
		.on_action = args->scripts.files.n || args->handover.pidfile ? act : NULL,
		.on_action_data = args,
	};
}

static void free_namespace(struct rebind_namespace **ns)
{
	if (*ns)
		rebind_namespace_free(*ns);
	*ns = NULL;
}

struct namespaces {
	struct rebind_namespace **list;
	unsigned int n;
};

static void free_namespaces(struct namespaces *namespaces)
{
	for (unsigned int i = 0; i < namespaces->n && namespaces->list; i++)
		if (namespaces->list[i])
			rebind_namespace_free(namespaces->list[i]);
	free(namespaces->list);
}

static int restore_copies(struct restore_args *args, const struct rebind_restore_options *how,
			  struct report *report)
{
	unsigned int n = (unsigned int)args->copies.n;
	cleanup(free_namespaces) struct namespaces all = { calloc(n, sizeof(*all.list)), n };
	int err =
		all.list ? rebind_restore_copies(report->rebind, how, n, report->findings, all.list)
			 : -ENOMEM;

	progress_end(&report->logging.progress);
	if (err < 0 || args->dry_run)
		return err;
	if (!how->on_action)
		handover_begin(&args->handover);
	err = copies_run(&args->copies, &args->handover, all.list);
	report->logging.failed |= args->handover.said;
	return err;
}

/* Return: 0 or a negative errno; with a COMMAND that ran, its status is in @ret_status. */
static int restore(struct restore_args *args, struct report *report, int *ret_status)
{
	cleanup(free_namespace) struct rebind_namespace *ns = NULL;
	int err = join_new_ns(args);
	struct rebind_restore_options how = options_of(args, report);

	args->bundle.rebind = report->rebind;
	if (!err)
		err = bundle_complete(&args->bundle, &how, &args->external, report->findings);

	if (err < 0)
		return err;
	scripts_open(&args->scripts, how.images_dir);
	progress_start(&report->logging.progress, report->json, args->progress_fd,
		       args->bundle.apply_root ? "nothing was restored; the new root stays changed"
					       : "nothing was restored, and nothing is left of it");
	if (args->copies.n)
		return restore_copies(args, &how, report);
	err = rebind_restore(report->rebind, &how, report->findings, &ns);
	progress_end(&report->logging.progress);
	if (!err && !args->dry_run)
		err = bundle_fill(&args->bundle, ns);
	/* A command may run for long; only scripts may want to look into the image yet. */
	if (!args->scripts.files.n)
		checkpoint_dir_close(&args->bundle.unpacked);
	if (err < 0 || args->dry_run)
		return err;
	if (!how.on_action)
		handover_begin(&args->handover);
	err = handover_run(&args->handover, ns, &report->holder, ret_status);
	report->logging.failed |= args->handover.said;
	return err;
}

/* Then every failure of ours has the status that env(1) has for its own. */
static bool has_command(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return true;
	return false;
}

int verb_restore(int argc, char **argv)
{
	cleanup(free_args) struct restore_args args = { 0 };
	cleanup_report struct report report = { 0 };
	struct option_words words = { 0 };
	int status, failed, command_status = -1;

	handover_init(&args.handover);
	bundle_args_init(&args.bundle);
	args.bundle.is_alone = true;
	failed = has_command(argc, argv) ? STATUS_COMMAND_FAILED : STATUS_FAILED;
	if (!options_parse(&options, argc, argv, &args, &words, &status))
		return status == STATUS_USAGE && failed != STATUS_FAILED ? failed : status;
	args.handover.command = words.command;
	status = check_args(&args);
	if (status)
		return status == STATUS_FAILED || failed != STATUS_FAILED ? failed : status;
	if (args.handover.command && !args.dry_run)
		failed = STATUS_COMMAND_FAILED;
	if (report_open(&report, "restore", &args.report) < 0)
		return failed;
	report.outcome = args.dry_run ? NULL : "nothing was restored";
	int err = restore(&args, &report, &command_status);

	/* What ran has had stdout: nothing of ours is added. */
	if (command_status >= 0)
		return command_status;
	return report_print(&report, err) < 0 ? report_failed(&report, failed) : STATUS_OK;
}

/* The namespace is CRIU's to enter: no other handover. */
static int check_criu_args(struct restore_args *args)
{
	const struct handover *handover = &args->handover;
	int status;

	if (args->copies.n)
		return usage_error("criu restore", "--copies is for mounts alone");
	if (args->bundle.archive)
		return usage_error("criu restore",
				   "--checkpoint is for mounts alone: unpack the archive "
				   "(tar -xf ARCHIVE -C DIR) and give -D DIR/checkpoint");
	if (!args->images_dir)
		return usage_error("criu restore", "the image is missing: give -D DIR");
	if (args->bundle.apply_root)
		return usage_error("criu restore",
				   "--apply-rootfs-diff takes --checkpoint ARCHIVE");
	if (handover->pin || handover->pin_dir || handover->pidfile || handover->send_fd >= 0)
		return usage_error(
			"criu restore",
			"--pin, --pin-dir, --pidfile and --send-fd are for mounts alone: what CRIU "
			"restores is in the namespace (CRIU has a --pidfile behind --)");
	status = progress_fd_open("criu restore", args->progress_fd);
	if (!status)
		status = compat_options_translate(&args->older, "criu restore", &args->external);
	if (!status)
		status = external_from(&args->external_from, &args->external);
	return status ? status : inherit_parse(&args->inherit_fd, &args->inherit);
}

/* Of a container that ran, @ret_status is how CRIU ended. */
static int restore_beside(struct restore_args *args, struct report *report, char *const *words,
			  int *ret_status)
{
	int joined = join_new_ns(args);
	struct rebind_restore_options how = options_of(args, report);
	struct criu_command command = {
		.rebind = report->rebind,
		.words = words,
		.plain = args->plain,
		.scripts = args->scripts.files.list,
		.n_scripts = args->scripts.files.n,
	};
	int by = mounts_choice(args->mounts);

	args->bundle.rebind = report->rebind;
	int err = joined ? joined
		  : by < 0
			  ? by
			  : bundle_complete(&args->bundle, &how, &args->external, report->findings);

	if (err < 0)
		return err;
	command.by = (enum criu_by)by;
	scripts_open(&args->scripts, how.images_dir);
	return how.dry_run ? rebind_restore(report->rebind, &how, report->findings, NULL)
			   : criu_restore(&how, &command, report->findings, ret_status);
}

int criu_verb_restore(int argc, char **argv, char *const *plain)
{
	cleanup(free_args) struct restore_args args = { .beside = true, .plain = plain };
	cleanup_report struct report report = { 0 };
	struct option_words words = { 0 };
	int status = 0;

	handover_init(&args.handover);
	bundle_args_init(&args.bundle);
	if (!options_parse(&criu_options, argc, argv, &args, &words, &status))
		return status;
	status = check_criu_args(&args);
	if (status)
		return status;
	if (report_open(&report, "criu restore", &args.report) < 0)
		return STATUS_FAILED;
	int err = restore_beside(&args, &report, words.command, &status);

	return report_print(&report, err) < 0 ? report_failed(&report, STATUS_FAILED) : status;
}
