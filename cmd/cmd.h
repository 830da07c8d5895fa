/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command: one verb per file. It uses the library as any program would: through rebind.h. */
#ifndef REBIND_CMD_CMD_H
#define REBIND_CMD_CMD_H

/* Exit statuses, as rebind(1) has them. */
enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_DIFFERENT = 1, /* of diff */
	STATUS_USAGE = 2,
	STATUS_DIFF_ERROR = 2,	     /* of diff: its 1 says that they differ */
	STATUS_COMMAND_FAILED = 125, /* rebind failed where a COMMAND's status was expected */
};

/* argv[0] is the verb. Return: an exit status. */
int verb_check(int argc, char **argv);
int verb_dump(int argc, char **argv);
int verb_restore(int argc, char **argv);
int verb_show(int argc, char **argv);
int verb_diff(int argc, char **argv);
int verb_plugin(int argc, char **argv);
int verb_swrk(int argc, char **argv);
int verb_service(int argc, char **argv);
int verb_criu(int argc, char **argv);

/* argv[0] is "--version" or "-V"; with "-v" behind it, more. Return: an exit status. */
int version_print(int argc, char **argv);

/* The whole command line of a program that is called "criu". */
int criu_name(int argc, char **argv);

/*
 * The verbs of `rebind criu`: the same work, with CRIU for the processes. @plain: CRIU's command
 * line that it was made of, ended by NULL, or NULL.
 */
int criu_verb_dump(int argc, char **argv, char *const *plain);
int criu_verb_restore(int argc, char **argv, char *const *plain);

#endif
