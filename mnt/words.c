// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/words.h"

#include <string.h>

void words_free(struct word_list *options)
{
	free(options->list);
	table_free(&options->by_key);
	*options = (struct word_list){ 0 };
}

static const char *key_of(const struct word_external *option, size_t *ret_size)
{
	*ret_size = option->what == WORD_KEY ? option->size : strlen(option->value);
	return option->what == WORD_KEY ? option->inside : option->value;
}

struct word_external *words_by_key(const struct word_list *options, const char *key)
{
	size_t n, size = strlen(key);
	uint32_t i = table_get(&options->by_key, table_hash_bytes(key, size));
	const char *found = i == TABLE_NONE ? NULL : key_of(&options->list[i], &n);

	/* Equal hashes of two keys are refused by add(), so one look is enough. */
	return found && n == size && memcmp(found, key, n) == 0 ? &options->list[i] : NULL;
}

/* Where "]:" that ends the brackets is, or NULL. */
static const char *closing(const char *word, enum word_verb verb)
{
	const char *first = strstr(word, "]:"), *last = first;

	if (verb == WORD_RESTORE || !first)
		return first;
	for (const char *p = first; (p = strstr(p + 1, "]:"));)
		last = p;
	return last;
}

static int parse_auto(struct word_list *options, const char *flags)
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

/* Return: 1 parsed, 0 it is mnt[], or a negative errno. */
static int parse_one(enum word_verb verb, const char *word, struct word_list *options,
		     struct word_external *ret)
{
	if (strncmp(word, "mnt[", 4) != 0)
		return -EINVAL;
	if (strcmp(word, "mnt[]") == 0 || (verb == WORD_DUMP && strncmp(word, "mnt[]:", 6) == 0))
		return parse_auto(options, word[5] ? word + 6 : "");
	const char *end = closing(word, verb), *inside = word + 4;

	if (!end || end == inside || !end[2])
		return -EINVAL;
	*ret = (struct word_external){
		.what = verb == WORD_RESTORE ? WORD_KEY : WORD_PATH,
		.inside = inside,
		.size = (uint32_t)(end - inside),
		.value = end + 2,
	};
	if (ret->what == WORD_PATH && ret->inside[0] == '#') {
		ret->what = WORD_ID;
		if (parse_id(ret->inside + 1, &ret->id))
			return -EINVAL;
	}
	return 1;
}

static int add(struct word_list *options, struct word_external *option, const char *word,
	       struct findings *findings)
{
	size_t size;
	const char *key = key_of(option, &size);
	uint64_t hash = table_hash_bytes(key, size);

	if (table_get(&options->by_key, hash) != TABLE_NONE) {
		findings_add(findings, "key-twice", 0, NULL, "give each external mount a key of its own",
			     "--external '%s': the key '%.*s' is given twice", word, (int)size, key);
		return 0;
	}
	int err = table_put(&options->by_key, hash, (uint32_t)options->n, NULL);

	options->list[options->n++] = *option;
	return err;
}

int words_parse(enum word_verb verb, const char *const *words, size_t n,
		  struct word_list *ret, struct findings *findings)
{
	const char *form = verb == WORD_DUMP ? "mnt[PATH]:KEY, mnt[#ID]:KEY or mnt[]" :
						 "mnt[KEY]:SOURCE or mnt[]";

	ret->list = calloc(n ? n : 1, sizeof(*ret->list));
	if (!ret->list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct word_external option = { 0 };
		int got = parse_one(verb, words[i], ret, &option);

		if (got == -EINVAL) {
			findings_add(findings, "option", 0, NULL, NULL, "--external '%s' is not of the form %s",
				     words[i], form);
			continue;
		}
		if (got > 0)
			got = add(ret, &option, words[i], findings);
		if (got < 0)
			return got;
	}
	return 0;
}
