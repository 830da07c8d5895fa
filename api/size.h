/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rule for structs that cross the border of the library, which begin with their size. It is
 * that of clone3(2): a caller that knows more fields than we do may not use them.
 */
#ifndef REBIND_API_SIZE_H
#define REBIND_API_SIZE_H

#include "base/util.h"

/* The size of the first version of a struct: up to its field @last. */
#define SIZE_FIRST(type, last) (offsetof(type, last) + sizeof(((type *)NULL)->last))

/**
 * size_take - a struct that a caller passed in, as ours
 * @given: begins with its size
 * @first: the size of its first version
 * @own: of @size bytes; what the caller does not know is zero
 *
 * Return: 0; -EINVAL: smaller than the first version; -E2BIG: a field that is not known here is set.
 */
int size_take(const void *given, size_t first, void *own, size_t size);

/**
 * size_give - fill a struct of a caller's
 * @ret: begins with the size of what the caller has, which becomes that of what is filled
 * @first: the size of its first version
 * @own: of @size bytes
 *
 * Fields that only the caller knows are zeroed. Return: 0 or -EINVAL.
 */
int size_give(void *ret, size_t first, const void *own, size_t size);

#endif
