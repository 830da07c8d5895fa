// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/inherit.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/errors.h"

void inherit_free(struct inherit *inherit)
{
	free(inherit->list);
	strings_free(&inherit->keys);
	*inherit = (struct inherit){ 0 };
}

static int no_memory(void)
{
	errors_say("%s", strerror(ENOMEM));
	return STATUS_FAILED;
}

static int not_understood(const char *word)
{
	return usage_error("restore",
			   "option --inherit-fd takes fd[N]:mnt[KEY] or debug[N]:TEXT, "
			   "not '%s'",
			   word);
}

/* "NAME[N]:" at the start of @word. Return: what follows it, or NULL. */
static const char *parse_fd(const char *word, const char *name, int *ret_fd)
{
	size_t n = strlen(name);
	int64_t number;

	if (strncmp(word, name, n) != 0 || word[n] != '[')
		return NULL;
	word += n + 1;
	n = strcspn(word, "]");
	if (strncmp(word + n, "]:", 2) != 0 || options_number(word, n, 0, INT_MAX, &number) < 0)
		return NULL;
	*ret_fd = (int)number;
	return word + n + 2;
}

static int check_open(int fd)
{
	if (fcntl(fd, F_GETFD) >= 0)
		return 0;
	return usage_error("restore", "descriptor %d of --inherit-fd is not open", fd);
}

/* A key is what stands between "mnt[" and the last "]", which ends the word. */
static int parse_one(const char *word, struct inherit *inherit)
{
	struct rebind_inherit_fd *entry = &inherit->list[inherit->n];
	const char *what = parse_fd(word, "fd", &entry->fd);
	size_t n = what ? strlen(what) : 0;

	if (n < sizeof("mnt[]") || strncmp(what, "mnt[", 4) != 0 || what[n - 1] != ']')
		return not_understood(word);
	int status = check_open(entry->fd);

	if (status)
		return status;
	if (strings_add(&inherit->keys, what + 4, n - 5) < 0)
		return no_memory();
	entry->size = sizeof(*entry);
	entry->key = inherit->keys.list[inherit->keys.n - 1];
	inherit->n++;
	return 0;
}

static bool is_debug(const char *word)
{
	return strncmp(word, "debug[", 6) == 0;
}

static int write_debug(const char *word)
{
	int fd, err;
	const char *text = parse_fd(word, "debug", &fd);

	if (!text)
		return not_understood(word);
	int status = check_open(fd);

	if (status)
		return status;
	err = fd_write_all(fd, text, strlen(text));
	if (!err)
		return 0;
	errors_say("cannot write to descriptor %d of --inherit-fd: %s", fd, strerror(-err));
	return STATUS_FAILED;
}

int inherit_parse(const struct strings *words, struct inherit *ret)
{
	int status = 0;

	if (words->n == 0)
		return 0;
	ret->list = calloc(words->n, sizeof(*ret->list));
	if (!ret->list)
		return no_memory();
	for (size_t i = 0; i < words->n && !status; i++)
		if (!is_debug(words->list[i]))
			status = parse_one(words->list[i], ret);
	for (size_t i = 0; i < words->n && !status; i++)
		if (is_debug(words->list[i]))
			status = write_debug(words->list[i]);
	return status;
}
