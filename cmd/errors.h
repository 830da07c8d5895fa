/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was refused before there was a report: the sentences on stderr, and with --json a document
 * that has them. Kept for the process, as there is one command line.
 */
#ifndef REBIND_CMD_ERRORS_H
#define REBIND_CMD_ERRORS_H

#include "base/text.h"

/**
 * refusal_say - a line on stderr, "rebind: " before it
 */
void refusal_say(const char *format, ...) printf_like(1, 2);

/**
 * refusal_add - a sentence that is on stderr already
 */
void refusal_add(const char *text);

/**
 * refusal_expect_json - from now on a document is to be printed, if it is not otherwise
 */
void refusal_expect_json(const char *verb);

/* One was. */
void refusal_answered(void);

/**
 * refusal_print - the document, if one is still expected and something was refused
 */
void refusal_print(void);

#endif
