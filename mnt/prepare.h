/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every mount that is not a plugin's, as a detached descriptor with its attributes. */
#ifndef REBIND_MNT_PREPARE_H
#define REBIND_MNT_PREPARE_H

#include "mnt/build/context.h"

/**
 * prepare_create - PLAN_CREATE: a new superblock, kept in b->sb_root_fds
 * @first: first mount of the superblock
 * Return: 0 or a negative errno, logged.
 */
int prepare_create(struct build *b, uint32_t i, uint32_t first);

/**
 * prepare_yard - PLAN_YARD: attach a superblock's root where it can be cloned
 * @first: first mount of the superblock
 */
int prepare_yard(struct build *b, uint32_t first);

/**
 * prepare_source - PLAN_SOURCE: a clone of the caller's source
 */
int prepare_source(struct build *b, uint32_t i);

/**
 * prepare_clone - PLAN_CLONE: a clone of the superblock's root mount, or of a part of it
 * @from: first mount of the superblock, or the root
 */
int prepare_clone(struct build *b, uint32_t i, uint32_t from);

/**
 * prepare_take - PLAN_TAKE: the superblock's root itself
 */
int prepare_take(struct build *b, uint32_t i, uint32_t first);

/**
 * prepare_lend - PLAN_LEND: the superblock's root itself, which stays in b->sb_root_fds
 */
int prepare_lend(struct build *b, uint32_t i, uint32_t first);

/**
 * prepare_readonly - make the mounts read-only that plan_turns_readonly() left writable
 */
int prepare_readonly(struct build *b, uint32_t i);

/**
 * prepare_root_early - make the mount of the new root before those of plugins
 *
 * statmount(2) of another namespace first searches for its root, by ascending unique id. If 10,000
 * premounts are older than the root, each of 10,000 calls passes them all, and the comparison is
 * quadratic.
 *
 * Return: 0 or a negative errno, logged.
 */
int prepare_root_early(struct build *b);

#endif
