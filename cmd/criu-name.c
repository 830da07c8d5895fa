// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * rebind under the name "criu", for programs that start one: the words are CRIU's. What they say
 * of mounts is done; what they say of processes is refused, because it would be lost.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "include/rebind.h"
#include "runtime/rpc/pause.h"
#include "runtime/rpc/recorded.h"

enum meaning {
	STATE,	       /* of processes: refused */
	PASS,	       /* the same here */
	DROP,	       /* of no consequence: it changes how CRIU works, not what comes of it */
	LEAVE_RUNNING, /* what a dump of mounts does in any case, and the caller must want */
	DETACHED,      /* likewise of a restore */
	WORK_DIR,      /* where the log and the pid file are */
	IN_WORK_DIR,   /* a file there */
	LEVEL,	       /* -v in its spellings */
	ROOT,	       /* of a restore; a dump knows it */
	HELP,
	VERSION,
};

static const struct word {
	const char *name;
	char letter;
	int takes; /* no_argument, ... */
	enum meaning means;
} words[] = {
	{ "tree", 't', required_argument, PASS },
	{ "images-dir", 'D', required_argument, PASS },
	{ "libdir", 'L', required_argument, PASS },
	{ "root", 'r', required_argument, ROOT },
	{ "external", 0, required_argument, PASS },
	{ "ext-mount-map", 0, required_argument, PASS },
	{ "enable-external-sharing", 0, no_argument, PASS },
	{ "enable-external-masters", 0, no_argument, PASS },
	{ "skip-mnt", 0, required_argument, PASS },
	{ "enable-fs", 0, required_argument, PASS },
	{ "lsm-mount-context", 0, required_argument, PASS },
	{ "inherit-fd", 0, required_argument, PASS },
	{ "join-ns", 'J', required_argument, PASS },
	{ "action-script", 0, required_argument, PASS },
	{ "work-dir", 'W', required_argument, WORK_DIR },
	{ "log-file", 'o', required_argument, IN_WORK_DIR },
	{ "pidfile", 0, required_argument, IN_WORK_DIR },
	{ "verbosity", 'v', optional_argument, LEVEL },
	{ "leave-running", 'R', no_argument, LEAVE_RUNNING },
	{ "restore-detached", 'd', no_argument, DETACHED },
	{ "mntns-compat-mode", 0, no_argument, DROP },
	{ "log-pid", 0, no_argument, DROP },
	{ "display-stats", 0, no_argument, DROP },
	{ "no-default-config", 0, no_argument, DROP },
	{ "help", 'h', no_argument, HELP },
	{ "version", 'V', no_argument, VERSION },
	/* Of processes. */
	{ "leave-stopped", 's', no_argument },
	{ "restore-sibling", 'S', no_argument },
	{ "shell-job", 'j', no_argument },
	{ "ext-unix-sk", 'x', optional_argument },
	{ "file-locks", 'l', no_argument },
	{ "tcp-established", 0, no_argument },
	{ "tcp-close", 0, no_argument },
	{ "skip-in-flight", 0, no_argument },
	{ "network-lock", 0, required_argument },
	{ "link-remap", 0, no_argument },
	{ "ghost-limit", 0, required_argument },
	{ "ghost-fiemap", 0, no_argument },
	{ "evasive-devices", 0, no_argument },
	{ "track-mem", 0, no_argument },
	{ "auto-dedup", 0, no_argument },
	{ "prev-images-dir", 0, required_argument },
	{ "pre-dump-mode", 0, required_argument },
	{ "lazy-pages", 0, no_argument },
	{ "page-server", 0, no_argument },
	{ "address", 0, required_argument },
	{ "port", 0, required_argument },
	{ "ps-socket", 0, required_argument },
	{ "stream", 0, no_argument },
	{ "force-irmap", 0, no_argument },
	{ "irmap-scan-path", 0, required_argument },
	{ "manage-cgroups", 0, optional_argument },
	{ "cgroup-root", 0, required_argument },
	{ "cgroup-props", 0, required_argument },
	{ "cgroup-props-file", 0, required_argument },
	{ "cgroup-dump-controller", 0, required_argument },
	{ "cgroup-yard", 0, required_argument },
	{ "freeze-cgroup", 0, required_argument },
	{ "veth-pair", 0, required_argument },
	{ "empty-ns", 0, required_argument },
	{ "lsm-profile", 0, required_argument },
	{ "cpu-cap", 0, optional_argument },
	{ "weak-sysctls", 0, no_argument },
	{ "timeout", 0, required_argument },
	{ "exec-cmd", 0, no_argument },
	{ "status-fd", 0, required_argument },
	{ "unprivileged", 0, no_argument },
	{ "skip-file-rwx-check", 0, no_argument },
	{ "file-validation", 0, required_argument },
	{ "config", 0, required_argument },
};

struct line {
	struct strings args; /* for the verb here */
	const char *work_dir, *log_file, *pidfile;
	bool leave_running, detached, helped;
	const char *root, *images_dir;
	uint32_t joined; /* CLONE_NEW* */
};

/* It knows what it takes from CRIU's words, not whether they make sense: that the verb will say. */
static int add(struct line *line, const char *dashes, const char *name, const char *value)
{
	char word[64];

	snprintf(word, sizeof(word), "%s%s", dashes, name);
	if (strings_add(&line->args, word, strlen(word)) < 0 ||
	    (value && strings_add(&line->args, value, strlen(value)) < 0))
		return usage_error(NULL, "%s", strerror(ENOMEM));
	return STATUS_OK;
}

static int add_file(struct line *line, const char *name, const char *file)
{
	cleanup_free char *path = NULL;

	if (!file)
		return STATUS_OK;
	if (!line->work_dir || *file == '/')
		return add(line, "--", name, file);
	if (asprintf(&path, "%s/%s", line->work_dir, file) < 0)
		return usage_error(NULL, "%s", strerror(ENOMEM));
	return add(line, "--", name, path);
}

static int refuse_state(const struct word *word)
{
	return usage_error(NULL,
			   "--%s is about processes, and this criu is rebind, which keeps mounts: "
			   "leave it out, or use 'rebind criu', which starts a CRIU for them",
			   word->name);
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
	       "restore, in CRIU's words.\n");
	return STATUS_OK;
}

static int take_level(struct line *line, const char *value)
{
	char word[16];

	/* "-v4" and "-vvv" arrive as 'v' with the rest. */
	snprintf(word, sizeof(word), "v%s", value ? value : "");
	return add(line, "-", word, NULL);
}

/* "net:FILE": that one is not made. */
static void note_join(struct line *line, const char *value)
{
	cleanup_free char *name = strndup(value, strcspn(value, ":"));
	uint32_t flag;

	if (name && holder_kind(name, &flag) >= 0)
		line->joined |= flag;
}

static int take(struct line *line, const struct word *word, const char *value)
{
	switch (word->means) {
	case STATE:
		return refuse_state(word);
	case PASS:
		if (word->letter == 'D')
			line->images_dir = value;
		if (word->letter == 'J')
			note_join(line, value);
		return add(line, "--", word->name, value);
	case LEVEL:
		return take_level(line, value);
	case WORK_DIR:
		line->work_dir = value;
		break;
	case IN_WORK_DIR:
		*(word->letter == 'o' ? &line->log_file : &line->pidfile) = value;
		break;
	case ROOT:
		line->root = value;
		break;
	case LEAVE_RUNNING:
		line->leave_running = true;
		break;
	case DETACHED:
		line->detached = true;
		break;
	case HELP:
	case VERSION:
		line->helped = true;
		return word->means == HELP ? print_help() : print_version();
	case DROP:
		break;
	}
	return STATUS_OK;
}

/* What getopt_long() calls it: its letter, or its place behind all letters. */
static const struct word *find_word(int got)
{
	size_t i = 0;

	if (got >= 256)
		return &words[got - 256];
	while (words[i].letter != got)
		i++;
	return &words[i];
}

static int parse(int argc, char **argv, struct line *line)
{
	struct option options[ARRAY_SIZE(words) + 1] = { 0 };
	char letters[3 * ARRAY_SIZE(words) + 1] = "", *end = letters;
	int status = STATUS_OK, got;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		options[i] = (struct option){ words[i].name, words[i].takes, NULL, 256 + (int)i };
		if (words[i].letter)
			end += sprintf(end, "%c%.*s", words[i].letter, words[i].takes, "::");
	}
	while (!status && !line->helped &&
	       (got = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (got == '?')
			return STATUS_USAGE;
		status = take(line, find_word(got), optarg);
	}
	return status;
}

static int run_verb(int (*verb)(int, char **), const char *name, const struct line *line)
{
	cleanup_free char **argv = calloc(line->args.n + 2, sizeof(*argv));

	if (!argv)
		return usage_error(NULL, "%s", strerror(ENOMEM));
	argv[0] = (char *)name;
	for (size_t i = 0; i < line->args.n; i++)
		argv[i + 1] = (char *)line->args.list[i];
	return verb((int)line->args.n + 1, argv);
}

/* CRIU knows from its images which namespaces to make, and has no word for it. */
static int add_namespaces(struct line *line)
{
	char list[64] = "";
	uint32_t make = line->images_dir ? recorded_namespaces(line->images_dir) : 0, flag;

	for (int i = 0; i < HOLDER_KINDS; i++) {
		const char *name = holder_name((enum holder_kind)i, &flag);
		size_t n = strlen(list);

		if ((make & flag) && !(line->joined & flag))
			snprintf(list + n, sizeof(list) - n, "%s%s", n ? "," : "", name);
	}
	return *list ? add(line, "--", "new-ns", list) : STATUS_OK;
}

static int dump(struct line *line)
{
	if (!line->leave_running)
		return usage_error(
			"dump", "this criu is rebind, which keeps mounts: the dump would end the "
				"processes without a trace; give --leave-running, or use 'rebind "
				"criu dump', which starts a CRIU for them");
	return run_verb(verb_dump, "dump", line);
}

static int restore(struct line *line)
{
	if (!line->detached || !line->pidfile)
		return usage_error(
			"restore",
			"this criu is rebind, which restores mounts, with a process that "
			"holds them: give --restore-detached and --pidfile FILE");
	int status = line->root ? add(line, "--", "root", line->root) : STATUS_OK;

	if (!status)
		status = add_file(line, "pidfile", line->pidfile);
	if (!status)
		status = add_namespaces(line);
	return status ? status : run_verb(verb_restore, "restore", line);
}

static int run(int argc, char **argv, struct line *line)
{
	int status = parse(argc, argv, line);
	const char *verb = optind < argc ? argv[optind] : NULL;

	if (status || line->helped)
		return status;
	if (!verb)
		return usage_error(NULL,
				   "a verb is missing: dump, restore, check, swrk or service");
	if (optind + 1 < argc)
		return usage_error(NULL, "'%s' is one word too many", argv[optind + 1]);
	status = add_file(line, "log-file", line->log_file);
	if (status)
		return status;
	if (strcmp(verb, "dump") == 0)
		return dump(line);
	if (strcmp(verb, "restore") == 0)
		return restore(line);
	return usage_error(NULL, "'%s' is not among what this criu, which is rebind, does", verb);
}

int criu_name(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} own[] = { { "swrk", verb_swrk }, { "service", verb_service }, { "check", verb_check } };
	struct line line = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(own) && argc > 1; i++)
		if (strcmp(argv[1], own[i].name) == 0)
			return own[i].run(argc - 1, argv + 1);
	int status = run(argc, argv, &line);

	strings_free(&line.args);
	return status;
}
