/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REBIND_API_NAMESPACE_H
#define REBIND_API_NAMESPACE_H

#include "mnt/restore.h"

/**
 * namespace_new - the public handle of what a restore built
 * @rebind: must live as long as the handle; or NULL
 * @result: taken over, also on failure
 * Return: 0 or -ENOMEM.
 */
int namespace_new(const struct rebind *rebind, struct restore_result *result,
		  struct rebind_namespace **ret);

#endif
