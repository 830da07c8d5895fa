/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Formats of executables that are registered with binfmt_misc. */
#ifndef REBIND_MODEL_FORMAT_H
#define REBIND_MODEL_FORMAT_H

#include "base/arena.h"
#include "model/mount.h"

#define FORMAT_LINE_MAX	 1920 /* bytes; the kernel takes no longer one */
#define FORMAT_LINE_ROOM (FORMAT_LINE_MAX + 1)
#define FORMATS_MAX	 4096

/**
 * format_parse - what the file of a format says
 * @strings: gets the texts
 *
 * Return: 0, -EBADMSG if it says anything else than it should, or -ENOMEM.
 */
int format_parse(struct arena *strings, const char *name, const char *text,
		 struct mount_format *ret);

/**
 * format_fault - why a format cannot be registered again
 * Return: the end of a sentence that begins with "it", or NULL: it can.
 */
const char *format_fault(const struct mount_format *format);

/**
 * format_line - what is written to `register` for a format without a fault
 * Return: its size; 0 if it would be too long or has no character left to separate its fields.
 */
size_t format_line(const struct mount_format *format, char line[FORMAT_LINE_ROOM]);

/**
 * format_text - all that there is to say of it, for people
 * Return: malloc()ed, or NULL (no memory).
 */
char *format_text(const struct mount_format *format);

/**
 * formats_any - is there anything to register, or to disable
 * @formats: may be NULL
 */
bool formats_any(const struct mount_formats *formats);

#endif
