/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loop devices, by the file that is behind them. The kernel tells its device and inode: its path is
 * another one in each mount namespace.
 */
#ifndef REBIND_PLUGIN_TEST_LOOPS_H
#define REBIND_PLUGIN_TEST_LOOPS_H

#include <sys/types.h>

/**
 * kit_loops - how many loop devices have this file behind them
 * @path: a regular file; or a directory: the file that its filesystem is in
 *
 * Return: how many; 0 for a filesystem that is in no file; a negative errno if they cannot be looked
 * at.
 */
int kit_loops(const char *path);

/**
 * kit_loop_twin - another loop device that shows the same bytes of the same file
 * @device: of a filesystem
 * @ret: the number of the other one
 *
 * Two that are both read-only do no harm. Return: 1 if there is one, 0 if there is none or @device
 * is no loop device, or a negative errno.
 */
int kit_loop_twin(dev_t device, unsigned int *ret);

#endif
