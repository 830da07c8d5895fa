/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REBIND_CMD_COMMIT_H
#define REBIND_CMD_COMMIT_H

/**
 * commit_begin - block the signals that end a program, until it exits
 *
 * Called before the last step, after which an image or a namespace is there: the exit status then
 * says so. A caller that cancels either finds nothing, or has success.
 */
void commit_begin(void);

#endif
