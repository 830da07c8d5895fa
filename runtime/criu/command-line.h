/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CRIU's command line: every option of CRIU 4.2. What is about mounts is taken apart, so that
 * rebind can do them; the rest is kept as it came, for CRIU.
 */
#ifndef REBIND_RUNTIME_CRIU_COMMAND_LINE_H
#define REBIND_RUNTIME_CRIU_COMMAND_LINE_H

#include "base/text.h"

struct criu_line {
	const char *verb;  /* the first word that is no option, or NULL */
	char *const *rest; /* the words behind it, ended by NULL: a command of --exec-cmd */
	const char *images_dir, *work_dir, *tree, *root, *libdir, *parent;
	const char *lsm_mount_context;
	const char *log_file, *pidfile, *address, *status_fd, *config, *feature;
	bool sharing, masters, leave_running, detached, sibling;
	bool no_default_config, help, version;
	const char *about_processes; /* the first option that is, without its dashes, or NULL */
	struct strings external;     /* mnt[...], dev[...] */
	struct strings ext_mount_map, skip_mnt, enable_fs, join_ns, scripts;
	struct strings inherit_fd; /* fd[N]:mnt[KEY] */
	struct strings level;	   /* "v4", as often as it was given */
	struct strings to_criu;	   /* all that is not about mounts, an option a word */
	struct strings said, kept; /* what texts here may point to */
};

/**
 * criu_line_parse - take a command line apart; argv[0] is not looked at
 * @loudly: getopt(3) says on stderr what is wrong
 *
 * The words may be reordered in @argv, which has to live as long as @line does.
 * Return: 0; -EINVAL: CRIU has no such option, or a value is missing; or -ENOMEM.
 */
int criu_line_parse(struct criu_line *line, int argc, char **argv, bool loudly);

/**
 * criu_line_read_config - the same of the files that CRIU reads before its command line
 *
 * /etc/criu/default.conf and ~/.criu/default.conf, unless --no-default-config is given, then what
 * CRIU_CONFIG_FILE and --config name; CRIU reads them itself, too, so nothing is added to
 * @line->to_criu. The command line takes precedence. Return: 0 or -ENOMEM; what cannot be read or
 * understood is CRIU's to say.
 */
int criu_line_read_config(struct criu_line *line);

/**
 * criu_line_of_words - both, of options that are given to CRIU beside its verb; or NULL
 *
 * What CRIU would not understand is CRIU's to say. Return: 0 or -ENOMEM.
 */
int criu_line_of_words(struct criu_line *line, char *const *options);

void criu_line_free(struct criu_line *line);

#endif
