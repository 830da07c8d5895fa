/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The namespaces that a restored process needs beside the mount namespace, as an image has them. */
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
 * recorded_namespaces - the same for a directory; 0 if it is no image
 */
uint32_t recorded_namespaces(const char *images_dir);

#endif
