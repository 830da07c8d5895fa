// SPDX-License-Identifier: LGPL-2.1-or-later
#include "api/size.h"

#include <string.h>

int size_take(const void *given, size_t first, void *own, size_t size)
{
	size_t its = *(const size_t *)given;

	if (its < first)
		return -EINVAL;
	for (size_t i = size; i < its; i++)
		if (((const char *)given)[i])
			return -E2BIG;
	memset(own, 0, size);
	memcpy(own, given, its < size ? its : size);
	*(size_t *)own = size;
	return 0;
}

int size_give(void *ret, size_t first, const void *own, size_t size)
{
	size_t its = *(size_t *)ret;
	size_t n = its < size ? its : size;

	if (its < first)
		return -EINVAL;
	memset(ret, 0, its);
	memcpy(ret, own, n);
	*(size_t *)ret = n;
	return 0;
}
