/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Detects what plugins did to the staging root beside the mount that they were asked for. */
#ifndef REBIND_MNT_STAGING_H
#define REBIND_MNT_STAGING_H

#include "mnt/build/context.h"

/**
 * staging_watch - record the state before the first plugin is asked for a mount
 */
void staging_watch(struct build *b);

/**
 * staging_look - did a hook do more than make its mount
 * @plugin: name of the plugin that answered
 * @fd: the premount of @m
 *
 * Anything that has appeared in the staging root since the last call is an error that names it,
 * except this mount, its mountpoint, and changes below the old root. The cost depends only on what
 * is new.
 *
 * Return: 0 or a negative errno, logged: -EPROTO.
 */
int staging_look(struct build *b, const struct mount *m, const char *plugin, int fd);

/**
 * staging_look_again - the same for everything, when all premounts are made
 *
 * Finds what a thread or a process of a plugin did after its answer, and, without listmount(2),
 * what staging_look() could not see. Return: as staging_look().
 */
int staging_look_again(struct build *b);

#endif
