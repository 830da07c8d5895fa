/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of --external and its kin, taken apart. */
#ifndef REBIND_MNT_SOURCE_EXTERNAL_OPTION_H
#define REBIND_MNT_SOURCE_EXTERNAL_OPTION_H

#include "base/names.h"
#include "model/findings.h"

enum external_option_kind {
	EXTERNAL_OPTION_PATH,	/* dump: mnt[PATH]:KEY */
	EXTERNAL_OPTION_ID,	/* dump: mnt[#ID]:KEY */
	EXTERNAL_OPTION_DEVICE, /* dump: dev[MAJ/MIN]:KEY; restore: dev[KEY]:DEVICE */
	EXTERNAL_OPTION_KEY,	/* restore: mnt[KEY]:SOURCE */
	EXTERNAL_OPTION_AUTO,	/* mnt[] */
};

/* Which side of the colon the key stands on. */
enum external_option_verb { EXTERNAL_OPTION_DUMP, EXTERNAL_OPTION_RESTORE };

/* One --external option. */
struct external_option {
	const char *inside; /* PATH, MAJ/MIN or KEY: not terminated, in the option itself */
	const char *value;  /* KEY, SOURCE or DEVICE: likewise, to its end */
	uint32_t size;	    /* of inside */
	uint32_t id;	    /* of the mount, or the device's number as in struct mount */
	enum external_option_kind what;
};

struct external_options {
	struct external_option *list;
	size_t n;
	enum external_option_verb verb;
	struct names keys, device_keys;	 /* index */
	bool automatic;			 /* mnt[] was given */
	bool by_mountpoint;		 /* mnt[*] was, which only a dump knows */
	bool auto_masters, auto_sharing; /* its flags m and s */
	bool lenient;			 /* set before parsing: see struct rebind_dump_options */
};

void external_options_free(struct external_options *options);
#define cleanup_external_options cleanup(external_options_free)

/**
 * external_options_parse - take the --external words apart
 * @findings: words that are none, keys given twice
 *
 * In mnt[PATH]:KEY the last "]:" counts, in mnt[KEY]:SOURCE the first: a path may contain one.
 *
 * Return: 0 or -ENOMEM.
 */
int external_options_parse(enum external_option_verb verb, const char *const *words, size_t n,
			   struct external_options *ret, struct findings *findings);

/**
 * external_options_by_device - Return: the option that names the device of this key (restore), or
 * NULL.
 */
const struct external_option *external_options_by_device(const struct external_options *options,
							 const char *key, size_t size);

/**
 * external_options_by_key - Return: the option that names this key, or NULL.
 */
const struct external_option *external_options_by_key(const struct external_options *options,
						      const char *key);

#endif
