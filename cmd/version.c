// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * --version, and with -v what a report of a bug needs: the kernel, what `rebind check` finds, in
 * short, and the libraries that are loaded when they are needed; test/cli/version.sh compares these
 * with what the ELF file notes.
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/library.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "include/rebind.h"

struct version_table {
	const char *(*version)(void);  /* of three of them */
	int (*fill)(const char **ret); /* of libmount */
};

struct version_of {
	const char *name, *soname;
	struct library_symbol symbol;
};

#define VERSION_BY(field, function)                             \
	{                                                       \
		function, offsetof(struct version_table, field) \
	}

static const struct version_of libraries[] = {
	{ "libarchive", LIBARCHIVE_SONAME, VERSION_BY(version, "archive_version_string") },
	{ "zlib", ZLIB_SONAME, VERSION_BY(version, "zlibVersion") },
	{ "libmount", LIBMOUNT_SONAME, VERSION_BY(fill, "mnt_get_library_version") },
	{ "libjansson", JANSSON_SONAME, VERSION_BY(version, "jansson_version_str") },
};

/* Of the probes of one kind: how many there are, and the names of those that failed. */
struct tally {
	unsigned int n;
	struct strings missing;
};

struct tallies {
	struct tally features, privileges;
};

static bool is_library(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++)
		if (strcmp(libraries[i].name, name) == 0)
			return true;
	return false;
}

static void count_probe(void *data, const struct rebind_probe *probe)
{
	struct tallies *all = data;
	bool is_privilege = strncmp(probe->name, "cap_", strlen("cap_")) == 0;
	struct tally *tally = is_privilege ? &all->privileges : &all->features;

	if (is_library(probe->name))
		return;
	tally->n++;
	/* Without memory the name is lost, and the sum is not. */
	if (!probe->ok)
		strings_print(&tally->missing, "%s", probe->name);
}

static void print_tally(const char *title, struct tally *tally)
{
	printf("%-12s %zu of %u", title, tally->n - tally->missing.n, tally->n);
	for (size_t i = 0; i < tally->missing.n; i++)
		printf("%s%s", i ? "; " : ", missing: ", tally->missing.list[i]);
	printf("\n");
	strings_free(&tally->missing);
}

static void print_library(const struct version_of *of)
{
	struct version_table table = { 0 };
	struct library library = {
		.soname = of->soname, .symbols = &of->symbol, .n_symbols = 1, .table = &table
	};
	const char *version = NULL;

	if (library_load(&library) < 0) {
		printf("%-12s missing: %s\n", of->name, library.reason);
		return;
	}
	if (table.fill)
		table.fill(&version);
	else
		version = table.version();
	/* libarchive's begins with its name. */
	printf("%-12s %s (%s)\n", of->name,
	       version ? version + strcspn(version, "0123456789") : "?", of->soname);
}

static int print_details(void)
{
	struct tallies all = { 0 };
	struct utsname host;

	if (uname(&host) == 0)
		printf("%-12s %s %s %s\n", "kernel", host.sysname, host.release, host.machine);
	int err = rebind_check(count_probe, &all);

	print_tally("features", &all.features);
	print_tally("privileges", &all.privileges);
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++)
		print_library(&libraries[i]);
	return err < 0 ? STATUS_FAILED : STATUS_OK;
}

int version_print(int argc, char **argv)
{
	bool has_details = argc > 1 && strcmp(argv[1], "-v") == 0;

	if (argc > 1 + has_details)
		return usage_error(NULL, "unexpected argument '%s' after %s", argv[1 + has_details],
				   argv[0]);
	printf("rebind %s\n", rebind_version());
	return has_details ? print_details() : STATUS_OK;
}
