/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An external mount, and where another that comes along with it is in its source. */
#ifndef REBIND_MODEL_VOLUME_H
#define REBIND_MODEL_VOLUME_H

#include "model/mount.h"

/**
 * volume_path_below - where below its volume's source a mount that comes along with it is
 * Return: a part of one of the mounts' strings; NULL: nowhere.
 */
const char *volume_path_below(const struct mount *volume, const struct mount *m);

/**
 * volume_has_mounted - was it mounted on its volume's source, rather than a bind of a part
 */
bool volume_has_mounted(const struct mount *volume, const struct mount *m);

#endif
