/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CRIU's numbers for filesystems. */
#ifndef REBIND_IMAGE_FSTYPE_H
#define REBIND_IMAGE_FSTYPE_H

#include "base/util.h"

#define FSTYPE_UNSUPPORTED 0  /* we do not create the filesystem; its name need not be there */
#define FSTYPE_AUTO	   16 /* the name stands in the field fsname */

/* What a record of type 0 without a name is read as. */
#define FSTYPE_NO_NAME "unsupported"

/**
 * fstype_name - Return: the name that a number stands for (constant text), or NULL.
 */
const char *fstype_name(uint32_t number);

/**
 * fstype_number - Return: the number of a filesystem, or FSTYPE_AUTO if it has none of its own.
 */
uint32_t fstype_number(const char *name);

#endif
