/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of --external and its kin, taken apart. */
#ifndef REBIND_MNT_SOURCE_EXTERNAL_OPTION_H
#define REBIND_MNT_SOURCE_EXTERNAL_OPTION_H

#include "base/names.h"
#include "model/findings.h"

enum word_what {
	WORD_PATH,   /* dump: mnt[PATH]:KEY */
	WORD_ID,     /* dump: mnt[#ID]:KEY */
	WORD_DEVICE, /* dump: dev[MAJ/MIN]:KEY; restore: dev[KEY]:DEVICE */
	WORD_KEY,    /* restore: mnt[KEY]:SOURCE */
	WORD_AUTO,   /* mnt[] */
};

/* Which side of the colon the key stands on. */
enum word_verb { WORD_DUMP, WORD_RESTORE };

/* One --external option. */
struct word_external {
	const char *inside; /* PATH, MAJ/MIN or KEY: not terminated, in the option itself */
	const char *value;  /* KEY, SOURCE or DEVICE: likewise, to its end */
	uint32_t size;	    /* of inside */
	uint32_t id;	    /* of the mount, or the device's number as in struct mount */
	enum word_what what;
};

struct word_list {
	struct word_external *list;
	size_t n;
	enum word_verb verb;
	struct names keys, device_keys;	 /* index */
	bool automatic;			 /* mnt[] was given */
	bool by_mountpoint;		 /* mnt[*] was, which only a dump knows */
	bool auto_masters, auto_sharing; /* its flags m and s */
	bool lenient;			 /* set before parsing: see struct rebind_dump_options */
};

void words_free(struct word_list *options);
#define cleanup_words cleanup(words_free)

/**
 * words_parse - take the --external words apart
 * @findings: words that are none, keys given twice
 *
 * In mnt[PATH]:KEY the last "]:" counts, in mnt[KEY]:SOURCE the first: a path may contain one.
 *
 * Return: 0 or -ENOMEM.
 */
int words_parse(enum word_verb verb, const char *const *words, size_t n, struct word_list *ret,
		struct findings *findings);

/**
 * words_device - Return: the option that names the device of this key (restore), or NULL.
 */
const struct word_external *words_device(const struct word_list *options, const char *key,
					 size_t size);

/**
 * words_by_key - Return: the option that names this key, or NULL.
 */
const struct word_external *words_by_key(const struct word_list *options, const char *key);

#endif
