/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `rebind plugin test`: the contract of rebind-plugin(7), clause by clause, on one plugin.
 *
 * The files of this folder are the clauses of a subject each. They run in the tester, a process
 * that is the first of a pid namespace and has a mount namespace of its own: what a plugin leaves
 * there ends with it.
 */
#ifndef REBIND_PLUGIN_TEST_KIT_H
#define REBIND_PLUGIN_TEST_KIT_H

#include <sys/types.h>

#include "hooks/hooks.h"
#include "include/rebind.h"
#include "plugin-test/plugin-test.h"
#include "plugin-test/snapshot.h"

/* All files are in a tmpfs mounted here: every /proc has this directory, and none needs it. */
#define KIT_BASE "/proc/driver"

/* What the process that plays the builder finds out; shared with the tester. */
struct kit_found {
	uint32_t restrictions; /* MOUNT_ATTR_* that the plugin's mount had by itself */
};

struct kit {
	const struct plugin_test_options *options;
	const char *file, *mountpoint, *source;
	bool is_file; /* the source is */
	int sock;     /* to the process that asked */
	int out;      /* what is written to stdout and stderr goes here */
	/* The plugin, by its own words. */
	uint32_t hooks;
	/* The namespace that is dumped lives in this process. */
	pid_t target;
	struct kit_found *found;
	struct kit_table mounts; /* of the tester, before any plugin ran */
	/* Since kit_listen(): the first line of each, or empty. */
	char error[512], warning[512], left[128];
};

/**
 * kit_say - report a clause
 * @format: what was seen
 *
 * Return: @ok.
 */
bool kit_say(struct kit *kit, bool ok, const char *clause, const char *format, ...)
	printf_like(4, 5);

/**
 * kit_last - report a clause that does not hold, and without which the rest cannot be tried
 *
 * Return: false.
 */
bool kit_last(struct kit *kit, const char *clause, const char *format, ...) printf_like(3, 4);

/**
 * kit_listen - forget the lines of the log so far
 */
void kit_listen(struct kit *kit);

/**
 * kit_why - the first error since kit_listen(), or the text of an errno
 */
const char *kit_why(const struct kit *kit, int err);

static inline bool kit_has(const struct kit *kit, int hook)
{
	return kit->hooks >> hook & 1;
}

/* What an answer of a hook is called. */
const char *kit_answer(int err, char buf[64]);

/**
 * kit_check_host - after something ended: mounts of the tester, processes
 * @after: what it was: "exit(RESTORE, 0)"
 */
bool kit_check_host(struct kit *kit, const char *after);

/* Each says its clauses. Return: false if what follows makes no sense. */
bool kit_test_loading(struct kit *kit);
bool kit_test_hooks_of_dump(struct kit *kit);
bool kit_test_dump(struct kit *kit, const char *image);
bool kit_test_hooks_of_restore(struct kit *kit, const char *image);
bool kit_test_restore(struct kit *kit, const char *image);
bool kit_test_failure(struct kit *kit, const char *image);
bool kit_test_two(struct kit *kit);

/**
 * kit_test_dump_others - the hooks of sockets, files and links, those that there are
 * @host: the plugin in its process
 */
void kit_test_dump_others(struct kit *kit, struct hooks_host *host);
void kit_test_restore_others(struct kit *kit, struct hooks_host *host);

/**
 * kit_run_dump - dump the target, as the library does it
 * Return: as rebind_dump().
 */
int kit_run_dump(struct kit *kit, const char *image, char *why, size_t size);

/* ---- the world that it happens in (fixture.c) ---- */

/**
 * kit_world - namespaces, directories, the source; what the tester does first
 *
 * Return: 0 or a negative errno, logged.
 */
int kit_world(struct kit *kit);

/**
 * kit_target_start - a process with the namespace that will be dumped
 * @times: how often the source is mounted at the mountpoint
 *
 * Return: 0 or a negative errno, logged.
 */
int kit_target_start(struct kit *kit, int times);

/**
 * kit_image - an empty directory for an image
 * @name: a name for it; @ret: its path
 *
 * Return: 0 or a negative errno, logged.
 */
int kit_image(const char *name, char ret[64]);

#endif
