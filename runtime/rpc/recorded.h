/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an image says of the namespaces that a restored process needs beside that of the mounts. */
#ifndef REBIND_RUNTIME_RPC_RECORDED_H
#define REBIND_RUNTIME_RPC_RECORDED_H

#include "base/util.h"
#include "image/image.h"

/**
 * recorded_of - CLONE_NEW* of those that are to be made
 *
 * Whose namespaces nobody noted gets all of its own, but a user namespace: rather too few doors
 * than too many.
 */
uint32_t recorded_of(const struct image_info *info);

/**
 * recorded_namespaces - the same of an image directory; 0 for what is none
 */
uint32_t recorded_namespaces(const char *images_dir);

#endif
