/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SELinux labels among the options of a mount: context, fscontext, defcontext, rootcontext. */
#ifndef REBIND_MODEL_LABEL_H
#define REBIND_MODEL_LABEL_H

#include "base/util.h"

/**
 * label_any - does a list of options, as in mountinfo, have a label
 * @name: which one; NULL: any
 */
bool label_any(const char *options, const char *name);

/**
 * label_fault - why a context cannot be an option
 *
 * Return: a constant clause, or NULL: it can be.
 */
const char *label_fault(const char *context);

/**
 * label_drop_all - a list of options without its labels
 *
 * Return: a malloc()ed string, or NULL (no memory).
 */
char *label_drop_all(const char *options);

/**
 * label_replace - a list of options with another value of its "context"
 *
 * It is spelled as the kernel would show it: in quotes if there is a comma in it. Return: a
 * malloc()ed string, or NULL (no memory).
 */
char *label_replace(const char *options, const char *context);

#endif
