// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/changes.h"

#include <string.h>

int changes_add(struct changes *changes, uint32_t mount_id, const char *path)
{
	if ((changes->n & (changes->n - 1)) == 0) {
		size_t room = changes->n ? changes->n * 2 : 1;
		struct change *list = realloc(changes->list, room * sizeof(*list));

		if (!list)
			return -ENOMEM;
		changes->list = list;
	}
	char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	changes->list[changes->n++] = (struct change){
		.size = sizeof(struct change),
		.mount_id = mount_id,
		.path = copy,
	};
	return 0;
}

void changes_free(struct changes *changes)
{
	for (size_t i = 0; i < changes->n; i++)
		free(changes->list[i].path);
	free(changes->list);
	*changes = (struct changes){ 0 };
}
