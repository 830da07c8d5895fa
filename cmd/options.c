// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/errors.h"
#include "include/rebind.h"

enum {
	MAX_SPECS = 40,
	LONG_BASE = 256, /* getopt_long returns this + the index of a spec for its long name */
	HELP = 'h',
};

struct parser {
	const struct option_set *set;
	void *args;
	struct option_words *words;
	const char *given[MAX_SPECS]; /* the value, by spec */
	char letters[3 * MAX_SPECS + 4];
	struct option longs[MAX_SPECS + 2];
};

int usage_error(const char *verb, const char *format, ...)
{
	cleanup_free char *message = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	cleanup_free char *safe = text_safe(message ? message : format);

	fprintf(stderr, "rebind: %s; see 'rebind%s%s --help'\n", safe ? safe : format,
		verb ? " " : "", verb ? verb : "");
	errors_add(message ? message : format);
	return STATUS_USAGE;
}

/* ---- help ---- */

static void print_spec(const struct option_spec *spec)
{
	char left[64];
	int n = snprintf(left, sizeof(left), "%c%c%s--%s", spec->letter ? '-' : ' ',
			 spec->letter ? spec->letter : ' ', spec->letter ? ", " : "  ", spec->name);

	if (spec->kind == OPTION_LEVEL)
		snprintf(left, sizeof(left), "-%c, -%c%c, -%cN", spec->letter, spec->letter,
			 spec->letter, spec->letter);
	else if (spec->argument && n > 0 && (size_t)n < sizeof(left))
		snprintf(left + n, sizeof(left) - (size_t)n, " %s", spec->argument);
	if (strlen(left) > 28)
		printf("  %s\n  %-28s  %s\n", left, "", spec->help);
	else
		printf("  %-28s  %s\n", left, spec->help);
}

static void print_help(const struct option_set *set)
{
	const char *lead = "usage:";

	for (const char *const *line = set->synopsis; *line; line++) {
		printf("%s rebind %s\n", lead, *line);
		lead = "      ";
	}
	if (set->note)
		printf("%s\n", set->note);
	printf("\n");
	for (size_t i = 0; i < set->n_specs; i++)
		if (set->specs[i].help)
			print_spec(&set->specs[i]);
	printf("  %-28s  %s\n", "-h, --help", "this text");
	printf("\nThe manual is rebind(1).\n");
}

/* ---- values ---- */

int options_number(const char *text, size_t size, int64_t min, int64_t max, int64_t *ret)
{
	int64_t value = 0;

	/* 18 digits fit without a check of each step. */
	if (size == 0 || size > 18)
		return -EINVAL;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (text[i] - '0');
	}
	if (value < min || value > max)
		return -EINVAL;
	*ret = value;
	return 0;
}

/* 1 to 8 EiB; "64M" is 64 * 1024 * 1024. */
static int take_size(const char *text, int64_t *ret)
{
	static const char units[] = "KMGT";
	size_t n = strlen(text);
	const char *unit = n ? strchr(units, text[n - 1]) : NULL;
	unsigned int shift = unit ? 10 * (unsigned int)(unit - units + 1) : 0;
	int64_t number;

	if (options_number(text, unit ? n - 1 : n, 1, INT64_MAX >> shift, &number))
		return -EINVAL;
	*ret = number << shift;
	return 0;
}

static bool is_choice(const char *choices, const char *word)
{
	size_t size = strlen(word);

	for (const char *p = choices; *p; p += strspn(p, "|")) {
		size_t n = strcspn(p, "|");

		if (n == size && strncmp(p, word, n) == 0)
			return true;
		p += n;
	}
	return false;
}

static int add_commas(struct strings *strings, const char *text)
{
	for (;;) {
		size_t n = strcspn(text, ",");

		if (n == 0)
			return -EINVAL;
		int err = strings_add(strings, text, n);

		if (err)
			return err;
		if (!text[n])
			return 0;
		text += n + 1;
	}
}

static int take_level(int *level, const char *text)
{
	int64_t number;

	if (*level == 0)
		*level = REBIND_LOG_WARN;
	if (!text)
		*level += 1;
	else if (*text && strspn(text, "v") == strlen(text))
		*level += 1 + (int)strnlen(text, REBIND_LOG_DEBUG);
	else if (options_number(text, strlen(text), 0, REBIND_LOG_DEBUG, &number) == 0)
		*level = number < REBIND_LOG_ERROR ? REBIND_LOG_ERROR : (int)number;
	else
		return -EINVAL;
	if (*level > REBIND_LOG_DEBUG)
		*level = REBIND_LOG_DEBUG;
	return 0;
}

/* Return: 0, -ENOMEM, or -EINVAL. */
static int set_value(const struct option_spec *spec, void *field, const char *text)
{
	switch (spec->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return 0;
	case OPTION_TEXT:
		*(const char **)field = text;
		return *text ? 0 : -EINVAL;
	case OPTION_CHOICE:
		*(const char **)field = text;
		return is_choice(spec->argument, text) ? 0 : -EINVAL;
	case OPTION_NUMBER:
		return options_number(text, strlen(text), spec->min, spec->max, field);
	case OPTION_SIZE:
		return take_size(text, field);
	case OPTION_LIST:
		return *text ? strings_add(field, text, strlen(text)) : -EINVAL;
	case OPTION_COMMAS:
		return add_commas(field, text);
	case OPTION_LEVEL:
		return take_level(field, text);
	}
	return -EINVAL;
}

static int bad_value(const struct parser *p, const struct option_spec *spec, const char *text)
{
	const char *verb = p->set->verb;

	if (!*text)
		return usage_error(verb, "option --%s needs %s, not an empty word", spec->name,
				   spec->argument);
	if (spec->kind == OPTION_NUMBER)
		return usage_error(verb, "option --%s takes a number from %lld to %lld, not '%s'",
				   spec->name, (long long)spec->min, (long long)spec->max, text);
	if (spec->kind == OPTION_SIZE)
		return usage_error(verb, "option --%s takes a size such as 512M or 4G, not '%s'",
				   spec->name, text);
	if (spec->kind == OPTION_CHOICE)
		return usage_error(verb, "option --%s takes %s, not '%s'", spec->name,
				   spec->argument, text);
	if (spec->kind == OPTION_LEVEL)
		return usage_error(verb, "option -v takes a level from 0 to 4, not '%s'", text);
	return usage_error(verb, "option --%s takes %s, not '%s'", spec->name, spec->argument,
			   text);
}

/* ---- the parser ---- */

static bool is_single(enum option_kind kind)
{
	return kind == OPTION_TEXT || kind == OPTION_CHOICE || kind == OPTION_NUMBER ||
	       kind == OPTION_SIZE;
}

static int take_option(struct parser *p, size_t index)
{
	const struct option_spec *spec = &p->set->specs[index];
	const char *before = is_single(spec->kind) ? p->given[index] : NULL;

	/* Several findings may have the same help: that is pasted as often. */
	if (before && strcmp(before, optarg) == 0)
		return 0;
	if (before)
		return usage_error(p->set->verb, "option --%s is given twice, with '%s' and '%s'",
				   spec->name, before, optarg);
	p->given[index] = optarg;
	int err = set_value(spec, (char *)p->args + spec->offset, optarg);

	if (err == -ENOMEM) {
		errors_say("%s", strerror(-err));
		return STATUS_FAILED;
	}
	return err ? bad_value(p, spec, optarg) : 0;
}

static size_t spec_of_letter(const struct option_set *set, int letter)
{
	size_t i = 0;

	while (i < set->n_specs && set->specs[i].letter != letter)
		i++;
	return i;
}

static int take_word(struct parser *p, const char *word)
{
	struct option_words *words = p->words;

	if (words->n < p->set->max_words) {
		words->list[words->n++] = word;
		return 0;
	}
	if (strspn(word, "0123456789") == strlen(word) &&
	    spec_of_letter(p->set, 't') < p->set->n_specs)
		return usage_error(p->set->verb, "unexpected argument '%s'; did you mean -t %s?",
				   word, word);
	if (spec_of_letter(p->set, 'D') < p->set->n_specs && !p->given[spec_of_letter(p->set, 'D')])
		return usage_error(p->set->verb, "unexpected argument '%s'; did you mean -D %s?%s",
				   word, word,
				   p->set->takes_command ? " (a command comes after '--')" : "");
	return usage_error(p->set->verb, "unexpected argument '%s'%s", word,
			   p->set->takes_command ? " (a command comes after '--')" : "");
}

static int need_words(struct parser *p)
{
	if (p->words->n >= p->set->min_words)
		return 0;
	return usage_error(p->set->verb, "%s %s is missing", p->words->n ? "the second" : "a",
			   p->set->word_name);
}

/* What follows "--". @last is the last value that an option took: it may be "--" itself. */
static int take_rest(struct parser *p, int argc, char **argv, const char *last)
{
	bool bare_dashes = optind == argc && argc > 1 && argv[argc - 1] != last &&
			   strcmp(argv[argc - 1], "--") == 0;

	if (!p->set->takes_command) {
		for (int i = optind, status; i < argc; i++)
			if ((status = take_word(p, argv[i])))
				return status;
		return 0;
	}
	if (bare_dashes && !p->set->may_be_bare)
		return usage_error(p->set->verb, "a command is missing after '--'");
	p->words->command = optind < argc ? argv + optind : NULL;
	return 0;
}

/* getopt returned '?' or ':'. @word is what it looked at. */
static int options_refuse(const struct parser *p, int c, const char *word)
{
	const struct option_set *set = p->set;
	bool known = optopt >= LONG_BASE;
	size_t index = known ? (size_t)(optopt - LONG_BASE) : spec_of_letter(set, optopt);

	if (c == ':' && index < set->n_specs)
		return usage_error(set->verb, "option --%s needs %s", set->specs[index].name,
				   set->specs[index].argument);
	if (known)
		return usage_error(set->verb, "option --%s takes no value",
				   index < set->n_specs ? set->specs[index].name : "help");
	if (optopt)
		return usage_error(set->verb, "unknown option '-%c'", optopt);
	return usage_error(set->verb, "unknown option '%.*s'", (int)strcspn(word, "="), word);
}

/* getopt_long() takes abbreviations; we do not. */
static bool is_abbreviated(const struct parser *p, int c, const char *word)
{
	const char *name = p->longs[c - LONG_BASE].name;
	size_t n = strcspn(word, "=");

	return n != strlen(name) + 2 || strncmp(word + 2, name, n - 2) != 0;
}

static void add_letter(struct parser *p, char letter, const char *suffix)
{
	size_t n = strlen(p->letters);

	snprintf(p->letters + n, sizeof(p->letters) - n, "%c%s", letter, suffix);
}

static void build_tables(struct parser *p)
{
	size_t i;

	strcpy(p->letters, "-:h");
	for (i = 0; i < p->set->n_specs && i < MAX_SPECS; i++) {
		const struct option_spec *spec = &p->set->specs[i];
		int takes = spec->kind == OPTION_FLAG	 ? no_argument
			    : spec->kind == OPTION_LEVEL ? optional_argument
							 : required_argument;

		p->longs[i] = (struct option){ spec->name, takes, NULL, LONG_BASE + (int)i };
		if (spec->letter)
			add_letter(p, spec->letter,
				   takes == no_argument		? ""
				   : takes == optional_argument ? "::"
								: ":");
	}
	p->longs[i] = (struct option){ "help", no_argument, NULL, LONG_BASE + (int)i };
}

/* One result of getopt_long(). Return: 0, STATUS_*, or -1: help was asked for. */
static int options_take(struct parser *p, int c, const char *word)
{
	if (c == 1)
		return take_word(p, optarg);
	if (c >= LONG_BASE && is_abbreviated(p, c, word))
		return usage_error(p->set->verb, "unknown option '%.*s'", (int)strcspn(word, "="),
				   word);
	if (c == HELP || c == LONG_BASE + (int)p->set->n_specs)
		return -1;
	if (c == '?' || c == ':')
		return options_refuse(p, c, word);
	return take_option(p, c >= LONG_BASE ? (size_t)(c - LONG_BASE) : spec_of_letter(p->set, c));
}

/* Before the options are understood: what is wrong with them is to be said in JSON, too. */
static bool asks_for_json(const struct option_set *set, int argc, char **argv)
{
	bool known = false;

	for (size_t i = 0; i < set->n_specs; i++)
		known |= strcmp(set->specs[i].name, "json") == 0;
	for (int i = 1; known && i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

bool options_parse(const struct option_set *set, int argc, char **argv, void *args,
		   struct option_words *words, int *ret_status)
{
	struct parser p = { .set = set, .args = args, .words = words };
	const char *last = NULL;
	int status = 0;

	build_tables(&p);
	if (asks_for_json(set, argc, argv))
		errors_expect_json(set->verb);
	opterr = 0;
	optind = 0; /* GNU: start afresh */
	while (status == 0) {
		/* Nothing is reordered ("-" in the letters): this is the word that comes next. */
		const char *word = argv[optind ? optind : 1];
		int c = getopt_long(argc, argv, p.letters, p.longs, NULL);

		if (c == -1)
			break;
		last = optarg;
		status = options_take(&p, c, word);
	}
	if (status == 0)
		status = take_rest(&p, argc, argv, last);
	if (status == 0)
		status = need_words(&p);
	if (status < 0) {
		print_help(set);
		*ret_status = STATUS_OK;
		return false;
	}
	*ret_status = status;
	return status == 0;
}
