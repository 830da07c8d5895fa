/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a restore has to know of a mount: a file in the image directory, by the mount's id. Those of
 * a dump that fails are taken back, as rebind-plugin(7) asks. For the plugins beside this file.
 */
#ifndef REBIND_PLUGINS_RECORDS_H
#define REBIND_PLUGINS_RECORDS_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criu-plugin.h>

struct records {
	const char *plugin; /* a record is called PLUGIN-ID and @suffix */
	const char *suffix;
	int *ids;
	size_t n;
};

static inline const char *records_name(const struct records *records, int id, char buf[64])
{
	snprintf(buf, 64, "%s-%d%s", records->plugin, id, records->suffix);
	return buf;
}

/* To read one. Return: a descriptor, or -1 with errno. */
static inline int records_open(const struct records *records, int id)
{
	char name[64];

	return openat(criu_get_image_dir(), records_name(records, id, name),
		      O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* To write one. Return: a descriptor, or -1 with errno. */
static inline int records_create(struct records *records, int id)
{
	int *grown = realloc(records->ids, (records->n + 1) * sizeof(*grown));
	char name[64];

	if (!grown)
		return -1;
	records->ids = grown;
	records->ids[records->n++] = id;
	return openat(criu_get_image_dir(), records_name(records, id, name),
		      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* At the plugin's exit. */
static inline void records_end(struct records *records, int stage, int ret)
{
	char name[64];

	for (size_t i = 0; i < records->n && stage == CR_PLUGIN_STAGE__DUMP && ret; i++)
		unlinkat(criu_get_image_dir(), records_name(records, records->ids[i], name), 0);
	free(records->ids);
	records->ids = NULL;
	records->n = 0;
}

#endif
