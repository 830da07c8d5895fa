// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/filesystem.h"
#include "test/unit/help.h"

/* The options as "name=value;name;", a value of NULL without '='. */
static void split(const char *options, char *buf, size_t size)
{
	cleanup_option struct filesystem_option option = { 0 };

	buf[0] = '\0';
	while (filesystem_next_option(&options, &option) > 0) {
		size_t n = strlen(buf);

		snprintf(buf + n, size - n, "%s%s%s;", option.name, option.value ? "=" : "",
			 option.value ? option.value : "");
		filesystem_free_option(&option);
	}
	assert_string_equal(options, "");
}

static void options_are_split_at_commas_and_unescaped_after(void **state)
{
	static const struct {
		const char *options, *parts;
	} cases[] = {
		{ "", "" },
		{ "a", "a;" },
		{ "a=b", "a=b;" },
		{ "a=", "a=;" },
		{ "=b", "=b;" },
		{ "a=b=c", "a=b=c;" },
		{ "a=b,c,d=e", "a=b;c;d=e;" },
		{ ",,a,,b,", "a;b;" },
		{ "lowerdir=/a\\054b,upperdir=/u\\040v", "lowerdir=/a,b;upperdir=/u v;" },
		{ "n\\075m=v\\011\\012\\134", "n=m=v\t\n\\;" },
		{ "a=\\05", "a=\\05;" },		 /* cut short: stays */
		{ "a=\\400\\08x\\", "a=\\400\\08x\\;" }, /* no octal byte: stays */
		{ "a=\\377", "a=\377;" },
		{ "a=\\\\054", "a=\\,;" },
		{ "context=\"u:r:t:s0:c1,c2\",size=4k", "context=u:r:t:s0:c1,c2;size=4k;" },
		{ "a,rootcontext=\"x\\042,y\"", "a;rootcontext=x\",y;" },
		{ "context=s0:c1,c2", "context=s0:c1;c2;" },	 /* no quotes: two */
		{ "context=\"s0:c1,c2", "context=\"s0:c1;c2;" }, /* no end: two */
		{ "lowerdir=\"a,b\"", "lowerdir=\"a;b\";" },	 /* no label */
		{ "context=\"", "context=\";" },
		{ "context=\"\",a", "context=;a;" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char buf[128];

		split(cases[i].options, buf, sizeof(buf));
		assert_string_equal(buf, cases[i].parts);
	}
}

static void an_option_is_taken_out_wherever_it_stands(void **state)
{
	static const struct {
		const char *options, *name, *left;
	} cases[] = {
		{ "a,b=1,c", "b", "a,c" },
		{ "b=1,c", "b", "c" },
		{ "a,b", "b", "a" },
		{ "b", "b", "" },
		{ "bb,b=1,b", "b", "bb" },
		{ "a,context=\"x,y\",c", "context", "a,c" },
		{ "a,context=\"x,y\"", "context", "a" },
		{ "a", "b", "a" },
		{ "", "b", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s", cases[i].options);
		assert_int_equal(filesystem_drop_option(text, cases[i].name),
				 strcmp(cases[i].options, cases[i].left) != 0);
		assert_string_equal(text, cases[i].left);
	}
}

static void every_filesystem_may_have_labels(void **state)
{
	assert_true(filesystem_allows(filesystem_find("tmpfs"), "context"));
	assert_true(filesystem_allows(filesystem_find("sysfs"), "rootcontext"));
	assert_false(filesystem_allows(filesystem_find("sysfs"), "contexts"));
	assert_true(filesystem_same_options("context=\"a,b\",seclabel", "context=\"a,b\""));
	assert_false(filesystem_same_options("context=\"a,b\"", "context=\"a,c\""));
}

static void a_word_without_a_value_has_none(void **state)
{
	cleanup_option struct filesystem_option option = { 0 };
	const char *options = "word,empty=";

	assert_int_equal(filesystem_next_option(&options, &option), 1);
	assert_null(option.value);
	filesystem_free_option(&option);
	assert_int_equal(filesystem_next_option(&options, &option), 1);
	assert_string_equal(option.value, "");
	filesystem_free_option(&option);
	assert_int_equal(filesystem_next_option(&options, &option), 0);
}

static void only_what_is_on_the_list_is_created(void **state)
{
	static const char *const ours[] = { "tmpfs",  "proc",	   "sysfs",	  "devpts",
					    "mqueue", "cgroup2",   "overlay",	  "devtmpfs",
					    "ramfs",  "hugetlbfs", "binfmt_misc", "cgroup" };
	static const char *const others[] = { "ext4",  "",     "tmpf",	     "tmpfs2",
					      "TMPFS", "fuse", "fuse.sshfs", "nfs" };

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		assert_string_equal(filesystem_find(ours[i])->name, ours[i]);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_null(filesystem_find(others[i]));
}

static void filesystems_of_the_kernel_are_on_request(void **state)
{
	static const char *const names[] = { "debugfs",	 "tracefs",  "securityfs", "pstore",
					     "efivarfs", "configfs", "fusectl",	   "bpf" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_true(filesystem_find(names[i])->flags & FILESYSTEM_ON_REQUEST);
	assert_false(filesystem_find("tmpfs")->flags & FILESYSTEM_ON_REQUEST);
}

static void an_option_is_allowed_by_its_whole_name(void **state)
{
	const struct filesystem *tmpfs = filesystem_find("tmpfs");

	assert_true(filesystem_allows(tmpfs, "size"));
	assert_true(filesystem_allows(tmpfs, "mpol"));
	assert_false(filesystem_allows(tmpfs, "siz"));
	assert_false(filesystem_allows(tmpfs, "size2"));
	assert_false(filesystem_allows(tmpfs, ""));
	assert_false(filesystem_allows(tmpfs, "lowerdir"));
	assert_false(filesystem_allows(filesystem_find("sysfs"), "size"));
	/* cgroup v1's programs, overlays of what the host has: never. */
	assert_false(filesystem_allows(filesystem_find("cgroup2"), "release_agent"));
	assert_false(filesystem_allows(filesystem_find("cgroup"), "release_agent"));
	assert_true(filesystem_allows(filesystem_find("cgroup"), "memory"));
	assert_false(filesystem_allows(filesystem_find("bpf"), "delegate_cmds"));
	assert_true(filesystem_ignores("release_agent"));
	assert_true(filesystem_ignores("seclabel"));
	assert_false(filesystem_ignores("size"));
}

static void a_terminal_is_a_number_in_a_devpts(void **state)
{
	assert_true(filesystem_shows_terminal("devpts", "/0"));
	assert_true(filesystem_shows_terminal("devpts", "/1234"));
	assert_false(filesystem_shows_terminal("devpts", "/"));
	assert_false(filesystem_shows_terminal("devpts", "/ptmx"));
	assert_false(filesystem_shows_terminal("devpts", "/0x"));
	assert_false(filesystem_shows_terminal("tmpfs", "/0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_split_at_commas_and_unescaped_after),
		cmocka_unit_test(an_option_is_taken_out_wherever_it_stands),
		cmocka_unit_test(every_filesystem_may_have_labels),
		cmocka_unit_test(a_word_without_a_value_has_none),
		cmocka_unit_test(only_what_is_on_the_list_is_created),
		cmocka_unit_test(filesystems_of_the_kernel_are_on_request),
		cmocka_unit_test(an_option_is_allowed_by_its_whole_name),
		cmocka_unit_test(a_terminal_is_a_number_in_a_devpts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
