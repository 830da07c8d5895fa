/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files beside the mountpoints say: the inventory, and which namespace is meant. */
#ifndef REBIND_IMAGE_INVENTORY_H
#define REBIND_IMAGE_INVENTORY_H

#include "image/image.h"
#include "image/rebind.pb-c.h"
#include "image/record.h"

/**
 * inventory_select - read inventory.img
 * @info: version, by_rebind, has_processes are filled
 *
 * Return: 0; -ENOENT without a finding; another negative errno with one.
 */
int inventory_select(int dir_fd, struct image_info *info, struct findings *findings);

/**
 * inventory_listed - the mount namespaces that the inventory says it has, of an image that was
 * dumped as a set
 *
 * Return: 0, also if there are none; or a negative errno with a finding.
 */
int inventory_listed(int dir_fd, struct image_set *ret, struct findings *findings);

/**
 * inventory_has - is a mount namespace among them
 */
bool inventory_has(const struct image_set *set, uint32_t id);

/**
 * inventory_find_all - the mount namespaces that have a file, the first process's first
 * Return: 0 or a negative errno with a finding.
 */
int inventory_find_all(int dir_fd, struct image_set *ret, struct findings *findings);

/**
 * inventory_select_namespace - which mountpoints file is to be read
 * @ret_ns_id: untouched on failure
 *
 * Return: 0 or a negative errno with a finding.
 */
int inventory_select_namespace(int dir_fd, uint32_t *ret_ns_id, struct findings *findings);

/**
 * select_root_ids - the namespaces of the first process
 * @pool: reset first; they live in it
 *
 * Return: 0, the mount namespace is named; -ENOENT without a finding: there is no process tree, or
 * it is of an old image; another negative errno with one.
 */
int select_root_ids(int dir_fd, struct record_pool *pool, const Rebind__IdsEntry **ret,
		    struct findings *findings);

/**
 * inventory_count - how many mount namespaces the image has
 * Return: 0 or a negative errno.
 */
int inventory_count(int dir_fd, uint32_t *ret);

#endif
