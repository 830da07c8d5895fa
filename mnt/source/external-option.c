// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/source/external-option.h"

#include <stdio.h>
#include <string.h>

#include "model/mount.h"

void external_options_free(struct external_options *options)
{
	free(options->list);
	names_free(&options->keys);
	names_free(&options->device_keys);
	*options = (struct external_options){ 0 };
}

static const char *key_of(enum external_option_verb verb, const struct external_option *option,
			  size_t *ret_size)
{
	*ret_size = verb == EXTERNAL_OPTION_RESTORE ? option->size : strlen(option->value);
	return verb == EXTERNAL_OPTION_RESTORE ? option->inside : option->value;
}

static const struct names *names_of(const struct external_options *options, bool device)
{
	return device ? &options->device_keys : &options->keys;
}

static const struct external_option *find(const struct external_options *options, const char *key,
					  size_t size, bool device)
{
	uint32_t i = names_get(names_of(options, device), key, size);

	return i == TABLE_NONE ? NULL : &options->list[i];
}

const struct external_option *external_options_by_key(const struct external_options *options,
						      const char *key)
{
	return find(options, key, strlen(key), false);
}

const struct external_option *external_options_by_device(const struct external_options *options,
							 const char *key, size_t size)
{
	return find(options, key, size, true);
}

/* Where "]:" that ends the brackets is, or NULL. */
static const char *closing(const char *word, enum external_option_verb verb)
{
	const char *first = strstr(word, "]:"), *last = first;

	if (verb == EXTERNAL_OPTION_RESTORE || !first)
		return first;
	for (const char *p = first; (p = strstr(p + 1, "]:"));)
		last = p;
	return last;
}

static int parse_auto(struct external_options *options, const char *flags)
{
	options->automatic = true;
	for (; *flags; flags++) {
		if (*flags == 'm')
			options->auto_masters = true;
		else if (*flags == 's')
			options->auto_sharing = true;
		else
			return -EINVAL;
	}
	return 0;
}

/* The digits end at the closing bracket. */
static int parse_id(const char *text, uint32_t *ret)
{
	char *end;

	errno = 0;
	unsigned long id = strtoul(text, &end, 10);

	if (errno || *end != ']' || end == text || *text == '-' || id > UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)id;
	return 0;
}

/* MAJ/MIN */
static int parse_device(const struct external_option *option, uint32_t *ret)
{
	unsigned int major, minor;
	int end = 0;

	if (sscanf(option->inside, "%u/%u%n", &major, &minor, &end) != 2 ||
	    (uint32_t)end != option->size || major > 0xfff || minor > 0xfffff)
		return -EINVAL;
	*ret = MOUNT_DEV(major, minor);
	return 0;
}

/*
 * Return: 1 parsed, 0 it is mnt[] or mnt[*], or a negative errno. What CRIU has behind mnt[] is
 * taken on restore as well: the record of each mount says it, so it is of no consequence.
 */
static int parse_one(enum external_option_verb verb, const char *word,
		     struct external_options *options, struct external_option *ret)
{
	bool device = strncmp(word, "dev[", 4) == 0;

	if (!device && strncmp(word, "mnt[", 4) != 0)
		return -EINVAL;
	if (verb == EXTERNAL_OPTION_DUMP && strcmp(word, "mnt[*]") == 0) {
		options->by_mountpoint = true;
		return 0;
	}
	/* Runtimes keep one list for both: the flags mean something at the dump. */
	if (strcmp(word, "mnt[]") == 0 || strncmp(word, "mnt[]:", 6) == 0)
		return parse_auto(options, word[5] ? word + 6 : "");
	const char *end = closing(word, verb), *inside = word + 4;

	if (!end || end == inside || !end[2])
		return -EINVAL;
	*ret = (struct external_option){
		.what = device				  ? EXTERNAL_OPTION_DEVICE
			: verb == EXTERNAL_OPTION_RESTORE ? EXTERNAL_OPTION_KEY
							  : EXTERNAL_OPTION_PATH,
		.inside = inside,
		.size = (uint32_t)(end - inside),
		.value = end + 2,
	};
	if (device && verb == EXTERNAL_OPTION_DUMP)
		return parse_device(ret, &ret->id) ? -EINVAL : 1;
	if (ret->what == EXTERNAL_OPTION_PATH && ret->inside[0] == '#') {
		ret->what = EXTERNAL_OPTION_ID;
		if (parse_id(ret->inside + 1, &ret->id))
			return -EINVAL;
	}
	return 1;
}

static int external_option_add(struct external_options *options, struct external_option *option,
			       const char *word, struct findings *findings)
{
	size_t size;
	const char *key = key_of(options->verb, option, &size);
	struct names *names =
		option->what == EXTERNAL_OPTION_DEVICE ? &options->device_keys : &options->keys;

	if (options->verb == EXTERNAL_OPTION_DUMP && strncmp(key, "CRIU:", 5) == 0) {
		findings_add(findings, FINDING_USAGE, 0, NULL, NULL,
			     "--external '%s': keys that start with 'CRIU:' are reserved", word);
		return 0;
	}
	uint32_t before = names_get(names, key, size);
	bool twice = before != TABLE_NONE;

	/* The same word again: what several findings advise is pasted as often. */
	if (twice && strcmp(options->list[before].inside, option->inside) == 0)
		return 0;
	if (twice && options->lenient && options->verb == EXTERNAL_OPTION_DUMP) {
		options->list[options->n++] = *option;
		return 0;
	}
	if (twice) {
		findings_add(findings, FINDING_KEY_TWICE, 0, NULL,
			     "give each external mount a key of its own",
			     "--external '%s': the key '%.*s' is given twice", word, (int)size,
			     key);
		return 0;
	}
	int err = names_put(names, key, size, (uint32_t)options->n);

	options->list[options->n++] = *option;
	return err;
}

int external_options_parse(enum external_option_verb verb, const char *const *words, size_t n,
			   struct external_options *ret, struct findings *findings)
{
	const char *form =
		verb == EXTERNAL_OPTION_DUMP
			? "mnt[PATH]:KEY, mnt[#ID]:KEY, mnt[], mnt[*] or dev[MAJ/MIN]:KEY"
			: "mnt[KEY]:SOURCE, mnt[] or dev[KEY]:DEVICE";

	ret->verb = verb;
	ret->list = calloc(n ? n : 1, sizeof(*ret->list));
	if (!ret->list || names_reserve(&ret->keys, (uint32_t)n))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct external_option option = { 0 };
		int got = parse_one(verb, words[i], ret, &option);

		if (got == -EINVAL) {
			findings_add(findings, FINDING_USAGE, 0, NULL, NULL,
				     "--external '%s' is not of the form %s", words[i], form);
			continue;
		}
		if (got > 0)
			got = external_option_add(ret, &option, words[i], findings);
		if (got < 0)
			return got;
	}
	return 0;
}
