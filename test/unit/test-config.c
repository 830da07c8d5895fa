// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/fd.h"
#include "base/log.h"
#include "runtime/oci/config.h"
#include "test/unit/help.h"

#define FILE_NAME "/tmp/rebind-test-config.json"

static int read_text(const char *text, struct config *ret)
{
	*help_log_text = '\0';
	help_write(FILE_NAME, text);
	int err = config_read(AT_FDCWD, FILE_NAME, "config.json", ret);

	unlink(FILE_NAME);
	return err;
}

static void what_concerns_mounts_is_read(void **state)
{
	cleanup_config struct config config = { 0 };

	assert_int_equal(
		read_text(
			"{ \"ociVersion\": \"1.0.2\", \"root\": { \"path\": \"rootfs\" }, \"mounts\": ["
			"{ \"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\" },"
			"{ \"destination\": \"/a\", \"type\": \"bind\", \"source\": \"/srv/a\" },"
			"{ \"destination\": \"/b\", \"source\": \"b\", \"options\": [\"ro\", \"rbind\"] },"
			"{ \"destination\": \"/c\", \"type\": \"none\", \"source\": \"c\", \"options\": [\"bind\"] }"
			",{ \"destination\": \"/cg\", \"type\": \"cgroup\" }"
			"], \"linux\": { \"cgroupsPath\": \"/x\", \"maskedPaths\": [ \"/proc/kcore\" ], \"devices\": ["
			"{ \"path\": \"/dev/fuse\", \"type\": \"c\", \"major\": 10, \"minor\": 229 },"
			"{ \"path\": \"/dev/pipe\", \"type\": \"p\" },"
			"{ \"path\": \"/dev/sdx\", \"type\": \"b\", \"major\": 8, \"minor\": 16 } ] } }",
			&config),
		0);
	assert_string_equal(config.root, "rootfs");
	assert_int_equal(config.n_binds, 3);
	assert_string_equal(config.binds[0].destination, "/a");
	assert_string_equal(config.binds[0].source, "/srv/a");
	assert_string_equal(config.binds[1].source, "b");
	assert_string_equal(config.binds[2].destination, "/c");
	assert_string_equal(config.cgroups_path, "/x");
	assert_string_equal(config.cgroup_mounted, "/cg");
	assert_int_equal(config.n_masked, 1);
	assert_string_equal(config.masked[0], "/proc/kcore");
	assert_int_equal(config.n_devices, 2);
	assert_false(config.devices[0].is_block);
	assert_int_equal(config.devices[0].minor, 229);
	assert_true(config.devices[1].is_block);
	assert_int_equal(config.devices[1].major, 8);
}

static void what_may_be_missing_may_be_missing(void **state)
{
	static const char *const texts[] = { "{}", "{ \"mounts\": null, \"linux\": null }",
					     "{ \"linux\": {}, \"root\": {}, \"mounts\": [] }" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		cleanup_config struct config config = { 0 };

		assert_int_equal(read_text(texts[i], &config), 0);
		assert_null(config.root);
		assert_int_equal(config.n_binds + config.n_devices + config.n_masked, 0);
	}
}

static void what_is_not_used_fails_nothing(void **state)
{
	static const char *const texts[] = {
		"{ \"process\": { \"rlimits\": [ { \"hard\": 18446744073709551615, \"soft\": "
		"18446744073709551615 } ] } }",
		"{ \"a\": -99999999999999999999, \"b\": 1.5e300 }",
		"{ \"a\": 1, \"a\": 2 }",
		"{ \"process\": { \"env\": [ \"A=\\u0000\" ] } }",
		"{ \"linux\": { \"namespaces\": [ { \"type\": \"time\" }, { \"type\": \"mount\" } ] } }",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		cleanup_config struct config config = { 0 };

		assert_int_equal(read_text(texts[i], &config), 0);
		assert_int_equal(config.n_namespaces, 0);
	}
}

static void a_mistake_has_its_line_and_column(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ "{\n \"root\": }\n", "'config.json', line 2, column 10: " },
		{ "", "'config.json', line 1, column 0: " },
		{ "{ \"mounts\": [ ] } x", "'config.json', line 1, column 19: " },
		{ "{ \"root\": { \"path\": \"a\\u0000b\" } }", "root.path has a NUL in it" },
		{ "{ \"a\": \"\xff\" }", "'config.json', line 1, " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config config = { 0 };

		assert_int_equal(read_text(cases[i].text, &config), -EBADMSG);
		if (!strstr(help_log_text, cases[i].said))
			fail_msg("%zu: %s", i, help_log_text);
	}
}

static void a_wrong_type_has_its_path(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ "[]", "it must be an object, and is an array" },
		{ "{ \"root\": \"/x\" }", ": root must be an object, and is a string" },
		{ "{ \"root\": { \"path\": 7 } }",
		  ": root.path must be a string, and is a number" },
		{ "{ \"mounts\": {} }", ": mounts must be an array of objects, and is an object" },
		{ "{ \"mounts\": [ {\"destination\": \"/\"}, true ] }",
		  ": mounts[1] must be an object, and is a boolean" },
		{ "{ \"mounts\": [ { \"type\": \"bind\", \"source\": \"x\" } ] }",
		  ": mounts[0].destination is missing" },
		{ "{ \"mounts\": [ { \"type\": \"bind\", \"destination\": \"x\" } ] }",
		  ": mounts[0].source is missing" },
		{ "{ \"mounts\": [ { \"type\": \"bind\", \"destination\": \"x\", \"source\": [] } ] }",
		  ": mounts[0].source must be a string, and is an array" },
		{ "{ \"mounts\": [ { \"destination\": \"x\", \"options\": \"ro\" } ] }",
		  ": mounts[0].options must be an array of strings, and is a string" },
		{ "{ \"mounts\": [ { \"destination\": \"x\", \"options\": [ 1.5 ] } ] }",
		  ": mounts[0].options must be an array of strings, and is a number" },
		{ "{ \"linux\": [] }", ": linux must be an object, and is an array" },
		{ "{ \"linux\": { \"maskedPaths\": [ null ] } }",
		  ": linux.maskedPaths[0] must be a string, and is null" },
		{ "{ \"linux\": { \"devices\": [ { \"path\": \"/dev/x\", \"type\": \"c\", \"major\": -1 } ] } }",
		  ": linux.devices[0].major is no device number" },
		{ "{ \"linux\": { \"devices\": 1 } }",
		  ": linux.devices must be an array of objects, and is a number" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config config = { 0 };

		assert_int_equal(read_text(cases[i].text, &config), -EBADMSG);
		if (!strstr(help_log_text, cases[i].said))
			fail_msg("%zu: %s", i, help_log_text);
	}
}

static void all_mistakes_are_told_at_once(void **state)
{
	struct config config = { 0 };

	assert_int_equal(read_text("{ \"root\": 1, \"mounts\": [ 2, 3 ], \"linux\": 4 }", &config),
			 -EBADMSG);
	assert_non_null(strstr(help_log_text, ": root must be"));
	assert_non_null(strstr(help_log_text, ": linux must be"));
	assert_non_null(strstr(help_log_text, ": mounts[0] must be"));
	assert_non_null(strstr(help_log_text, ": mounts[1] must be"));
}

static void what_is_no_file_is_not_read(void **state)
{
	struct config config = { 0 };

	*help_log_text = '\0';
	assert_int_equal(config_read(AT_FDCWD, "/nowhere", "config.json", &config), -ENOENT);
	assert_non_null(strstr(help_log_text, "cannot open 'config.json': No such file"));
	assert_int_equal(config_read(AT_FDCWD, "/dev/null", "config.json", &config), -EINVAL);
	assert_int_equal(config_read(AT_FDCWD, "/tmp", "config.json", &config), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_concerns_mounts_is_read),
		cmocka_unit_test(what_may_be_missing_may_be_missing),
		cmocka_unit_test(what_is_not_used_fails_nothing),
		cmocka_unit_test(a_mistake_has_its_line_and_column),
		cmocka_unit_test(a_wrong_type_has_its_path),
		cmocka_unit_test(all_mistakes_are_told_at_once),
		cmocka_unit_test(what_is_no_file_is_not_read),
	};

	if (help_unshare())
		return 1;
	help_keep_log();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
