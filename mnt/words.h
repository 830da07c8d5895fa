/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of --external and its kin, taken apart. */
#ifndef REBIND_MNT_WORDS_H
#define REBIND_MNT_WORDS_H

#include "base/table.h"
#include "model/findings.h"

enum word_what {
	WORD_PATH,	/* dump: mnt[PATH]:KEY */
	WORD_ID,	/* dump: mnt[#ID]:KEY */
	WORD_KEY,	/* restore: mnt[KEY]:SOURCE */
	WORD_AUTO,	/* mnt[] */
};

/* One --external option. */
struct word_external {
	const char *inside; /* PATH or KEY: not terminated, in the option itself */
	const char *value;  /* KEY or SOURCE: likewise, to its end */
	uint32_t size;	    /* of inside */
	uint32_t id;
	enum word_what what;
};

struct word_list {
	struct word_external *list;
	size_t n;
	struct table by_key; /* hash of the key -> index */
	bool automatic;	     /* mnt[] was given */
	bool auto_masters, auto_sharing; /* its flags m and s */
};

void words_free(struct word_list *options);
#define cleanup_words cleanup(words_free)

/* Which side of the colon the key stands on. */
enum word_verb { WORD_DUMP, WORD_RESTORE };

/**
 * words_parse - take the --external words apart
 * @findings: words that are none, keys given twice
 *
 * In mnt[PATH]:KEY the last "]:" counts, in mnt[KEY]:SOURCE the first: a path may contain one.
 *
 * Return: 0 or -ENOMEM.
 */
int words_parse(enum word_verb verb, const char *const *words, size_t n,
		  struct word_list *ret, struct findings *findings);

/**
 * words_by_key - Return: the option that names this key, or NULL.
 */
struct word_external *words_by_key(const struct word_list *options, const char *key);

#endif
