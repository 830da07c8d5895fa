// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/source/resolve.h"

#include <string.h>

#include "mnt/source/device.h"
#include "model/flags.h"

#define KEYS_HELP "list the keys with rebind show IMAGE"

void sources_free(struct sources *sources)
{
	for (uint32_t i = 0; i < sources->n_groups; i++) {
		fd_close(&sources->groups[i].path_fd);
		fd_close(&sources->groups[i].clone_fd);
		fd_close(&sources->groups[i].host_peer_fd);
	}
	free(sources->groups);
	free(sources->of);
	arena_free(&sources->strings);
	table_free(&sources->by_mount);
	path_cache_forget(&sources->cache);
	*sources = SOURCES_NONE;
}

static bool has_key(const struct finder *f, const char *key, size_t size)
{
	return names_get(&f->by_key, key, size) != TABLE_NONE;
}

static bool has_device(const struct finder *f, const struct external_option *word)
{
	return names_get(&f->device_keys, word->inside, word->size) != TABLE_NONE;
}

static void check_unused(struct finder *f)
{
	const struct rebind_restore_options *o = f->in->options;

	for (size_t i = 0; i < f->in->externals->n; i++) {
		const struct external_option *word = &f->in->externals->list[i];

		if (word->what == EXTERNAL_OPTION_DEVICE ? !has_device(f, word)
							 : !has_key(f, word->inside, word->size))
			findings_add(
				f->in->findings, FINDING_UNKNOWN_KEY, 0, NULL, KEYS_HELP,
				"--external names the key '%.*s', which no record of the image has",
				(int)word->size, word->inside);
	}
	for (size_t i = 0; i < o->n_inherit_fd; i++)
		if (!has_key(f, o->inherit_fd[i].key, strlen(o->inherit_fd[i].key)))
			findings_add(
				f->in->findings, FINDING_UNKNOWN_KEY, 0, NULL, KEYS_HELP,
				"--inherit-fd names the key '%s', which no record of the image has",
				o->inherit_fd[i].key);
}

/* An image may give one key to several mounts: the caller's word is for all of them. Return: is
 * there one? */
static bool restrict_all(struct finder *f, const char *key, size_t n, uint32_t set, uint32_t clear)
{
	uint32_t first = names_get(&f->by_key, key, n);

	for (uint32_t i = first; i != TABLE_NONE && i != MOUNT_NONE; i = f->same_key[i]) {
		struct mount *m = &f->in->tree->mounts[i];

		m->attributes = (m->attributes & ~clear) | set;
	}
	return first != TABLE_NONE;
}

void source_flags_check(const char *word, struct findings *findings)
{
	const char *colon = strrchr(word, ':');
	uint32_t set = 0, clear = 0;

	if (!colon || colon == word || !colon[1])
		findings_add(findings, FINDING_USAGE, 0, NULL, NULL,
			     "--external-flags '%s' is not of the form KEY:FLAGS", word);
	for (const char *p = colon ? colon + 1 : ""; *p;) {
		size_t size = strcspn(p, ",");

		if (flags_attr_from_word(p, size, &set, &clear) || (set & MOUNT_ATTR_IDMAP)) {
			findings_add(
				findings, FINDING_USAGE, 0, NULL,
				"give ro, rw, nosuid, suid, nodev, dev, noexec, exec, nosymfollow, noatime, ...",
				"--external-flags '%s': '%.*s' is not a flag", word, (int)size, p);
			return;
		}
		p += size + (p[size] == ',');
	}
}

/* KEY:FLAGS, both ways: words that restrict, and words by which the caller takes a restriction
 * away. */
static void apply_flags(struct finder *f, const char *word)
{
	const char *colon = strrchr(word, ':');
	uint32_t set = 0, clear = 0;
	size_t n = colon ? (size_t)(colon - word) : 0;

	for (const char *p = colon ? colon + 1 : ""; *p;) {
		size_t size = strcspn(p, ",");

		if (flags_attr_from_word(p, size, &set, &clear))
			return; /* source_flags_check() says so */
		p += size + (p[size] == ',');
	}
	if (colon && colon > word && colon[1] && !restrict_all(f, word, n, set, clear))
		findings_add(f->in->findings, FINDING_UNKNOWN_KEY, 0, NULL, KEYS_HELP,
			     "--external-flags '%s' names a key that no record of the image has",
			     word);
}

static uint32_t count_keys(const struct mount_tree *tree)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < tree->n; i++)
		n += finder_key(&tree->mounts[i]) != NULL;
	return n;
}

static void index_keys(struct finder *f)
{
	struct mount_tree *tree = f->in->tree;

	if (!f->err)
		f->err = names_reserve(&f->by_key, count_keys(tree));

	for (uint32_t i = 0; i < tree->n && !f->err; i++) {
		const struct mount *m = &tree->mounts[i];
		size_t size = 0;
		const char *device = finder_is_device(m) ? device_key(m, &size) : NULL;

		if (device)
			f->err = names_put(&f->device_keys, device, size, i);
		if (!finder_key(m))
			continue;
		/*
		 * CRIU gives one key to all mounts of a stack; they have one source then. What
		 * comes along is looked for below the first.
		 */
		const char *key = finder_key(m);
		uint32_t first = names_get(&f->by_key, key, strlen(key));

		f->same_key[i] = MOUNT_NONE;
		if (first == TABLE_NONE) {
			f->err = names_put(&f->by_key, key, strlen(key), i);
			continue;
		}
		f->same_key[i] = f->same_key[first];
		f->same_key[first] = i;
	}
}

static void find_all(struct finder *f)
{
	const struct mount_tree *callers = f->in->callers;

	for (uint32_t i = 0; i < callers->n && !f->err; i++)
		if (callers->mounts[i].unique_id)
			f->err = table_put(&f->by_unique, callers->mounts[i].unique_id, i, NULL);
	index_keys(f);
	for (uint32_t i = 0; i < f->in->tree->n && !f->err; i++) {
		f->out->of[i].group = MOUNT_NONE;
		finder_find_one(f, i);
	}
	if (!f->in->options->lenient)
		check_unused(f);
	for (size_t i = 0; i < f->in->options->n_external_flags; i++)
		apply_flags(f, f->in->options->external_flags[i]);
}

int source_find_all(struct source_input *input, struct sources *ret)
{
	struct finder f = { .in = input, .out = ret };

	ret->cache = PATH_CACHE_NONE;
	ret->of = calloc(input->tree->n, sizeof(*ret->of));
	f.same_key = calloc(input->tree->n, sizeof(*f.same_key));
	if (!ret->of || !f.same_key) {
		free(f.same_key);
		return -ENOMEM;
	}
	find_all(&f);
	finder_forget_near(&f);
	free(f.same_key);
	table_free(&f.by_unique);
	names_free(&f.by_key);
	names_free(&f.by_device);
	names_free(&f.device_keys);
	return f.err;
}
