/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The namespaces of a set, as the builder has them. Each is a copy of the one in which the staging
 * root stands, made before anything of the new trees is there; so none has a copy of a mount of
 * another. Mounts are made detached, in the first, and attached in their own: the builder goes from
 * one to the other, for the kernel wants who attaches a mount, or changes its propagation, to be in
 * its namespace. Joining a peer group it allows across namespaces.
 */
#ifndef REBIND_MNT_MEMBERS_H
#define REBIND_MNT_MEMBERS_H

#include "mnt/build/context.h"

/**
 * members_make - create the namespaces beside the first; their staging root is "/"
 * @above: the id that each must be above, to be pinned; or 0
 *
 * Does nothing where the tree is no set. Return: 0 or a negative errno, logged.
 */
int members_make(struct build *b, uint64_t above);

/**
 * members_enter_for - be where a step of the plan can be carried out
 * Return: 0 or a negative errno, logged.
 */
int members_enter_for(struct build *b, const struct plan_step *step);

/**
 * members_enter - be in one of a set
 * @i: index of b->members
 *
 * Return: 0 or a negative errno, logged.
 */
int members_enter(struct build *b, uint32_t i);

/**
 * members_staging - the staging root that the root of a namespace is attached to
 */
int members_staging(const struct build *b, uint32_t mount);

/**
 * members_pivoted - note the root of a namespace that was pivoted to it
 * @root: its mount
 *
 * Return: 0 or a negative errno, logged.
 */
int members_pivoted(struct build *b, uint32_t root);

/**
 * members_tell - send the caller the descriptors of those beside the first
 * Return: 0 or a negative errno.
 */
int members_tell(const struct build *b);

#endif
