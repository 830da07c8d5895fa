// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/check/privileges.h"

#include <string.h>
#include <unistd.h>

#include "mnt/contents/contents.h"

void privileges_check(unsigned int work, struct findings *findings)
{
	const struct caps_need *list;
	size_t n = caps_needs(&list);

	for (size_t i = 0; i < n; i++) {
		if (!caps_lacks(&list[i], work))
			continue;
		findings_add(findings, FINDING_CAPABILITY, 0, NULL,
			     i ? "'rebind check' lists what is needed" : "run as root",
			     "%s is missing, which is needed to %s", list[i].name, list[i].reason);
		if (i == 0)
			return;
	}
}

int privileges_check_proc(struct findings *findings)
{
	char link[16] = "";
	ssize_t n = readlink("/proc/self", link, sizeof(link) - 1);

	if (n > 0 && atoi(link) == (int)getpid())
		return 0;
	return findings_add(
		findings, FINDING_NO_PROC, 0, NULL, "mount -t proc proc /proc",
		n > 0 ? "/proc is that of another pid namespace than this process is in"
		      : "no proc filesystem of this process' pid namespace is at /proc");
}

static bool makes_user_namespace(const char *new_ns)
{
	for (const char *p = new_ns; p && *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == 4 && strncmp(p, "user", 4) == 0)
			return true;
	return false;
}

static bool has_idmaps(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (tree->mounts[i].idmap)
			return true;
	return false;
}

/* What is in the archives was noted when they were written. */
static unsigned int contents_take(const struct mount_tree *tree)
{
	unsigned int work = 0;

	for (uint32_t i = 0; i < tree->n; i++) {
		uint32_t takes = tree->mounts[i].contents ? tree->mounts[i].contents->takes : 0;

		work |= takes & MOUNT_TAKES_MKNOD ? CAPS_DEVICES : 0;
		work |= takes & MOUNT_TAKES_SETFCAP ? CAPS_FILE_CAPS : 0;
		work |= takes & MOUNT_TAKES_FLAGS ? CAPS_FLAGS : 0;
	}
	return work;
}

void privileges_check_restore(const char *new_ns, const struct mount_tree *tree,
			      struct findings *findings)
{
	unsigned int work = CAPS_BUILD;

	if (contents_any(tree, NULL))
		work |= CAPS_UNPACK | contents_take(tree);
	if (makes_user_namespace(new_ns) || has_idmaps(tree))
		work |= CAPS_USER;
	privileges_check(work, findings);
}
