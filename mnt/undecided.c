// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Advice that does not help sends its reader in a circle. So an option is only named if the
 * decision would be another one with that option.
 */
#include "mnt/undecided.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "mnt/singles.h"
#include "model/advice.h"
#include "model/filesystem.h"

/* "mnt[]", "mnt[]:s", ...: what would take it, with a comma before; or nothing. */
static const char *automatic_word(unsigned int words)
{
	static const char *const texts[] = {
		[EXTERNAL_AUTO] = ", --external mnt[]",
		[EXTERNAL_AUTO | EXTERNAL_AUTO_SHARING] = ", --external mnt[]:s",
		[EXTERNAL_AUTO | EXTERNAL_AUTO_MASTERS] = ", --external mnt[]:m",
		[EXTERNAL_AUTO | EXTERNAL_AUTO_SHARING | EXTERNAL_AUTO_MASTERS] =
			", --external mnt[]:sm",
	};

	return words ? texts[words] : "";
}

/* The consent with which rebind would create it: 0, or EXTERNAL_*. */
static unsigned int consent_for(const struct external_input *in, const struct mount *m)
{
	static const unsigned int choices[] = { EXTERNAL_COPIED, EXTERNAL_ENABLED,
						EXTERNAL_ENABLED | EXTERNAL_COPIED };

	for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
		if (external_would_be_internal(in, m, choices[i]))
			return choices[i];
	return 0;
}

/* --copy takes only paths, so it cannot name a mount that its path does not lead to. */
static char *advice(const struct external_input *in, const struct mount *m, unsigned int consent,
		    unsigned int automatic)
{
	cleanup_free char *declare = advice_external(in->tree, m);
	cleanup_free char *path = text_quoted("%s", mount_shown(m));
	const char *comma = automatic_word(automatic);
	bool can_copy = !(consent & EXTERNAL_COPIED) || advice_is_seen(in->tree, m);
	char *help = NULL;
	int n = -1;

	if (!declare || !path)
		return NULL;
	if (!consent || !can_copy)
		n = asprintf(&help, "%s%s or a plugin", declare, comma);
	else if (consent == EXTERNAL_COPIED)
		n = asprintf(&help, "%s%s or a plugin, or --copy %s to take a copy", declare, comma,
			     path);
	else if (consent == EXTERNAL_ENABLED)
		n = asprintf(&help, "--enable-fs %s, or %s%s or a plugin", m->fstype, declare,
			     comma);
	else
		n = asprintf(&help, "--enable-fs %s --copy %s, or %s%s or a plugin", m->fstype,
			     path, declare, comma);
	return n < 0 ? NULL : help;
}

static void say_deleted(const struct external_input *in, const struct mount *m, const char *help)
{
	findings_mount(in->findings, FINDING_DELETED, m, help,
		       "its root '%s' has been deleted: to have it again, it would have to be made "
		       "and deleted in a %s that is not rebind's",
		       m->root, m->fstype);
}

/* A filesystem that rebind creates, but not this one. */
static void say_internal(const struct external_input *in, const struct mount *m, const char *help)
{
	bool callers = table_get(&in->callers->by_dev, m->dev) != TABLE_NONE;
	bool whole = mount_is_fsroot(&in->tree->mounts[tree_first_of_superblock(in->tree, m)]);

	if (singles_gives_way(in, m))
		findings_mount(in->findings, FINDING_NOT_DUMPABLE, m, help,
			       "it is a %s of another %s namespace than the other %s here: a "
			       "restore has one namespace for both",
			       m->fstype, filesystem_find(m->fstype)->namespace, m->fstype);
	else if (callers && whole)
		findings_mount(in->findings, FINDING_NOT_DUMPABLE, m, help,
			       "the %s behind it is mounted in the caller's namespace too",
			       m->fstype);
	else if (callers)
		findings_mount(in->findings, FINDING_NOT_DUMPABLE, m, help,
			       "it shows '%s' of a %s of the caller's, and nothing in the "
			       "namespace shows all of that",
			       m->root, m->fstype);
	else
		findings_mount(
			in->findings, FINDING_NOT_DUMPABLE, m, help,
			"it shows '%s' of a %s that is nowhere mounted whole in the namespace",
			m->root, m->fstype);
}

static void say(const struct external_input *in, const struct mount *m, unsigned int consent,
		const char *help)
{
	const struct filesystem *fs = filesystem_find(m->fstype);

	if (m->deleted && (!fs || !(fs->flags & FILESYSTEM_CONTENTS)))
		say_deleted(in, m, help);
	else if (filesystem_shows_terminal(m->fstype, m->root))
		findings_mount(in->findings, FINDING_NOT_DUMPABLE, m, help,
			       "it shows the terminal '%s' of a %s, which exists only as long as a "
			       "process has it open",
			       m->root, m->fstype);
	else if (fs && (consent & EXTERNAL_ENABLED))
		findings_mount(in->findings, FINDING_NOT_ENABLED, m, help,
			       "%s is only dumped on request", fs->name);
	else if (fs)
		say_internal(in, m, help);
	else
		findings_mount(
			in->findings, FINDING_NOT_DUMPABLE, m, help,
			"an external mount: its source (%s '%s' of %s) lies outside the namespace",
			m->fstype, m->root, m->source);
}

static int undecided_do_refuse(const struct external_input *in, const struct mount *m,
			       unsigned int automatic)
{
	unsigned int consent = consent_for(in, m);
	cleanup_free char *help = advice(in, m, consent, automatic);

	if (!help)
		return -ENOMEM;
	say(in, m, consent, help);
	return 0;
}

static bool is_any(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (tree->mounts[i].owner == MOUNT_UNDECIDED)
			return true;
	return false;
}

int undecided_refuse(const struct external_input *in)
{
	cleanup_free uint8_t *automatic = NULL;
	int err = 0;

	if (!is_any(in->tree))
		return 0;
	automatic = calloc(in->tree->n, sizeof(*automatic));
	if (!automatic)
		return -ENOMEM;
	err = external_look_ahead(in, automatic);
	tree_for_each (i, in->tree)
		if (!err && in->tree->mounts[i].owner == MOUNT_UNDECIDED)
			err = undecided_do_refuse(in, &in->tree->mounts[i], automatic[i]);
	return err;
}
