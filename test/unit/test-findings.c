// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/findings.h"
#include "test/unit/help.h"

static void a_finding_keeps_copies_of_what_it_was_told(void **state)
{
	cleanup_findings struct findings findings = { 0 };
	char path[] = "/a", help[] = "--b";

	assert_int_equal(
		findings_add(&findings, FINDING_NO_SOURCE, 7, path, help, "%s %d", "text", 1),
		-EINVAL);
	path[1] = help[2] = '?';
	assert_int_equal(findings.n, 1);
	assert_string_equal(findings.list[0].code, "no-source");
	assert_int_equal(findings.list[0].mount_id, 7);
	assert_string_equal(findings.list[0].path, "/a");
	assert_string_equal(findings.list[0].help, "pass --b");
	assert_string_equal(findings.list[0].text, "text 1");
}

static void a_finding_needs_no_mount_and_no_help(void **state)
{
	cleanup_findings struct findings findings = { 0 };

	findings_add(&findings, FINDING_NO_SOURCE, 0, NULL, NULL, "text");
	assert_null(findings.list[0].path);
	assert_null(findings.list[0].help);
}

static void a_thousand_findings_stay_in_order(void **state)
{
	cleanup_findings struct findings findings = { 0 };
	struct mount m = { .mountpoint = "/a" };

	for (m.id = 0; m.id < 1000; m.id++)
		findings_mount(&findings, FINDING_NO_SOURCE, &m, NULL, "number %u", m.id);
	assert_int_equal(findings.n, 1000);
	assert_false(findings.lost);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(findings.list[i].mount_id, i);
	assert_string_equal(findings.list[999].text, "number 999");
	findings_free(&findings);
	assert_int_equal(findings.n, 0);
	assert_null(findings.list);
}

static void findings_are_sorted_as_a_tree_is_shown(void **state)
{
	static const char *const paths[] = { "/b", "/a-", "/a/x", "/a", NULL, "/" };
	static const char *const sorted[] = { NULL, "/", "/a", "/a/x", "/a-", "/b" };
	cleanup_findings struct findings findings = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		findings_add(&findings, FINDING_NO_SOURCE, paths[i] ? (uint32_t)i + 1 : 0, paths[i],
			     NULL, "x");
	findings_sort(&findings);
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++) {
		if (sorted[i])
			assert_string_equal(findings.list[i].path, sorted[i]);
		else
			assert_null(findings.list[i].path);
	}
}

/* From the section of the manual: each word once, and no other. */
static void the_manual_lists_every_code(void **state)
{
	bool listed[N_FINDING_CODES] = { false }, inside = false;
	FILE *page = fopen("man/rebind.1", "re");
	char line[256];

	assert_non_null(page);
	while (fgets(line, sizeof(line), page)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, ".Sh ", 4) == 0)
			inside = strcmp(line, ".Sh FINDINGS") == 0;
		if (!inside || strncmp(line, ".It ", 4) != 0)
			continue;
		enum finding_code code = finding_code_of(line + 4);

		if (code == N_FINDING_CODES || listed[code])
			fail_msg("'%s' is no code, or listed twice", line + 4);
		listed[code] = true;
	}
	fclose(page);
	for (unsigned int i = 0; i < N_FINDING_CODES; i++)
		if (!listed[i])
			fail_msg("'%s' is not listed", finding_word(i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_finding_keeps_copies_of_what_it_was_told),
		cmocka_unit_test(a_finding_needs_no_mount_and_no_help),
		cmocka_unit_test(findings_are_sorted_as_a_tree_is_shown),
		cmocka_unit_test(the_manual_lists_every_code),
		cmocka_unit_test(a_thousand_findings_stay_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
