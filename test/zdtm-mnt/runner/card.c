// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a case says of itself, and the substitutions in its options. */
#include "runner.h"

static struct list *card_list(struct card *card, const char *name, size_t length)
{
	const struct {
		const char *name;
		struct list *list;
	} lists[] = {
		{ "dump", &card->dump },       { "restore", &card->restore },
		{ "env", &card->env },	       { "inherit", &card->inherit },
		{ "says", &card->says },       { "differs", &card->differs },
		{ "creates", &card->creates },
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (strlen(lists[i].name) == length && !memcmp(lists[i].name, name, length))
			return lists[i].list;
	return NULL;
}

static bool card_field(struct card *card, const char *name, size_t length, const char *value)
{
	struct list *list = card_list(card, name, length);

	if (list)
		list_add(list, value);
	else if (!strncmp(name, "about", length))
		card->about = value;
	else if (!strncmp(name, "refused", length))
		card->refused = value;
	else if (!strncmp(name, "flavours", length))
		card->flavours = value;
	else if (!strncmp(name, "reader", length))
		card->reader = value;
	else if (!strncmp(name, "outside", length))
		card->outside = true;
	else if (!strncmp(name, "status", length))
		card->status = atoi(value);
	else
		return false;
	return true;
}

static void card_record(struct card *card, const char *record)
{
	size_t length = strcspn(record, "=");

	if (!record[length] || !card_field(card, record, length, record + length + 1))
		give_up("the case describes itself with '%s', which means nothing", record);
}

void card_read(struct card *card, const char *described, size_t length)
{
	*card = (struct card){ .about = "?", .refused = "never", .flavours = "all", .status = 1 };
	for (const char *at = described; at < described + length; at += strlen(at) + 1)
		card_record(card, at);
}

/* PATH or PATH#N: the Nth mount below the top of the stack there. */
static char *mount_id(const char *where, const struct mounts *mounts)
{
	const char *hash = strrchr(where, '#');
	char *point = hash ? strndup(where, (size_t)(hash - where)) : strdup(where);
	const struct mount *found;

	found = mounts ? mounts_top_at(mounts, point, hash ? atoi(hash + 1) : 0) : NULL;
	if (found)
		return format("%d", found->id);
	give_up("no mount at '%s' for @ID:%s@", point, where);
}

static char *word_value(const char *word, const struct words *words)
{
	if (!strcmp(word, "SRC"))
		return format("%s/%s/src", words->scratch, words->side);
	if (!strcmp(word, "SIDE"))
		return format("%s/%s", words->scratch, words->side);
	if (!strcmp(word, "OLD"))
		return format("%s/old", words->scratch);
	if (!strcmp(word, "NEW") || !strcmp(word, "SRC2"))
		return format("%s/new%s", words->scratch, *word == 'S' ? "/src" : "");
	if (!strcmp(word, "SCRATCH"))
		return strdup(words->scratch);
	if (!strcmp(word, "BUILD"))
		return strdup(words->build);
	if (!strncmp(word, "ID:", 3))
		return mount_id(word + 3, words->mounts);
	return NULL;
}

char *card_expand(const char *option, const struct words *words)
{
	struct text text = { 0 };
	const char *at = option;

	text_add(&text, "%s", "");
	while (*at) {
		const char *end = *at == '@' ? strchr(at + 1, '@') : NULL;
		char *word = end ? strndup(at + 1, (size_t)(end - at - 1)) : NULL;
		char *value = word ? word_value(word, words) : NULL;

		if (value) {
			text_add(&text, "%s", value);
			at = end + 1;
		} else {
			text_append(&text, at++, 1);
		}
		free(word);
		free(value);
	}
	return text.bytes;
}
