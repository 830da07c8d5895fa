/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What plugins did to the staging root, beside what they were asked for. */
#ifndef REBIND_MNT_STAGING_H
#define REBIND_MNT_STAGING_H

#include "mnt/build/context.h"

/**
 * staging_watch - remember what is there, before the first plugin is asked for a mount
 */
void staging_watch(struct build *b);

/**
 * staging_look - did a hook do more than make its mount
 * @plugin: name of the plugin that answered
 * @fd: the premount of @m
 *
 * What appeared in the staging root since the last look, but for this mount and its mountpoint, and
 * for what is in the old root, is an error that names it. It costs by what is new.
 *
 * Return: 0 or a negative errno, logged: -EPROTO.
 */
int staging_look(struct build *b, const struct mount *m, const char *plugin, int fd);

/**
 * staging_look_again - the same of all that is there, when all premounts are made
 *
 * Finds what came after an answer, from a thread or a process of the plugin's, and where
 * listmount(2) is missing what staging_look() could not see. Return: as staging_look().
 */
int staging_look_again(struct build *b);

#endif
