/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does a plugin keep its contract: what `rebind plugin test` asks. Of the command, not the library.
 */
#ifndef REBIND_PLUGIN_TEST_PLUGIN_TEST_H
#define REBIND_PLUGIN_TEST_PLUGIN_TEST_H

#include <stdbool.h>
#include <stddef.h>

/* One clause of the plugin contract (rebind-plugin(7)), and whether a plugin keeps it. */
struct plugin_test_clause {
	bool ok;
	const char *clause; /* "is_file tells what the mountpoint is" */
	const char *seen;   /* "the hook left is_file 0, but the mountpoint is a file" */
};

struct plugin_test_options {
	const char *plugin;	/* the shared object */
	const char *mountpoint; /* where the plugin is to find a mount of its own; NULL: /data */
	const char *source;	/* what is mounted there: a directory or a file; NULL: a tmpfs */
	unsigned int plugin_timeout; /* seconds, 0: 30 */
	void (*each)(void *data, const struct plugin_test_clause *clause);
	void *data;
};

/**
 * plugin_test - does a plugin keep its contract
 *
 * Loads it, makes a throw-away namespace with @source mounted at @mountpoint, runs its hooks one
 * by one and in a whole dump and restore, also one that fails, and looks at what it leaves: all of
 * it in a mount namespace and a pid namespace that end with the test. The plugin has this process'
 * environment. Where a clause that does not hold makes others senseless they are not tried.
 *
 * Return: 0 every clause holds, 1 one does not, or a negative errno (it could not be tested).
 */
int plugin_test(const struct plugin_test_options *options);

#endif
