// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/tree-choice.h"

#include "cmd/cmd.h"

bool tree_choice_check(const struct tree_choice *choice, const char *verb, int *ret_status)
{
	if (!choice->ns_id || !choice->all_mntns)
		return true;
	*ret_status = usage_error(verb, "--ns-id is one namespace, --all-mntns are all: give one "
					"of them");
	return false;
}

int tree_choice_open(const struct tree_choice *choice, const char *what,
		     struct rebind_report *findings, struct rebind_tree **ret)
{
	if (choice->ns_id)
		return rebind_tree_open(what, (uint32_t)choice->ns_id, choice->reader, findings,
					ret);
	return rebind_tree_open_set(what, choice->all_mntns ? REBIND_SET_ALL : REBIND_SET_DUMPED,
				    choice->reader, findings, ret);
}
