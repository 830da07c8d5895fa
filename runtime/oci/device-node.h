/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device nodes of the host, checked before they are used. */
#ifndef REBIND_RUNTIME_OCI_DEVICE_NODE_H
#define REBIND_RUNTIME_OCI_DEVICE_NODE_H

#include "runtime/oci/config.h"

/**
 * device_node_open - a device node of the host, of these numbers
 *
 * The check is of the descriptor, not of the name. Return: an O_PATH descriptor, -ENODEV if it is
 * another device or none, or another negative errno.
 */
int device_node_open(const struct config_device *device);

/* Those that every container has: null, zero, full, random, urandom, tty, ptmx. */
size_t device_node_n_common(void);
const struct config_device *device_node_common(size_t i);

#endif
