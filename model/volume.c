// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/volume.h"

#include <string.h>

#include "base/path.h"

const char *volume_path_below(const struct mount *volume, const struct mount *m)
{
	const char *rest = m->dev == volume->dev ? path_rest_below(m->root, volume->root) : NULL;

	return m->parent_path ? m->parent_path
	       : rest	      ? rest
			      : path_rest_below(m->mountpoint, volume->mountpoint);
}

bool volume_has_mounted(const struct mount *volume, const struct mount *m)
{
	return !m->parent_path && m->dev != volume->dev;
}
