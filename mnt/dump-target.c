// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/dump-target.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/caps.h"
#include "base/log.h"
#include "base/ns.h"

static int open_process(const struct rebind_dump_options *o, struct scan_set *set)
{
	char without[CAPS_TEXT];
	int fd = scan_ns_of_pid(o->pid);
	int err = fd < 0 ? fd : scan_set_add(set, fd, o->pid, 0);

	return err < 0 ? log_error(err, "cannot open the mount namespace of process %d%s%s",
				   (int)o->pid, scan_of_zombie(o->pid, err),
				   caps_without(err, CAPS_OPEN, without))
		       : 0;
}

static int too_many(int err)
{
	return log_error(err,
			 "there are more than %u mount namespaces, which is the most that "
			 "one image holds",
			 SET_MAX);
}

static int open_tree_of(const struct rebind_dump_options *o, struct scan_set *set)
{
	char without[CAPS_TEXT];
	int err = open_process(o, set);

	if (err)
		return err;
	err = scan_set_add_tree(set, o->pid);
	if (err == -E2BIG)
		return too_many(err);
	if (err == -EOPNOTSUPP)
		return log_error(err, "/proc does not tell the children of a process here; name "
				      "the namespaces by --mntns FILE");
	return err ? log_error(err, "cannot open the mount namespaces of the processes below %d%s",
			       (int)o->pid, caps_without(err, CAPS_OPEN, without))
		   : 0;
}

static int open_file(const char *file, struct scan_set *set, struct findings *findings)
{
	cleanup_fd int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return log_error(-errno, "cannot open the namespace file '%s'", file);
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNS)
		return log_error(-EINVAL, "'%s' is not the file of a mount namespace", file);
	int added = scan_set_add(set, fd_take(&fd), 0, 0);

	if (added == -E2BIG)
		return too_many(added);
	if (added == 0)
		findings_add(findings, FINDING_USAGE, 0, file, "give each namespace once",
			     "--mntns '%s' is a namespace that was named before", file);
	return added < 0 ? log_error(added, "cannot look at the namespaces") : 0;
}

static int open_files(const struct rebind_dump_options *o, struct scan_set *set,
		      struct findings *findings)
{
	int err = open_file(o->mntns, set, findings);

	for (size_t i = 0; i < o->n_more_mntns && !err; i++)
		err = open_file(o->more_mntns[i], set, findings);
	return err;
}

/* CRIU has several namespaces in one image too, and numbers of its own for them. */
static int check_usage(const struct rebind_dump_options *o, struct findings *findings)
{
	bool several = o->all_mntns || o->n_more_mntns;

	if (!o->pid == !o->mntns)
		return findings_add(findings, FINDING_USAGE, 0, NULL, "-t PID or --mntns FILE",
				    "one namespace must be named: by a process or by a file");
	if (o->all_mntns && !o->pid)
		return findings_add(findings, FINDING_USAGE, 0, NULL, "-t PID",
				    "all namespaces of a process tree take one of its processes");
	if (several && o->processes)
		return findings_add(findings, FINDING_USAGE, 0, NULL, NULL,
				    "several mount namespaces are dumped without processes only");
	return 0;
}

int dump_target_open(const struct rebind_dump_options *o, struct scan_set *ret,
		     struct findings *findings)
{
	int err = check_usage(o, findings);

	if (err)
		return err;
	if (o->mntns)
		return open_files(o, ret, findings);
	return o->all_mntns ? open_tree_of(o, ret) : open_process(o, ret);
}

/* The member that is the caller's own, or NULL. */
static const struct scan_member *find_own(const struct scan_set *set)
{
	for (uint32_t i = 0; i < set->n; i++)
		if (ns_is_own(set->list[i].ns_fd, "mnt"))
			return &set->list[i];
	return NULL;
}

static void say_own(const struct rebind_dump_options *o, const struct scan_set *set,
		    const struct scan_member *own, struct findings *findings)
{
	if (own->pid)
		findings_add(findings, FINDING_OWN_NAMESPACE, 0, NULL,
			     "name a process of the container",
			     "process %d is in your own mount namespace: all of its mounts are "
			     "yours, too",
			     (int)own->pid);
	else
		findings_add(findings, FINDING_OWN_NAMESPACE, 0,
			     own == set->list ? o->mntns : o->more_mntns[own - set->list - 1],
			     "name the namespace of a container",
			     "'%s' is your own mount namespace: all of its mounts are yours, too",
			     own == set->list ? o->mntns : o->more_mntns[own - set->list - 1]);
}

int dump_target_check_own(const struct rebind_dump_options *o, const struct scan_set *set,
			  struct findings *findings)
{
	cleanup_findings struct findings others = *findings;
	const struct scan_member *own = findings_any(&others) ? find_own(set) : NULL;

	*findings = (struct findings){ 0 };
	if (own)
		say_own(o, set, own, findings);
	return findings_append(findings, &others);
}

int dump_target_is_unchanged(const struct rebind_dump_options *o, struct scan_set *set,
			     const struct mount_tree *tree)
{
	int same = scan_set_is_unchanged(set, tree);

	return same > 0 && o->all_mntns ? scan_set_same_tree(set, o->pid) : same;
}
