/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of a tmpfs that changed while they were copied. */
#ifndef REBIND_MODEL_CHANGES_H
#define REBIND_MODEL_CHANGES_H

#include "base/util.h"

struct change {
	size_t size; /* of this struct, for rebind.h */
	uint32_t mount_id;
	char *path; /* of the file in its namespace; malloc()ed, belongs to the list */
};

struct changes {
	struct change *list;
	size_t n;
};

/**
 * changes_add - Return: 0 or -ENOMEM.
 */
int changes_add(struct changes *changes, uint32_t mount_id, const char *path);
void changes_free(struct changes *changes);
#define cleanup_changes cleanup(changes_free)

#endif
