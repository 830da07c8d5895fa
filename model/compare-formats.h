/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REBIND_MODEL_COMPARE_FORMATS_H
#define REBIND_MODEL_COMPARE_FORMATS_H

#include "model/compare.h"

/**
 * compare_formats - what is registered in two instances of binfmt_misc
 * @path: where they are mounted
 * @left, @right: NULL: nothing; what could not be read is equal to anything
 *
 * Also in which order they are asked. Return: 0 or -ENOMEM.
 */
int compare_formats(const char *path, const struct mount_formats *left,
		    const struct mount_formats *right, struct differences *differences);

#endif
