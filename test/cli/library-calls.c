// SPDX-License-Identifier: LGPL-2.1-or-later
/* Calls of the library that a program could get wrong: library-calls MODE IMAGE ROOT SOURCES SCRATCH */
#include "library.h"

#include <time.h>

struct run {
	const struct place *place;
	struct rebind *rebind;
	struct rebind_report *report;
	char text[4][512];
	const char *words[4];
	struct rebind_restore_options how;
};

static void run_begin(struct run *run, const struct place *place)
{
	*run = (struct run){ place, rebind_new(), rebind_report_new() };
	place_externals(place, run->text, run->words);
	run->how = (struct rebind_restore_options){
		.size = sizeof(run->how),
		.images_dir = place->image,
		.root = place->root,
		.external = run->words,
		.n_external = 4,
	};
}

static void run_end(struct run *run)
{
	rebind_report_free(run->report);
	rebind_free(run->rebind);
}

static int run_restore(struct run *run, struct rebind_namespace **ret)
{
	return rebind_restore(run->rebind, &run->how, run->report, ret);
}

/* ---- descriptors ---- */

static void descriptors(const struct place *place)
{
	struct rebind_namespace *ns;
	struct rebind_tree *of_image, *of_dump;
	struct run run;

	run_begin(&run, place);
	run.how.images_dir = run.how.root = NULL;
	run.how.images_dir_fd = open(place->image, O_PATH | O_CLOEXEC);
	run.how.root_fd = open(place->root, O_PATH | O_CLOEXEC);
	int err = run_restore(&run, &ns);

	print_report(run.report);
	MUST(err == 0);
	char image[512];

	snprintf(image, sizeof(image), "%s/image", place->scratch);
	MUST(mkdir(image, 0700) == 0);
	int fd = open(image, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct rebind_dump_options dump = {
		.size = sizeof(dump),
		.images_dir_fd = fd,
		.mntns_fd = rebind_namespace_fd(ns),
		.dry_run = true,
	};
	MUST(rebind_dump(run.rebind, &dump, run.report) == -EINVAL);
	MUST(rebind_report_n_findings(run.report) == 4);
	rebind_namespace_free(ns);
	close(fd);
	MUST(rmdir(image) == 0);
	/* An image by its directory. */
	MUST(rebind_tree_open_fd(run.rebind, run.how.images_dir_fd, 0, run.report, &of_image) == 0);
	MUST(rebind_tree_open_set_fd(run.rebind, run.how.images_dir_fd, REBIND_SET_DUMPED,
				     run.report, &of_dump) == 0);
	MUST(rebind_compare(run.rebind, of_image, of_dump, 0, run.report) == 0);
	rebind_tree_free(of_image);
	rebind_tree_free(of_dump);
	close(run.how.images_dir_fd);
	close(run.how.root_fd);
	/* One that is not open is no root. */
	MUST(run_restore(&run, &ns) < 0);
	run_end(&run);
}

/* ---- sizes ---- */

static void sizes(const struct place *place)
{
	struct {
		struct rebind_restore_options known;
		char unknown[64];
	} larger;
	struct {
		struct rebind_dump_options known;
		char unknown[64];
	} dump = { { .size = sizeof(dump), .pid = getpid(), .dry_run = true }, "" };
	struct {
		struct rebind_mount known;
		char unknown[8];
	} mount;
	struct rebind_namespace *ns;
	struct rebind_tree *tree;
	struct run run;

	run_begin(&run, place);
	run.how.size = 0;
	MUST(run_restore(&run, &ns) == -EINVAL);
	run.how.size = offsetof(struct rebind_restore_options, root_fd);
	MUST(run_restore(&run, &ns) == -EINVAL);
	memset(&larger, 0, sizeof(larger));
	larger.known = run.how;
	larger.known.size = sizeof(larger);
	larger.unknown[63] = 1;
	MUST(rebind_restore(run.rebind, &larger.known, run.report, &ns) == -E2BIG);
	MUST(rebind_restore_copies(run.rebind, &larger.known, 1, run.report, &ns) == -E2BIG);
	larger.unknown[63] = 0;
	MUST(rebind_restore(run.rebind, &larger.known, run.report, &ns) == 0);
	rebind_namespace_free(ns);
	dump.unknown[0] = 1;
	MUST(rebind_dump(run.rebind, &dump.known, run.report) == -E2BIG);
	MUST(rebind_report_n_findings(run.report) == 0);
	MUST(rebind_tree_open(run.rebind, place->image, 0, run.report, &tree) == 0);
	mount.known.size = 0;
	MUST(rebind_tree_get(tree, 0, &mount.known) == -EINVAL);
	mount.known.size = sizeof(mount);
	mount.unknown[0] = 1;
	MUST(rebind_tree_get(tree, 0, &mount.known) == 0);
	MUST(mount.known.size == sizeof(mount.known) && mount.unknown[0] == 0);
	MUST(rebind_tree_get(tree, rebind_tree_count(tree), &mount.known) == -ENOENT);
	rebind_tree_free(tree);
	run_end(&run);
}

/* ---- errors ---- */

static int refuse(void *data, const char *action, pid_t pid)
{
	return strcmp(action, "post-setup-namespaces") ? 0 : -EPERM;
}

static void errors(const struct place *place)
{
	struct rebind_namespace *ns;
	struct run run;

	run_begin(&run, place);
	rebind_set_log(run.rebind, NULL, NULL, REBIND_LOG_ERROR);
	run.how.images_dir = "/nowhere/at/all";
	MUST(run_restore(&run, &ns) == -ENOENT);
	const struct rebind_error *error = rebind_report_error(run.report);

	MUST(error && error->size == sizeof(*error) && error->error == -ENOENT && !error->mount_id);
	MUST(strstr(error->text, "/nowhere/at/all"));
	run.how.images_dir = place->image;
	run.how.n_external = 3;
	MUST(run_restore(&run, &ns) == -EINVAL);
	const struct rebind_finding *finding = rebind_report_finding(run.report, 0);

	MUST(finding && finding->number == REBIND_FINDING_NO_SOURCE && finding->mount_id);
	MUST(strcmp(finding->code, "no-source") == 0 && finding->size == sizeof(*finding));
	MUST(!rebind_report_finding(run.report, 1) && !rebind_report_error(run.report));
	run_end(&run);
	/* What the caller refuses is the caller's to explain; the reader is a finding. */
	run_begin(&run, place);
	run.how.on_action = refuse;
	MUST(run_restore(&run, &ns) == -EPERM);
	run.how.on_action = NULL;
	MUST(rebind_set_reader(run.rebind, "tea leaves") == 0);
	MUST(run_restore(&run, &ns) == -EINVAL);
	MUST(rebind_report_finding(run.report, 0)->number == REBIND_FINDING_USAGE);
	run_end(&run);
}

/* ---- getters ---- */

/* Mountpoints that were made are removed, unless one of the functions that keep them is called. */
static void getters(const struct place *place)
{
	char missing[512];

	snprintf(missing, sizeof(missing), "%s/vol", place->root);
	for (int kept = 0; kept < 2; kept++) {
		struct rebind_namespace *ns;
		struct run run;
		uint32_t id;

		MUST(rmdir(missing) == 0);
		run_begin(&run, place);
		run.how.create_mountpoints = true;
		MUST(run_restore(&run, &ns) == 0);
		MUST(access(missing, F_OK) == 0);
		MUST(rebind_namespace_fd(ns) >= 0 && rebind_namespace_root(ns) >= 0);
		MUST(rebind_namespace_count(ns) == 1);
		MUST(rebind_namespace_member(ns, 0, &id) == rebind_namespace_fd(ns));
		rebind_namespace_end_helper(ns);
		if (kept)
			MUST(rebind_namespace_keep_fd(ns) == rebind_namespace_fd(ns));
		rebind_namespace_free(ns);
		MUST(access(missing, F_OK) == (kept ? 0 : -1));
		if (!kept)
			MUST(mkdir(missing, 0755) == 0);
		run_end(&run);
	}
}

/* ---- cancelling ---- */

/* At which line or step it is cancelled. */
struct stage {
	int cancel_fd, at, now;
};

static void pass(struct stage *stage)
{
	if (stage->now++ == stage->at)
		MUST(eventfd_write(stage->cancel_fd, 1) == 0);
}

static void cancel_at_line(void *data, enum rebind_log_level level, const char *line)
{
	pass(data);
}

static int cancel_at_action(void *data, const char *action, pid_t pid)
{
	pass(data);
	return 0;
}

static void stage_begin(struct stage *stage, struct rebind *rebind, int at)
{
	*stage = (struct stage){ eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), at, 0 };
	MUST(stage->cancel_fd >= 0);
	rebind_set_cancel_fd(rebind, stage->cancel_fd);
	rebind_set_log(rebind, cancel_at_line, stage, REBIND_LOG_DEBUG);
}

/* Return: whether the operation was cancelled; it is not when it was complete before the stage. */
static int stage_end(const struct stage *stage, int err, const struct rebind_report *report)
{
	bool reached = stage->now > stage->at;

	close(stage->cancel_fd);
	if (err && err != -ECANCELED)
		print_report(report);
	MUST(err == 0 || err == -ECANCELED);
	MUST(reached || err == 0);
	MUST(!rebind_report_error(report));
	MUST(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	return err == -ECANCELED;
}

/* @at: a log line or an action of the restore; -1: before it begins. */
static int cancel_restore_at(const struct place *place, int at)
{
	struct rebind_namespace *ns = NULL;
	struct stage stage;
	struct run run;

	run_begin(&run, place);
	stage_begin(&stage, run.rebind, at);
	if (at < 0)
		MUST(eventfd_write(stage.cancel_fd, 1) == 0);
	run.how.create_mountpoints = true;
	run.how.on_action = cancel_at_action;
	run.how.on_action_data = &stage;
	int err = run_restore(&run, &ns);

	MUST(!ns == !!err);
	rebind_set_cancel_fd(run.rebind, -1);
	rebind_namespace_free(ns);
	int cancelled = stage_end(&stage, err, run.report);

	run_end(&run);
	return cancelled;
}

static void cancel_restore(const struct place *place)
{
	char made[512];
	int at = -1;

	snprintf(made, sizeof(made), "%s/vol", place->root);
	MUST(rmdir(made) == 0);
	/* Each line and action but those of a restore that is complete. */
	while (cancel_restore_at(place, at)) {
		MUST(access(made, F_OK) < 0);
		at++;
	}
	MUST(at > 3);
	MUST(access(made, F_OK) < 0 && mkdir(made, 0755) == 0);
}

static int cancel_dump_at(const struct place *place, int ns_fd, int at)
{
	static const char *const external[] = { "mnt[]:m" };
	struct stage stage;
	struct run run;
	char dir[512];

	run_begin(&run, place);
	snprintf(dir, sizeof(dir), "%s/cancelled", place->scratch);
	MUST(mkdir(dir, 0700) == 0);
	stage_begin(&stage, run.rebind, at);
	if (at < 0)
		MUST(eventfd_write(stage.cancel_fd, 1) == 0);
	const struct rebind_dump_options how = {
		.size = sizeof(how),
		.mntns_fd = ns_fd,
		.images_dir = dir,
		.external = external,
		.n_external = 1,
		.on_action = cancel_at_action,
		.on_action_data = &stage,
	};
	int err = rebind_dump(run.rebind, &how, run.report);
	int cancelled = stage_end(&stage, err, run.report);

	/* No file of the image is left; else there is an image. */
	if (cancelled)
		MUST(rmdir(dir) == 0);
	run_end(&run);
	return cancelled;
}

static void cancel_dump(const struct place *place)
{
	struct rebind_namespace *ns;
	char command[600];
	struct run run;
	int at = -1;

	run_begin(&run, place);
	MUST(run_restore(&run, &ns) == 0);
	MUST(rebind_namespace_keep_fd(ns) >= 0);
	while (cancel_dump_at(place, rebind_namespace_fd(ns), at))
		at++;
	MUST(at > 1);
	rebind_namespace_free(ns);
	run_end(&run);
	snprintf(command, sizeof(command), "rm -r '%s/cancelled'", place->scratch);
	MUST(system(command) == 0);
}

static void *cancel_soon(void *data)
{
	usleep(200000);
	MUST(eventfd_write(*(int *)data, 1) == 0);
	return NULL;
}

static void cancel_run(const struct place *place)
{
	char *const command[] = { "/inside", "stay", NULL };
	struct rebind_namespace *ns;
	int status = 0, fd = eventfd(0, EFD_CLOEXEC);
	pthread_t thread;
	struct run run;

	run_begin(&run, place);
	MUST(run_restore(&run, &ns) == 0);
	rebind_set_cancel_fd(run.rebind, fd);
	MUST(pthread_create(&thread, NULL, cancel_soon, &fd) == 0);
	MUST(rebind_namespace_run(ns, command, &status) == -ECANCELED);
	pthread_join(thread, NULL);
	rebind_namespace_free(ns);
	close(fd);
	run_end(&run);
}

/* ---- a thread that ended ---- */

static void *restore_and_end(void *data)
{
	struct run *run = data;
	struct rebind_namespace *ns;

	run->how.create_mountpoints = true;
	MUST(run_restore(run, &ns) == 0);
	return ns;
}

static void thread_gone(const struct place *place)
{
	char made[512];
	pthread_t thread;
	struct run run;
	void *ns;

	snprintf(made, sizeof(made), "%s/vol", place->root);
	MUST(rmdir(made) == 0);
	run_begin(&run, place);
	MUST(pthread_create(&thread, NULL, restore_and_end, &run) == 0);
	MUST(pthread_join(thread, &ns) == 0);
	MUST(access(made, F_OK) == 0);
	rebind_namespace_free(ns);
	MUST(access(made, F_OK) < 0 && mkdir(made, 0755) == 0);
	run_end(&run);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(const struct place *place);
	} modes[] = {
		{ "descriptors", descriptors },
		{ "sizes", sizes },
		{ "errors", errors },
		{ "getters", getters },
		{ "cancel-restore", cancel_restore },
		{ "cancel-dump", cancel_dump },
		{ "cancel-run", cancel_run },
		{ "thread-gone", thread_gone },
	};

	if (argc < 6)
		return 2;
	const struct place place = { argv[2], argv[3], argv[4], argv[5] };

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (strcmp(argv[1], modes[i].name) == 0) {
			modes[i].run(&place);
			MUST(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
			return 0;
		}
	return 2;
}
