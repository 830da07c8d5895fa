// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/fd.h"
#include "base/ns.h"
#include "mnt/fs/fs.h"
#include "test/unit/help.h"

static const struct rebind_restore_options options_none;

static void a_hierarchy_that_the_host_lacks_is_a_finding(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", MOUNT_ROOT },
		{ 2, 1, "/a", MOUNT_INTERNAL, .fstype = "cgroup", .options = "name=no-such-one" },
		/* Another mount of it: said once. */
		{ 3, 1, "/b", MOUNT_INTERNAL, .dev = 2, .fstype = "cgroup",
		  .options = "name=no-such-one" },
		{ 4, 1, "/c", MOUNT_EXTERNAL, .fstype = "cgroup", .options = "name=of-a-volume" },
		{ 5, 1, "/d", MOUNT_INTERNAL, .fstype = "cgroup2" },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_findings struct findings findings = { 0 };

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	assert_ok(fs_cgroup_check(&tree, &options_none, &findings));
	assert_int_equal(findings.n, 1);
	assert_int_equal(findings.list[0].mount_id, 2);
	assert_non_null(strstr(findings.list[0].text, "name=no-such-one"));
}

/* The first line of version 1, as the options of a mount: "3:cpu,name=x:/path" is "cpu,name=x". */
static bool first_hierarchy(char *buf, size_t size)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	bool found = false;

	while (file && !found && fgets(buf, (int)size, file))
		found = strncmp(buf, "0:", 2) != 0;
	if (file)
		fclose(file);
	if (!found)
		return false;
	char *start = strchr(buf, ':') + 1, *end = strstr(start, ":/");

	*end = '\0';
	memmove(buf, start, (size_t)(end - start) + 1);
	return true;
}

static void a_hierarchy_of_the_host_is_known_by_controllers_and_name(void **state)
{
	cleanup_findings struct findings findings = { 0 };
	cleanup_tree struct mount_tree tree;
	char buf[512], options[1024];

	if (!first_hierarchy(buf, sizeof(buf))) {
		print_message("this host has no cgroup version 1\n");
		skip();
	}
	/* The others are the hierarchy's own, and not what it is known by. */
	snprintf(options, sizeof(options), "%s,clone_children,release_agent=/bin/x", buf);
	const struct row rows[] = {
		{ 1, 0, "/", MOUNT_ROOT },
		{ 2, 1, "/a", MOUNT_INTERNAL, .fstype = "cgroup", .options = options },
	};

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	assert_ok(fs_cgroup_check(&tree, &options_none, &findings));
	assert_int_equal(findings.n, 0);
}

/* In each namespace of a set they are looked for in its own cgroup namespace. */
static void a_cgroup_that_is_not_there_is_found_in_each_namespace(void **state)
{
	char options[512];

	if (!first_hierarchy(options, sizeof(options))) {
		print_message("this host has no cgroup version 1\n");
		skip();
	}
	const struct row rows[] = {
		{ 1, 0, "/", MOUNT_ROOT },
		{ 2, 1, "/a", MOUNT_INTERNAL, .dev = 7, .fstype = "cgroup", .options = options,
		  .root = "/rebind-has-no-such-one" },
		{ 3, 1, "/b", MOUNT_INTERNAL, .dev = 7, .fstype = "cgroup", .options = options,
		  .root = "/rebind-has-no-such-one" },
	};
	struct scan_target targets[2] = { SCAN_TARGET_NONE, SCAN_TARGET_NONE };
	cleanup_findings struct findings findings = { 0 };
	cleanup_tree struct mount_tree tree;
	cleanup_fd int own = ns_open(0, "cgroup");

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	for (uint32_t i = 0; i < 2; i++)
		targets[i].ns = tree.mounts[i + 1].ns = i + 1;
	tree.mounts[0].ns = 1;
	targets[0].next = &targets[1];
	targets[1].cgroup_fd = own;
	assert_ok(fs_cgroup_check_dump(targets, &tree, &findings));
	assert_int_equal(findings.n, 2);
	assert_int_not_equal(findings.list[0].mount_id, findings.list[1].mount_id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hierarchy_that_the_host_lacks_is_a_finding),
		cmocka_unit_test(a_hierarchy_of_the_host_is_known_by_controllers_and_name),
		cmocka_unit_test(a_cgroup_that_is_not_there_is_found_in_each_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
