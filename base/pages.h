/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that will be used as a whole. */
#ifndef REBIND_BASE_PAGES_H
#define REBIND_BASE_PAGES_H

#include <stddef.h>

/**
 * pages_use - have the kernel find the pages of a large new array at once
 * @array: of malloc() or realloc(), or NULL; all of it will be written
 *
 * A page that is found when it is first written to takes a page fault, which costs more than what
 * the array is for; under some hypervisors as much as ten system calls. Content stays as it is.
 */
void pages_use(void *array, size_t size);

#endif
