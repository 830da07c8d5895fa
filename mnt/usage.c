// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/usage.h"

#include <string.h>

#include "archive/archive.h"
#include "mnt/fs/fs.h"
#include "mnt/ns/request.h"
#include "mnt/scan/scan.h"
#include "mnt/source/source.h"
#include "model/filesystem.h"
#include "model/label.h"

static void check_filesystems(const char *const *names, size_t n, struct findings *findings)
{
	for (size_t i = 0; i < n; i++)
		if (!filesystem_find(names[i]))
			findings_add(findings, FINDING_USAGE, 0, NULL,
				     "give bpf, debugfs, tracefs, securityfs, pstore, efivarfs, "
				     "configfs or fusectl",
				     "--enable-fs '%s' is no filesystem that rebind creates",
				     names[i]);
}

static void check_reader(const char *name, struct findings *findings)
{
	enum scan_reader reader;

	if (scan_reader_named(name, &reader))
		findings_add(findings, FINDING_USAGE, 0, NULL, "give statmount or mountinfo",
			     "no such reader of the mount table: '%s'", name);
}

void usage_check_dump(const struct rebind_dump_options *o, const char *reader,
		      struct findings *findings)
{
	unsigned int compress;

	check_reader(reader, findings);
	if (o->compress && archive_compress(o->compress, &compress))
		findings_add(findings, FINDING_USAGE, 0, NULL,
			     "give gzip, gzip:LEVEL (0 to 9) or none",
			     "--compress '%s' is no compression", o->compress);
	/* What runtimes hand down in general is not held against them. */
	if (!o->lenient)
		check_filesystems(o->enable_fs, o->n_enable_fs, findings);
}

void usage_check_restore(const struct rebind_restore_options *o, const char *reader,
			 struct findings *findings)
{
	const char *fault = o->lsm_mount_context ? label_fault(o->lsm_mount_context) : NULL;

	check_reader(reader, findings);
	for (size_t i = 0; i < o->n_external_flags; i++)
		source_flags_check(o->external_flags[i], findings);
	ns_request_check(o, findings);
	for (size_t i = 0; i < o->n_cgroup_root; i++)
		fs_cgroup_check_root(o->cgroup_root[i], findings);
	if (fault)
		findings_add(findings, FINDING_USAGE, 0, NULL, NULL,
			     "'%s' is no context for --lsm-mount-context: %s", o->lsm_mount_context,
			     fault);
	if (!o->lenient)
		check_filesystems(o->enable_fs, o->n_enable_fs, findings);
}
