/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The filesystems that rebind creates, and what an image may ask of them. */
#ifndef REBIND_MODEL_FILESYSTEM_H
#define REBIND_MODEL_FILESYSTEM_H

#include "base/util.h"

enum {
	/* One superblock for the kernel or for a namespace: a second mount(2) shows the same one.
	 */
	FILESYSTEM_SINGLE = 1,
	/* Each mount is a new instance, but what it shows is the namespace's, not the superblock's.
	 */
	FILESYSTEM_OF_NAMESPACE = 2,
	/* Its options are the running kernel's, shared with the host: never set, never compared. */
	FILESYSTEM_HOST_OPTIONS = 4,
	/* Its files go into the image. */
	FILESYSTEM_CONTENTS = 8,
	/* It is made of directories in the tree: created last, looked up inside the new root. */
	FILESYSTEM_LAYERS = 16,
	/* Only with --enable-fs. */
	FILESYSTEM_ON_REQUEST = 32,
	/* With FILESYSTEM_CONTENTS: what its regular files hold cannot be written again. */
	FILESYSTEM_NO_DATA = 64,
	/* Its files cannot be kept: there must be none but those that every instance has. */
	FILESYSTEM_NO_FILES = 128,
	/* Only the host's user namespace may mount it, also for a namespace of another one. */
	FILESYSTEM_OF_HOST = 256,
	/* What is registered in it goes into the image. */
	FILESYSTEM_FORMATS = 512,
};

/* Those that something asks for by name: mnt/fs/fs.c has what is done for each. */
enum filesystem_type {
	FILESYSTEM_TYPE_OTHER, /* also what rebind does not create */
	FILESYSTEM_TYPE_TMPFS,
	FILESYSTEM_TYPE_RAMFS,
	FILESYSTEM_TYPE_HUGETLBFS,
	FILESYSTEM_TYPE_DEVPTS,
	FILESYSTEM_TYPE_DEVTMPFS,
	FILESYSTEM_TYPE_CGROUP,
	FILESYSTEM_TYPE_CGROUP2,
	FILESYSTEM_TYPE_OVERLAY,
	FILESYSTEM_TYPE_BINFMT_MISC,
	N_FILESYSTEM_TYPES,
};

struct filesystem {
	const char *name;
	unsigned int flags;
	const char
		*namespace; /* "pid", "net", "ipc", "cgroup", "user": it shows a namespace of this kind */
	const char *const *options; /* names that an image may use; NULL-terminated */
	enum filesystem_type type;
};

/**
 * filesystem_find - Return: what rebind knows of a type, or NULL: it does not create it.
 */
const struct filesystem *filesystem_find(const char *name);

/**
 * filesystem_type_of - the type of a name
 */
enum filesystem_type filesystem_type_of(const char *name);

/* One superblock option, unescaped. */
struct filesystem_option {
	char *name;
	char *value; /* NULL: a word without a value */
};

/**
 * filesystem_option_size - how long the first option of a list is
 * @option: escaped as in mountinfo, not beginning with a comma
 *
 * The kernel puts the value of an SELinux option into quotes if there is a comma in it
 * (context="u:object_r:t:s0:c1,c2"); no other filesystem option is quoted.
 */
size_t filesystem_option_size(const char *option);

/**
 * filesystem_is_label - is it an SELinux option: context, fscontext, defcontext, rootcontext
 *
 * A filesystem of any type may have it.
 */
bool filesystem_is_label(const char *option);

/**
 * filesystem_is_layer - is it a layer of an overlay that is named alone: no list, no escapes
 *
 * With "lowerdir+" the kernel takes "upperdir" and "workdir" as they are, too.
 */
bool filesystem_is_layer(const char *option);

/**
 * filesystem_next_option - take one option off a list
 * @options: the rest of a mount's options (escaped as in mountinfo); moved on
 * @ret: malloc()ed strings, unescaped and unquoted; free them with filesystem_free_option()
 *
 * Return: 1, 0 at the end, or -ENOMEM.
 */
int filesystem_next_option(const char **options, struct filesystem_option *ret);
void filesystem_free_option(struct filesystem_option *option);
#define cleanup_option cleanup(filesystem_free_option)

/**
 * filesystem_drop_option - take an option out of a list, wherever it stands in it
 *
 * Return: was it there?
 */
bool filesystem_drop_option(char *options, const char *name);

/**
 * filesystem_allows - may an image set this option
 */
bool filesystem_allows(const struct filesystem *fs, const char *option);

/**
 * filesystem_same_options - are two lists the same but for words that filesystem_ignores()
 */
bool filesystem_same_options(const char *left, const char *right);

/**
 * filesystem_ignores - a word without meaning here: shown but never set ("seclabel"), set but never
 *                      shown ("newinstance", of devpts, since 4.7), or the host's ("release_agent"
 *                      and others of cgroup version 1, which are of a hierarchy and not of a mount)
 */
bool filesystem_ignores(const char *option);

/**
 * filesystem_own_file - does every new instance of such a filesystem have this name in its root
 */
bool filesystem_own_file(const struct filesystem *fs, const char *name);

/**
 * filesystem_shows_terminal - is a mount the bind of a terminal of a devpts
 * @root: its root in the filesystem, "/0"
 *
 * Such a file exists only while a process has its master open: a restore of mounts alone cannot
 * create it.
 */
bool filesystem_shows_terminal(const char *fstype, const char *root);

/**
 * filesystem_is_among - is a filesystem one of those that were named (--enable-fs)
 */
bool filesystem_is_among(const char *name, const char *const *names, size_t n);

#endif
