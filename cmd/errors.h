/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was refused before there was a report: the sentences on stderr, and with --json a document
 * that has them. Kept for the process, as there is one command line.
 */
#ifndef REBIND_CMD_ERRORS_H
#define REBIND_CMD_ERRORS_H

#include "base/text.h"

/**
 * errors_say - a line on stderr, "rebind: " before it
 */
void errors_say(const char *format, ...) printf_like(1, 2);

/**
 * errors_add - a sentence that is on stderr already
 */
void errors_add(const char *text);

/**
 * errors_expect_json - from now on a document is to be printed, if it is not otherwise
 */
void errors_expect_json(const char *verb);

/* One was. */
void errors_answered(void);

/**
 * errors_print - the document, if one is still expected and something was refused
 */
void errors_print(void);

#endif
