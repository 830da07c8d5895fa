/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which namespaces of what the user names, and how they are read: options of show and of diff. Their
 * arguments have a field "tree", and "report", where the reader goes.
 */
#ifndef REBIND_CMD_TREE_CHOICE_H
#define REBIND_CMD_TREE_CHOICE_H

#include "cmd/options.h"
#include "include/rebind.h"

struct tree_choice {
	int64_t ns_id; /* or 0 */
	bool all_mntns;
};

#define TREE_CHOICE_SPECS(type)                                                                 \
	{ '\0',                                                                                 \
	  "ns-id",                                                                              \
	  OPTION_NUMBER,                                                                        \
	  offsetof(type, tree.ns_id),                                                           \
	  "ID",                                                                                 \
	  "which namespace of an image",                                                        \
	  1,                                                                                    \
	  UINT32_MAX },                                                                         \
		{ '\0',	       "all-mntns",                                                     \
		  OPTION_FLAG, offsetof(type, tree.all_mntns),                                  \
		  NULL,	       "all namespaces of an image, or of the processes below a pid" }, \
	{                                                                                       \
		'\0', "reader", OPTION_CHOICE, offsetof(type, report.reader),                   \
			"statmount|mountinfo", NULL                                             \
	}

/**
 * tree_choice_check - are the options of one another
 * @ret_status: if they are not: the exit status of the usage error, which was printed
 */
bool tree_choice_check(const struct tree_choice *choice, const char *verb, int *ret_status);

/**
 * tree_choice_open - read what the user named
 *
 * Return: 0 or a negative errno; the caller frees @ret.
 */
int tree_choice_open(const struct tree_choice *choice, struct rebind *rebind, const char *what,
		     struct rebind_report *findings, struct rebind_tree **ret);

#endif
