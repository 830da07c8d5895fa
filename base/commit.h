/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REBIND_BASE_COMMIT_H
#define REBIND_BASE_COMMIT_H

/**
 * commit_begin - block the signals that end a program, until it exits
 *
 * Called by the command before its last step, after which an image, an archive or a namespace is
 * there: the exit status then says so. A caller that cancels either finds nothing, or has success.
 */
void commit_begin(void);

#endif
