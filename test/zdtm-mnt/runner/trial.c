// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One case, from an empty scratch directory to a verdict:
 *
 *   SCRATCH/old/{root,src}   the side that is dumped: a container's root, and volumes outside it
 *   SCRATCH/new/{root,src}   the side of the restore: a copy of that root, and other volumes
 *   SCRATCH/images           what the engine writes
 *
 * The case builds a namespace on the old side; it is looked at, dumped, looked at again, and
 * killed. The engine restores it on the new side. What came back is compared with what was seen
 * before, and the case's own check runs in it. Around each command of the engine the trial looks
 * at its own mount table, at the new root and at the process list: they have to stay as they were.
 *
 * A trial has pid, mount and proc of its own: whatever it mounts or starts ends with it.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner.h"

#define USERNS_FLAGS (CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWCGROUP)

struct run {
	const struct trial *trial;
	struct card card;
	char *program; /* the case's */
	int program_fd;
	char *log, *pidfile;
	struct words words;
	bool userns;
	pid_t source;	     /* the process whose namespace is dumped */
	pid_t owner;	     /* holds the user namespace of a restore */
	pid_t holder;	     /* of the restored namespace */
	struct mounts *host; /* the trial's own */
	struct snapshot before, after;
	char *new_root; /* listing before the restore */
};

static char *in_scratch(const struct run *run, const char *name)
{
	return format("%s/%s", run->trial->scratch, name);
}

static char *take_log(const struct run *run)
{
	struct text text = { 0 };

	text_read_file(&text, run->log);
	unlink(run->log);
	return strdup(text_string(&text));
}

/* --- the two sides ---------------------------------------------------------------------------- */

static void make(const struct run *run, const char *name)
{
	char *path = in_scratch(run, name);

	if (mkdir(path, 0755))
		give_up("mkdir %s: %s", path, strerror(errno));
}

static void must_run(const struct run *run, const char *what, const struct launch *launch)
{
	int status = process_run(launch);
	char *output = take_log(run);

	if (!status)
		return;
	quote_lines(what, output);
	give_up("%s: exit status %d%s", what, status,
		run->holder ? "" : "; the case itself is broken");
}

static void run_tool(const struct run *run, const char *const *argv)
{
	must_run(run, argv[0], &(struct launch){ .argv = argv, .log = run->log });
}

/* Room for what every container has, and programs for engines and broken engines to use. */
static void make_sides(const struct run *run)
{
	static const char *const names[] = {
		"images",	 "old",		 "old/src",	 "old/root",	 "old/root/bin",
		"old/root/proc", "old/root/sys", "old/root/dev", "old/root/tmp", "old/root/etc",
		"old/root/run",	 "new",		 "new/src",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		make(run, names[i]);
	run_tool(run, (const char *const[]){ "cp", "--reflink=auto", "/bin/busybox",
					     in_scratch(run, "old/root/bin/busybox"), NULL });
}

static void run_verb(struct run *run, const char *verb, const char *side, pid_t inside)
{
	const char *const argv[] = { run->program, verb, side, NULL };
	const struct launch launch = {
		.argv = argv,
		.directory = inside ? NULL : in_scratch(run, side),
		.log = run->log,
		.inside = inside,
		.inside_user = run->userns,
		.program_fd = run->program_fd,
	};

	must_run(run, format("%s %s", verb, side), &launch);
}

/* The case's own facts, of the namespace that a process holds: inside it, then from without. */
static void run_checks(struct run *run, const char *side, pid_t pid)
{
	const char *const argv[] = { run->program, "outside", side, format("%d", pid), NULL };

	run_verb(run, "check", side, pid);
	if (run->card.outside)
		must_run(run, format("outside %s", side),
			 &(struct launch){ .argv = argv,
					   .directory = in_scratch(run, side),
					   .log = run->log });
}

/* --- processes that hold namespaces ------------------------------------------------------------
 */

static void write_map(pid_t pid, const char *file)
{
	static const char map[] = "0 0 65536\n";
	char *path = format("/proc/%d/%s", pid, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, map, sizeof(map) - 1) != (ssize_t)sizeof(map) - 1)
		give_up("cannot write %s: %s", path, strerror(errno));
	close(fd);
}

static void wait_for_byte(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		_exit(126);
}

static bool become_root(bool user)
{
	return !user || (!setresgid(0, 0, 0) && !setresuid(0, 0, 0));
}

/* A child in new namespaces; `child` runs when the id maps are written. */
static pid_t start_in(const struct run *run, unsigned long flags,
		      void (*child)(const struct run *run, int fd), int fd)
{
	int go[2];
	pid_t pid;

	if (pipe2(go, O_CLOEXEC))
		give_up("pipe: %s", strerror(errno));
	fflush(stdout);
	if (run->userns)
		flags |= USERNS_FLAGS;
	pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
	if (pid < 0)
		give_up("clone: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		wait_for_byte(go[0]);
		if (!become_root(run->userns))
			_exit(126);
		child(run, fd);
		_exit(126);
	}
	if (run->userns) {
		write_map(pid, "uid_map");
		write_map(pid, "gid_map");
	}
	if (write(go[1], "", 1) != 1)
		give_up("pipe: %s", strerror(errno));
	close(go[0]);
	close(go[1]);
	return pid;
}

static void build_namespace(const struct run *run, int ready)
{
	const char *const argv[] = { run->program, "build", "old", NULL };
	int log = open(run->log, O_WRONLY | O_APPEND | O_CREAT, 0600);
	int nothing = open("/dev/null", O_RDONLY);

	if (chdir(in_scratch(run, "old")) || dup2(nothing, 0) < 0 || dup2(ready, 1) < 0 ||
	    dup2(log, 2) < 0)
		_exit(126);
	close_range(3, ~0U, 0);
	execv(run->program, (char *const *)argv);
	dprintf(2, "%s: %s\n", run->program, strerror(errno));
}

static void start_source(struct run *run)
{
	struct text said = { 0 };
	int ready[2], status = 0;

	if (pipe2(ready, O_CLOEXEC))
		give_up("pipe: %s", strerror(errno));
	run->source = start_in(run, CLONE_NEWNS | CLONE_NEWPID, build_namespace, ready[1]);
	close(ready[1]);
	text_read_fd(&said, ready[0]);
	close(ready[0]);
	if (!strcmp(text_string(&said), "ready\n"))
		return;
	waitpid(run->source, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIPPED) {
		char *reason = take_log(run);

		printf("# %s", reason);
		exit(EXIT_SKIPPED);
	}
	quote_lines("build", take_log(run));
	give_up("build: status %#x; the case itself is broken", status);
}

static void hold(const struct run *run, int fd)
{
	(void)run;
	(void)fd;
	close_range(0, ~0U, 0);
	for (;;)
		pause();
}

/* What a runtime has at hand when it restores a container with a user namespace. */
static void start_owner(struct run *run)
{
	static const char *const names[] = { "user", "pid", "net", "ipc", "cgroup" };

	if (!run->userns)
		return;
	run->owner = start_in(run, CLONE_NEWPID, hold, -1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		list_add(&run->card.restore, "--join-ns");
		list_add(&run->card.restore, format("%s:%d", names[i], run->owner));
	}
}

/* --- what must not change ----------------------------------------------------------------------
 */

static void quote_difference(const char *before, const char *after)
{
	struct list lost = lines_only_in(before, after), extra = lines_only_in(after, before);

	for (size_t i = 0; i < lost.count; i++)
		complain("  lost:  %s", lost.items[i]);
	for (size_t i = 0; i < extra.count; i++)
		complain("  extra: %s", extra.items[i]);
}

static void expect_host_unchanged(const struct run *run, const char *when)
{
	struct mounts *now = mounts_of(0);

	if (!strcmp(now->text, run->host->text))
		return;
	complain("%s: the caller's mount table has changed", when);
	quote_difference(run->host->text, now->text);
}

static void expect_source_unchanged(const struct run *run)
{
	struct mounts *now = mounts_of(run->source);

	if (!strcmp(now->text, run->before.mounts->text))
		return;
	complain("dump: the namespace that was dumped has changed");
	quote_difference(run->before.mounts->text, now->text);
}

static char *list_new_root(const struct run *run)
{
	int fd = open(in_scratch(run, "new/root"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *listing;

	if (fd < 0)
		give_up("cannot open the new root: %s", strerror(errno));
	listing = contents_tree(fd, false);
	close(fd);
	return listing;
}

static bool may_be_created(const struct list *creates, const char *line)
{
	for (size_t i = 0; i < creates->count; i++) {
		size_t length = strlen(creates->items[i]);

		if (*line == '.' && !strncmp(line + 1, creates->items[i], length) &&
		    line[1 + length] == ' ')
			return true;
	}
	return false;
}

static void expect_new_root_unchanged(const struct run *run, bool refused)
{
	char *now = list_new_root(run);
	struct list lost = lines_only_in(run->new_root, now);
	struct list extra = lines_only_in(now, run->new_root);
	size_t created = 0;

	for (size_t i = 0; i < lost.count; i++)
		complain("the new root has lost: %s", lost.items[i]);
	for (size_t i = 0; i < extra.count; i++) {
		if (!refused && may_be_created(&run->card.creates, extra.items[i]))
			created++;
		else
			complain("left in the new root: %s", extra.items[i]);
	}
	if (!refused && created != run->card.creates.count)
		complain("%zu mountpoints were created, not %zu", created, run->card.creates.count);
}

static void expect_only_known_processes(const struct run *run, const char *when)
{
	const pid_t known[] = { run->source, run->owner, run->holder };
	struct list expected = { 0 }, strangers;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i])
			list_add(&expected, format("%d", known[i]));
	if (process_wait_only(&expected, &strangers))
		return;
	for (size_t i = 0; i < strangers.count; i++) {
		complain("%s: a process was left: %s", when, strangers.items[i]);
		process_kill(atoi(strangers.items[i]));
	}
}

/* --- the engine ---------------------------------------------------------------------------------
 */

static struct list expand_all(const struct run *run, const struct list *words)
{
	struct list expanded = { 0 };

	for (size_t i = 0; i < words->count; i++)
		list_add(&expanded, card_expand(words->items[i], &run->words));
	return expanded;
}

static struct list engine_argv(const struct run *run, const char *reader, const char *const *words,
			       const struct list *options)
{
	struct list argv = { 0 };

	list_add(&argv, run->trial->suite->engine);
	for (; *words; words++)
		list_add(&argv, *words);
	if (reader) {
		list_add(&argv, "--reader");
		list_add(&argv, reader);
	}
	for (size_t i = 0; options && i < options->count; i++)
		list_add(&argv, card_expand(options->items[i], &run->words));
	return argv;
}

static void quote_command(const struct list *argv, const char *output)
{
	struct text line = { 0 };

	for (size_t i = 0; i < argv->count; i++)
		text_add(&line, "%s%s", i ? " " : "", argv->items[i]);
	for (char *newline = line.bytes; (newline = strchr(newline, '\n'));)
		*newline = '?';
	quote_lines(text_string(&line), *output ? output : "(no output)");
}

static void expect_said(const struct run *run, const char *output)
{
	for (size_t i = 0; i < run->card.says.count; i++) {
		char *wanted = card_expand(run->card.says.items[i], &run->words);

		if (!strstr(output, wanted))
			complain("the message does not contain '%s'", wanted);
	}
}

/* True if the engine did what the case wants of this command: went well, or refused. */
static bool run_engine(const struct run *run, const struct list *argv, int wanted, bool refused)
{
	const struct list env = expand_all(run, &run->card.env);
	const struct list inherit = expand_all(run, &run->card.inherit);
	const struct launch launch = {
		.argv = (const char *const *)argv->items,
		.directory = run->trial->scratch,
		.env = &env,
		.inherit = strcmp(argv->items[1], "restore") ? NULL : &inherit,
		.log = run->log,
	};
	int status = process_run(&launch);
	char *output = take_log(run);

	if (status != wanted)
		complain("%s %s: exit status %d, not %d", argv->items[0], argv->items[1], status,
			 wanted);
	if (refused)
		expect_said(run, output);
	if (has_complaints() || run->trial->suite->verbose)
		quote_command(argv, output);
	return status == wanted;
}

static bool is_refused(const struct run *run, const char *verb)
{
	return !strcmp(run->card.refused, verb);
}

/* What is best where statmount(2) is, is a mixture: it is not asked for by name. The restore compares
 * with what statmount(2) alone tells. */
static const char *dump_reader(const struct run *run)
{
	const char *reader = run->trial->reader;

	return reader && !strcmp(reader, "statmount") ? NULL : reader;
}

static bool dump(struct run *run)
{
	bool refused = is_refused(run, "dump");
	const char *const words[] = {
		"dump", "-t", format("%d", run->source), "-D", in_scratch(run, "images"), NULL
	};
	struct list argv;
	bool done;

	run->words.side = "old";
	argv = engine_argv(run, dump_reader(run), words, &run->card.dump);
	done = run_engine(run, &argv, refused ? run->card.status : 0, refused);
	expect_host_unchanged(run, "dump");
	expect_source_unchanged(run);
	expect_only_known_processes(run, "dump");
	if (refused && rmdir(in_scratch(run, "images")))
		complain("a refused dump has written into the image directory");
	return done && !refused;
}

static pid_t read_holder(const struct run *run)
{
	struct text text = { 0 };

	if (!text_read_file(&text, run->pidfile) || atoi(text_string(&text)) <= 1)
		give_up("restore: no pid in the pidfile");
	return atoi(text_string(&text));
}

static char *namespace_of(pid_t pid)
{
	char name[64] = "";

	if (readlink(format("/proc/%d/ns/mnt", pid), name, sizeof(name) - 1) < 0)
		give_up("process %d has no mount namespace: %s", pid, strerror(errno));
	return strdup(name);
}

static void expect_own_namespace(const struct run *run)
{
	char *theirs = namespace_of(run->holder), *ours = namespace_of(getpid());

	if (!strcmp(theirs, ours))
		give_up("restore: the holder is in the caller's namespace");
}

/* True if a namespace is there to be looked at. */
static bool restore(struct run *run)
{
	bool refused = is_refused(run, "restore");
	const char *const words[] = { "restore",
				      "-D",
				      in_scratch(run, "images"),
				      "--root",
				      in_scratch(run, "new/root"),
				      "--pidfile",
				      run->pidfile,
				      NULL };
	struct list argv;
	bool done;

	run->words.side = "new";
	argv = engine_argv(run, run->trial->reader, words, &run->card.restore);
	done = run_engine(run, &argv, refused ? run->card.status : 0, refused);
	if (done && !refused) {
		run->holder = read_holder(run);
		expect_own_namespace(run);
	} else if (!access(run->pidfile, F_OK)) {
		complain("a failed restore has left a pidfile");
	}
	expect_host_unchanged(run, "restore");
	expect_new_root_unchanged(run, refused);
	expect_only_known_processes(run, "restore");
	return done && !refused;
}

/* --- the verdict --------------------------------------------------------------------------------
 */

static struct snapshot snapshot_of(const struct run *run, pid_t pid)
{
	struct snapshot snapshot = { .scratch = run->trial->scratch, .host = run->host };

	snapshot.mounts = mounts_of(pid);
	mounts_mark_foreign(snapshot.mounts, run->host);
	snapshot.contents = contents_read(pid, run->userns, snapshot.mounts);
	return snapshot;
}

static bool is_wanted(const struct list *differs, const char *line, bool *seen)
{
	bool wanted = false;

	for (size_t i = 0; i < differs->count; i++)
		if (!strncmp(line, differs->items[i], strlen(differs->items[i])))
			wanted = seen[i] = true;
	return wanted;
}

static void compare(const struct run *run)
{
	struct list lines = compare_snapshots(&run->before, &run->after);
	bool *seen = allocate(run->card.differs.count + 1);

	for (size_t i = 0; i < lines.count; i++)
		if (!is_wanted(&run->card.differs, lines.items[i], seen))
			complain("%s", lines.items[i]);
	for (size_t i = 0; i < run->card.differs.count; i++)
		if (!seen[i])
			complain("no difference '%s'", run->card.differs.items[i]);
}

/* The engine's own opinion, where it has one: the namespace is the image's. */
static void run_diff(const struct run *run, const char *reader, pid_t pid)
{
	const char *const words[] = { "diff", "--contents", in_scratch(run, "images"),
				      format("%d", pid), NULL };
	struct list argv;

	/* The image may have the one or the other side of a difference that the case wants. */
	if (!run->trial->suite->diff || run->card.differs.count)
		return;
	argv = engine_argv(run, reader, words, NULL);
	run_engine(run, &argv, 0, false);
}

/* What one reader has dumped, the other one has to find: they mean the same. */
static const char *other_reader(const struct trial *trial)
{
	if (!trial->reader || !trial->suite->statmount)
		return trial->reader;
	return strcmp(trial->reader, "mountinfo") ? "mountinfo" : "statmount";
}

static void judge(struct run *run)
{
	run->after = snapshot_of(run, run->holder);
	compare(run);
	run_diff(run, run->trial->reader, run->holder);
	run_checks(run, "new", run->holder);
}

static void end_source(struct run *run)
{
	process_kill(run->source);
	run->source = 0;
}

static void end_restored(struct run *run)
{
	process_kill(run->holder);
	run->holder = 0;
	if (run->owner)
		process_kill(run->owner);
	run->owner = 0;
	expect_only_known_processes(run, "the end");
	expect_host_unchanged(run, "the end");
}

/* --- the order of things ------------------------------------------------------------------------
 */

static void isolate(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		give_up("cannot make a private mount namespace: %s", strerror(errno));
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		give_up("cannot mount /proc: %s", strerror(errno));
}

static void read_card(struct run *run)
{
	const char *const argv[] = { run->program, "describe", NULL };
	struct text described = { 0 };

	if (process_run(&(struct launch){ .argv = argv, .log = run->log }) ||
	    !text_read_file(&described, run->log))
		give_up("%s does not describe itself", run->program);
	unlink(run->log);
	card_read(&run->card, described.bytes, described.length);
	printf("%s\n", run->card.about);
}

static void skip_what_cannot_be(const struct run *run)
{
	const char *flavour = run->trial->suite->flavour;
	const char *cannot = kernel_cannot(run->trial->name, run->userns);
	/* An engine that is not told how to read takes the best. */
	const char *reader = run->trial->reader		    ? run->trial->reader
			     : run->trial->suite->statmount ? "statmount"
							    : "mountinfo";

	if (strcmp(run->card.flavours, "all") && strcmp(run->card.flavours, flavour))
		printf("# not for the flavour %s\n", flavour);
	else if (cannot)
		printf("# the kernel: %s\n", cannot);
	else if (run->card.reader && strcmp(run->card.reader, reader))
		printf("# only for the reader %s\n", run->card.reader);
	else if (run->card.inherit.count && !run->trial->suite->rebind)
		printf("# this engine is not known to take descriptors\n");
	else
		return;
	exit(EXIT_SKIPPED);
}

static void start(struct run *run, const struct trial *trial)
{
	run->trial = trial;
	run->userns = !strcmp(trial->suite->flavour, "userns");
	run->program = format("%s/%s", trial->suite->cases, trial->name);
	run->program_fd = open(run->program, O_RDONLY | O_CLOEXEC);
	if (run->program_fd < 0)
		give_up("no such case: %s", run->program);
	run->log = in_scratch(run, "log");
	run->pidfile = in_scratch(run, "pid");
	read_card(run);
	skip_what_cannot_be(run);
	run->words = (struct words){ .scratch = trial->scratch,
				     .side = "old",
				     .build = trial->suite->build };
}

static void build_source(struct run *run)
{
	make_sides(run);
	run_verb(run, "prepare", "old", 0);
	run_verb(run, "prepare", "new", 0);
	start_source(run);
	run_checks(run, "old", run->source);
	run_tool(run,
		 (const char *const[]){ "cp", "-a", "--reflink=auto", in_scratch(run, "old/root"),
					in_scratch(run, "new/root"), NULL });
	run_verb(run, "alter", "new", 0);
	run->host = mounts_of(0);
	run->before = snapshot_of(run, run->source);
	run->words.mounts = run->before.mounts;
}

void trial_run(const struct trial *trial)
{
	struct run run = { 0 };

	isolate();
	start(&run, trial);
	build_source(&run);
	if (!dump(&run)) {
		end_source(&run);
		return;
	}
	run_diff(&run, other_reader(trial), run.source);
	end_source(&run);
	start_owner(&run);
	run.new_root = list_new_root(&run);
	if (!restore(&run))
		return;
	judge(&run);
	end_restored(&run);
}
