// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/criu/command-line.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"

#define LONG_BASE 256 /* what getopt_long() returns for the first long name */

enum {
	MOUNTS = 1,    /* not for a CRIU that leaves the mounts to rebind */
	HARMLESS = 2,  /* no matter of processes: it changes how CRIU works, not what comes of it */
	IS_FLAG = 4,   /* bool */
	IS_TEXT = 8,   /* const char * */
	IS_LIST = 16,  /* struct strings */
	OF_MOUNT = 32, /* IS_LIST, and MOUNTS if the value is about a mount */
};

static const struct word {
	const char *name;
	char letter;
	int takes; /* no_argument, ... */
	unsigned int is;
	size_t field;
} words[] = {
#define FIELD(name) offsetof(struct criu_line, name)
	{ "tree", 't', required_argument, MOUNTS | IS_TEXT, FIELD(tree) },
	{ "images-dir", 'D', required_argument, MOUNTS | IS_TEXT, FIELD(images_dir) },
	{ "libdir", 'L', required_argument, HARMLESS | IS_TEXT, FIELD(libdir) },
	{ "root", 'r', required_argument, MOUNTS | IS_TEXT, FIELD(root) },
	{ "external", 0, required_argument, OF_MOUNT, FIELD(external) },
	{ "ext-mount-map", 'M', required_argument, MOUNTS | IS_LIST, FIELD(ext_mount_map) },
	{ "enable-external-sharing", 0, no_argument, MOUNTS | IS_FLAG, FIELD(sharing) },
	{ "enable-external-masters", 0, no_argument, MOUNTS | IS_FLAG, FIELD(masters) },
	{ "skip-mnt", 0, required_argument, MOUNTS | IS_LIST, FIELD(skip_mnt) },
	{ "enable-fs", 0, required_argument, MOUNTS | IS_LIST, FIELD(enable_fs) },
	{ "lsm-mount-context", 0, required_argument, HARMLESS | IS_TEXT, FIELD(lsm_mount_context) },
	{ "inherit-fd", 0, required_argument, OF_MOUNT, FIELD(inherit_fd) },
	{ "join-ns", 'J', required_argument, HARMLESS | IS_LIST, FIELD(join_ns) },
	{ "action-script", 0, required_argument, HARMLESS | IS_LIST, FIELD(scripts) },
	{ "work-dir", 'W', required_argument, HARMLESS | IS_TEXT, FIELD(work_dir) },
	{ "log-file", 'o', required_argument, HARMLESS | IS_TEXT, FIELD(log_file) },
	{ "pidfile", 0, required_argument, HARMLESS | IS_TEXT, FIELD(pidfile) },
	{ "verbosity", 'v', optional_argument, HARMLESS | IS_LIST, FIELD(level) },
	{ "leave-running", 'R', no_argument, HARMLESS | IS_FLAG, FIELD(leave_running) },
	{ "restore-detached", 'd', no_argument, HARMLESS | IS_FLAG, FIELD(detached) },
	{ "daemon", 0, no_argument, HARMLESS | IS_FLAG, FIELD(detached) },
	{ "restore-sibling", 'S', no_argument, IS_FLAG, FIELD(sibling) },
	{ "mntns-compat-mode", 0, no_argument, HARMLESS },
	{ "log-pid", 0, no_argument, HARMLESS },
	{ "display-stats", 0, no_argument, HARMLESS },
	{ "deprecated", 0, no_argument, HARMLESS },
	{ "extra", 0, no_argument, HARMLESS },
	{ "experimental", 0, no_argument, HARMLESS },
	{ "all", 0, no_argument, HARMLESS },
	{ "unprivileged", 0, no_argument, HARMLESS },
	{ "feature", 0, required_argument, HARMLESS | IS_TEXT, FIELD(feature) },
	{ "config", 0, required_argument, HARMLESS | IS_TEXT, FIELD(config) },
	{ "no-default-config", 0, no_argument, HARMLESS | IS_FLAG, FIELD(no_default_config) },
	{ "help", 'h', no_argument, HARMLESS | IS_FLAG, FIELD(help) },
	{ "version", 'V', no_argument, HARMLESS | IS_FLAG, FIELD(version) },
	{ "address", 0, required_argument, IS_TEXT, FIELD(address) },
	{ "status-fd", 0, required_argument, IS_TEXT, FIELD(status_fd) },
	{ "prev-images-dir", 0, required_argument, IS_TEXT, FIELD(parent) },
#undef FIELD
	/* Of processes only. */
	{ "leave-stopped", 's', no_argument },
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
	{ "pre-dump-mode", 0, required_argument },
	{ "lazy-pages", 0, no_argument },
	{ "page-server", 0, no_argument },
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
	{ "skip-file-rwx-check", 0, no_argument },
	{ "file-validation", 0, required_argument },
	{ "allow-uprobes", 0, no_argument },
	{ "close", 0, required_argument },
	{ "ms", 0, no_argument },
	{ "tls", 0, no_argument },
	{ "tls-cacert", 0, required_argument },
	{ "tls-cacrl", 0, required_argument },
	{ "tls-cert", 0, required_argument },
	{ "tls-key", 0, required_argument },
	{ "tls-no-cn-verify", 0, no_argument },
};

/* ---- one option ---- */

static bool is_about_mount(const struct word *word, const char *value)
{
	if (strcmp(word->name, "external") == 0)
		return strncmp(value, "mnt[", 4) == 0;
	return strstr(value, "]:mnt[") != NULL;
}

static int note(struct criu_line *line, const struct word *word, const char *value)
{
	char *field = (char *)line + word->field;

	if (word->is & IS_FLAG)
		*(bool *)field = true;
	if (word->is & IS_TEXT)
		*(const char **)field = value;
	if (word->is & IS_LIST)
		return strings_print((struct strings *)field, "%s", value ? value : "");
	/* Devices are both: CRIU knows them as files, too. */
	if (word->is & OF_MOUNT && (is_about_mount(word, value) || strncmp(value, "dev[", 4) == 0))
		return strings_print((struct strings *)field, "%s", value);
	return 0;
}

static int pass_on(struct criu_line *line, const struct word *word, const char *value)
{
	if (word->is & MOUNTS || (word->is & OF_MOUNT && is_about_mount(word, value)))
		return 0;
	return strings_print(&line->to_criu, "--%s%s%s", word->name, value ? "=" : "",
			     value ? value : "");
}

static int command_line_take(struct criu_line *line, const struct word *word, const char *value,
			     bool from_file)
{
	bool on_mounts = word->is & (MOUNTS | HARMLESS | OF_MOUNT);
	int err = note(line, word, value);

	if (!on_mounts && !line->about_processes)
		line->about_processes = word->name;
	return err || from_file ? err : pass_on(line, word, value);
}

/* ---- a line ---- */

/* What getopt_long() calls it: its letter, or its place behind all letters. */
static const struct word *find_word(int got)
{
	size_t i = 0;

	if (got >= LONG_BASE)
		return &words[got - LONG_BASE];
	while (words[i].letter != got)
		i++;
	return &words[i];
}

struct tables {
	struct option longs[ARRAY_SIZE(words) + 1];
	char letters[3 * ARRAY_SIZE(words) + 1];
};

static void build_tables(struct tables *t)
{
	char *end = t->letters;

	*t = (struct tables){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		t->longs[i] =
			(struct option){ words[i].name, words[i].takes, NULL, LONG_BASE + (int)i };
		if (words[i].letter)
			end += sprintf(end, "%c%.*s", words[i].letter, words[i].takes, "::");
	}
}

static int take_all(struct criu_line *line, int argc, char **argv, bool from_file)
{
	struct tables tables;
	int got, err = 0;

	build_tables(&tables);
	optind = 0; /* GNU: start afresh */
	while (!err && (got = getopt_long(argc, argv, tables.letters, tables.longs, NULL)) != -1)
		err = got == '?' ? -EINVAL
				 : command_line_take(line, find_word(got), optarg, from_file);
	return err;
}

int criu_line_parse(struct criu_line *line, int argc, char **argv, bool loudly)
{
	opterr = loudly;
	int err = take_all(line, argc, argv, false);

	if (!err && optind < argc)
		line->verb = argv[optind];
	line->rest = (char *const *)argv + (optind < argc ? optind + 1 : argc);
	return err;
}

void criu_line_free(struct criu_line *line)
{
	strings_free(&line->external);
	strings_free(&line->ext_mount_map);
	strings_free(&line->skip_mnt);
	strings_free(&line->enable_fs);
	strings_free(&line->join_ns);
	strings_free(&line->scripts);
	strings_free(&line->inherit_fd);
	strings_free(&line->level);
	strings_free(&line->to_criu);
	strings_free(&line->said);
	strings_free(&line->kept);
}

/* ---- files ---- */

/* The next word of a line: blanks part them, quotes hold them together, '#' ends the line. */
static int take_token(const char **cursor, struct strings *ret)
{
	const char *p = *cursor + strspn(*cursor, " \t\r\n");
	char quote = *p == '"' || *p == '\'' ? *p++ : '\0';
	size_t n = quote ? strcspn(p, quote == '"' ? "\"\n" : "'\n") : strcspn(p, " \t\r\n");

	if (!*p || (*p == '#' && !quote))
		return 0;
	*cursor = p + n + (quote && p[n] == quote);
	int err = strings_add(ret, p, n);

	return err ? err : 1;
}

/* "name value": as CRIU does, the name becomes an option, and what follows a word of its own. */
static int split_line(const char *text, struct strings *ret)
{
	size_t indent = strspn(text, " \t\r\n");
	size_t n = strcspn(text + indent, " \t\r\n#");
	const char *cursor = text + indent + n;
	int more = n ? strings_print(ret, "--%.*s", (int)n, text + indent) : 0;

	if (!n || more)
		return more;
	while ((more = take_token(&cursor, ret)) > 0)
		;
	return more;
}

static int read_file(struct criu_line *line, const char *path)
{
	cleanup_file FILE *file = path && *path ? fopen(path, "re") : NULL;
	cleanup_free char *text = NULL;
	size_t size = 0, first = line->kept.n;
	int err = file ? strings_print(&line->kept, "criu") : 0;

	if (!file || err)
		return err;
	while (!err && getline(&text, &size, file) >= 0)
		err = split_line(text, &line->kept);
	if (err)
		return err;
	opterr = 0;
	err = take_all(line, (int)(line->kept.n - first), (char **)line->kept.list + first, true);
	return err == -ENOMEM ? err : 0;
}

static int read_default(struct criu_line *line)
{
	const char *home = secure_getenv("HOME");
	cleanup_free char *own = NULL;
	int err = read_file(line, "/etc/criu/default.conf");

	if (err || !home)
		return err;
	return asprintf(&own, "%s/.criu/default.conf", home) < 0 ? -ENOMEM : read_file(line, own);
}

/* What the command line has said takes precedence. */
static void overlay(struct criu_line *line, const struct criu_line *over)
{
	const char **texts[] = {
		&line->images_dir, &line->work_dir, &line->tree,    &line->root,
		&line->libdir,	   &line->parent,   &line->pidfile, &line->log_file
	};
	const char *const overs[] = { over->images_dir, over->work_dir, over->tree,
				      over->root,	over->libdir,	over->parent,
				      over->pidfile,	over->log_file };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (overs[i])
			*texts[i] = overs[i];
}

int criu_line_read_config(struct criu_line *line)
{
	struct criu_line said = *line;
	int err = line->no_default_config ? 0 : read_default(line);

	if (!err)
		err = read_file(line, secure_getenv("CRIU_CONFIG_FILE"));
	if (!err)
		err = read_file(line, said.config);
	overlay(line, &said);
	return err;
}

int criu_line_of_words(struct criu_line *line, char *const *options)
{
	size_t n = 0;
	int err = strings_print(&line->said, "criu");

	for (; options && options[n] && !err; n++)
		err = strings_print(&line->said, "%s", options[n]);
	if (!err)
		err = criu_line_parse(line, (int)n + 1, (char **)line->said.list, false);
	if (!err || err == -EINVAL)
		err = criu_line_read_config(line);
	return err;
}
