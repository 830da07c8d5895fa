/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CRIU's older words for --external. */
#ifndef REBIND_CMD_COMPAT_OPTIONS_H
#define REBIND_CMD_COMPAT_OPTIONS_H

#include "base/text.h"

struct compat_options_words {
	struct strings ext_mount_map; /* "K:V", or "auto" */
	bool sharing, masters;
};

#define OLDER_SPECS(type)                                                                          \
	{ '\0',	       "ext-mount-map",                                                            \
	  OPTION_LIST, offsetof(type, older.ext_mount_map),                                        \
	  "K:V|auto",  "older word for --external mnt[K]:V and mnt[]" },                           \
		{ '\0',	       "enable-external-sharing",                                          \
		  OPTION_FLAG, offsetof(type, older.sharing),                                      \
		  NULL,	       "older word for --external mnt[]:s" },                              \
	{                                                                                          \
		'\0', "enable-external-masters", OPTION_FLAG, offsetof(type, older.masters), NULL, \
			"older word for --external mnt[]:m"                                        \
	}

/**
 * compat_options_translate - append to @external what the older words mean
 * @verb: "dump", where mnt[] may carry ":sm", or "restore", where it is consent and nothing else
 *
 * Return: 0, STATUS_USAGE or STATUS_FAILED, printed.
 */
int compat_options_translate(const struct compat_options_words *older, const char *verb,
			     struct strings *external);

#endif
