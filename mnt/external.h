/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The owner of each mount of a live namespace: what can create it at a restore. */
#ifndef REBIND_MNT_EXTERNAL_H
#define REBIND_MNT_EXTERNAL_H

#include "hooks/hooks.h"
#include "mnt/source/external-option.h"
#include "mnt/scan/scan.h"
#include "model/visible.h"

/* What the decision is made from. */
struct external_input {
	const struct scan_target *target;
	struct mount_tree *tree;	  /* owners are set here */
	const struct visible *visible;	  /* of the tree */
	const struct mount_tree *callers; /* the caller's own namespace */
	const struct visible *callers_visible;
	struct external_options *options;
	const char *const *skip_mnt;
	size_t n_skip_mnt;
	const char *const *copy;
	size_t n_copy;
	const char *const *enable_fs;
	size_t n_enable_fs;
	bool has_processes; /* CRIU dumps them, and what they have open */
	struct findings *findings;
};

/**
 * external_decide - the first three rules that give a mount an owner
 *
 * 1. The caller declares it external. 2. It is a bind of an external mount, or a submount of one.
 * 3. It is internal. Other mounts stay MOUNT_UNDECIDED: validate_mounts() flags them.
 *
 * Return: 0 or a negative errno; options that fit no mount are findings.
 */
int external_decide(struct external_input *input);

/**
 * external_ask_plugins - rule 4: DUMP_EXT_MOUNT for each mount that needs a plugin
 * @host: NULL: there are no plugins
 *
 * Return: 0 or a negative errno, logged.
 */
int external_ask_plugins(struct mount_tree *tree, struct hooks_host *host);

/**
 * external_mark_shared - mark the mounts with peers in the caller's namespace
 *
 * For these, a new peer group would not be the same: an rshared volume. Return: 0 or -ENOMEM.
 */
int external_mark_shared(struct external_input *input);

/* What the caller could consent to. */
enum {
	EXTERNAL_COPIED = 1,  /* --copy of a mount of the superblock */
	EXTERNAL_ENABLED = 2, /* --enable-fs of its filesystem */
};

/**
 * external_would_be_internal - would rebind make this mount again, given such consent
 * @consent: EXTERNAL_COPIED, EXTERNAL_ENABLED
 */
bool external_would_be_internal(const struct external_input *in, const struct mount *m,
				unsigned int consent);

/* Which form of --external mnt[] claims a mount. */
enum {
	EXTERNAL_AUTO = 1,	   /* mnt[] */
	EXTERNAL_AUTO_SHARING = 2, /* with s: it is in a peer group of the caller's */
	EXTERNAL_AUTO_MASTERS = 4, /* with m: its master is */
};

/**
 * external_look_ahead - which form of mnt[] would make external_detect() claim each unclaimed mount
 * @ret_words: by mount: EXTERNAL_AUTO_*, 0: none would
 *
 * Return: 0 or -ENOMEM.
 */
int external_look_ahead(const struct external_input *in, uint8_t *ret_words);

/**
 * external_detect - rule 5, --external mnt[]: mounts that the caller's namespace shows, too;
 * mnt[*]: all others
 *
 * For mnt[] the record's source becomes the path in the caller's namespace, for mnt[*] its key is
 * its mountpoint. Return: 0 or -ENOMEM.
 */
int external_detect(struct external_input *input);

#endif
