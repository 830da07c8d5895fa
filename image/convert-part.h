/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the readers of a record's parts share. */
#ifndef REBIND_IMAGE_CONVERT_PART_H
#define REBIND_IMAGE_CONVERT_PART_H

#include "image/convert.h"

/* A sentence about a mount, with the file's name before it. */
#define bad_mount(to, m, code, help, ...) \
	findings_mount((to)->findings, code, m, help, "%s: mount %u '%s' " __VA_ARGS__)
#define WHO(to, m) (to)->file, (m)->id, (m)->mountpoint

/* The text has no NUL inside. */
void convert_check_text(struct convert *to, const struct mount *m, const char *what,
			const ProtobufCBinaryData *text);

/* Into the tree's arena. Return: 0 or -ENOMEM. */
int convert_copy_text(struct convert *to, const ProtobufCBinaryData *text, const char **ret);

/* A field that is not known is a finding. */
void convert_check_unknown(struct convert *to, const struct mount *m, const ProtobufCMessage *part);

/* What the contents amount to, and their sockets. Return: 0 or -ENOMEM. */
int convert_contents(struct convert *to, const Rebind__RebindMount *extra, struct mount *m);

/* What is registered in a binfmt_misc. Return: 0 or -ENOMEM. */
int convert_formats(struct convert *to, const Rebind__RebindMount *extra, struct mount *m);

#endif
