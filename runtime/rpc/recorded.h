/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an image says of the namespaces that a restored process needs beside that of the mounts. */
#ifndef REBIND_RUNTIME_RPC_RECORDED_H
#define REBIND_RUNTIME_RPC_RECORDED_H

#include "base/util.h"
#include "image/image.h"

/**
 * recorded_of - CLONE_NEW* of those that are to be made
 *
 * If the image does not say which, that is all but a user namespace: the container is isolated
 * rather too much than too little.
 */
uint32_t recorded_of(const struct image_info *info);

/**
 * recorded_namespaces - the same of an image directory; 0 for what is none
 */
uint32_t recorded_namespaces(const char *images_dir);

#endif
