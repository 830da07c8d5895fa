/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options: a table for each verb says what there is and where it goes. */
#ifndef REBIND_CMD_OPTIONS_H
#define REBIND_CMD_OPTIONS_H

#include "base/text.h"

/* What an option takes, and the type of the field that it sets. */
enum option_kind {
	OPTION_FLAG,   /* bool */
	OPTION_TEXT,   /* const char *, borrowed from argv; not empty, given once */
	OPTION_CHOICE, /* const char *: one of the words of @argument, "strict|slave|private" */
	OPTION_NUMBER, /* int64_t from @min to @max; given once */
	OPTION_SIZE,   /* int64_t, bytes: a number that K, M, G or T can follow; given once */
	OPTION_LIST,   /* struct strings: an entry each time */
	OPTION_COMMAS, /* struct strings: an entry for each word between commas */
	OPTION_LEVEL,  /* int: -v, -vv, -vN as a log level */
};

struct option_spec {
	char letter;	  /* '\0': none */
	const char *name; /* without the dashes */
	enum option_kind kind;
	size_t offset;	      /* of the field in the verb's struct */
	const char *argument; /* what help calls it; NULL for flags */
	const char *help;     /* NULL: not listed */
	int64_t min, max;
};

struct option_set {
	const char *verb;
	const char *const *synopsis; /* lines, ended by NULL */
	const char *note;	     /* a line below them, or NULL */
	const struct option_spec *specs;
	size_t n_specs;
	size_t min_words, max_words;
	const char *word_name; /* of what the words are, for messages */
	bool takes_command;    /* what follows "--" is a command, not words */
	bool may_be_bare;      /* nothing behind -- is nothing, not a mistake */
};

/* What is no option. */
struct option_words {
	const char *list[2];
	size_t n;
	char **command; /* what follows "--", NULL-terminated; NULL: nothing does */
};

/**
 * options_parse - fill a verb's struct
 * @argv: argv[0] is not looked at
 * @args: the verb's struct, with its defaults set
 * @ret_status: the exit status, if there is nothing more to do
 *
 * Names are not abbreviated: what is unambiguous today would not be in the next version. An option
 * with one value is not given twice: which one counts is not guessed.
 *
 * Return: true if @args is filled; false if help was printed, or a usage error.
 */
bool options_parse(const struct option_set *set, int argc, char **argv, void *args,
		   struct option_words *words, int *ret_status);

/**
 * options_number - a decimal number and nothing else
 *
 * Return: 0 or -EINVAL.
 */
int options_number(const char *text, size_t size, int64_t min, int64_t max, int64_t *ret);

/**
 * usage_error - one sentence about the command line
 * @verb: NULL: about rebind itself
 *
 * Return: STATUS_USAGE.
 */
int usage_error(const char *verb, const char *format, ...) printf_like(2, 3);

#endif
