// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/served.h"

#include <string.h>

#include "model/filesystem.h"

static const char *const fuse_sets[] = { "user_id",	"group_id", "default_permissions",
					 "allow_other", "max_read", NULL };
static const char *const fuse_ignores[] = { "fd", "rootmode", "blksize", NULL };
static const char *const autofs_sets[] = { "minproto", "maxproto", "indirect", "direct", "offset",
					   "uid",      "gid",	   "ignore",   NULL };
/* The time out and strictexpire are set by the daemon, by ioctl. */
static const char *const autofs_ignores[] = { "fd",	 "pgrp",	 "pipe_ino",
					      "timeout", "strictexpire", NULL };

enum served served_kind(const char *fstype)
{
	if (strcmp(fstype, "fuse") == 0 || strncmp(fstype, "fuse.", 5) == 0)
		return SERVED_FUSE;
	return strcmp(fstype, "autofs") == 0 ? SERVED_AUTOFS : SERVED_NOT;
}

static uint32_t number_of(const char *options, const char *name)
{
	struct filesystem_option option;
	uint32_t number = 0;

	while (filesystem_next_option(&options, &option) > 0) {
		if (option.value && strcmp(option.name, name) == 0)
			number = (uint32_t)strtoul(option.value, NULL, 10);
		filesystem_free_option(&option);
	}
	return number;
}

uint32_t served_id(const struct mount *m)
{
	switch (served_kind(m->fstype)) {
	case SERVED_FUSE:
		return MOUNT_DEV_MINOR(m->dev);
	case SERVED_AUTOFS:
		return number_of(m->options, "pipe_ino");
	default:
		return 0;
	}
}

static bool is_in(const char *const *list, const char *word)
{
	for (; *list; list++)
		if (strcmp(*list, word) == 0)
			return true;
	return false;
}

bool served_sets(enum served kind, const char *option)
{
	return is_in(kind == SERVED_FUSE ? fuse_sets : autofs_sets, option);
}

bool served_ignores(enum served kind, const char *option)
{
	return is_in(kind == SERVED_FUSE ? fuse_ignores : autofs_ignores, option) ||
	       filesystem_ignores(option);
}
