// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>

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

/* The lines of a file between two others, each cut to the word that stands after @before. */
static void each_word(const char *file, const char *from, const char *to, const char *before,
		      void (*each)(void *data, char *word), void *data)
{
	FILE *page = fopen(file, "re");
	char line[256];
	bool inside = false;

	assert_non_null(page);
	while (fgets(line, sizeof(line), page)) {
		line[strcspn(line, "\n")] = '\0';
		inside = inside ? strncmp(line, to, strlen(to)) != 0 : strcmp(line, from) == 0;
		if (inside && strncmp(line, before, strlen(before)) == 0)
			each(data, line + strlen(before));
	}
	fclose(page);
}

#define CODES_MAX 256U

static void note(bool *listed, enum finding_code code, const char *word)
{
	if (code == FINDING_NONE || (unsigned int)code >= CODES_MAX || listed[code])
		fail_msg("'%s' is no code, or listed twice", word);
	listed[code] = true;
}

static void note_word(void *data, char *word)
{
	note(data, finding_code_of(word), word);
}

/* "NO_SOURCE = 42," is "no-source". */
static void note_constant(void *data, char *constant)
{
	char *end = strchr(constant, ' ');
	unsigned int number = 0;

	assert_non_null(end);
	assert_int_equal(sscanf(end, " = %u,", &number), 1);
	*end = '\0';
	for (char *c = constant; *c; c++)
		*c = *c == '_' ? '-' : (char)tolower(*c);
	assert_int_equal(finding_code_of(constant), number);
	note(data, finding_code_of(constant), constant);
}

#define CODE_OF(code, word) code,
static const enum finding_code all_codes[] = { FINDING_CODES(CODE_OF) };

static void check_all_listed(const bool *listed)
{
	for (size_t i = 0; i < ARRAY_SIZE(all_codes); i++)
		if (!listed[all_codes[i]])
			fail_msg("'%s' is not listed", finding_word(all_codes[i]));
}

/* From the section of the manual: each word once, and no other. */
static void the_manual_lists_every_code(void **state)
{
	bool listed[CODES_MAX] = { false };

	each_word("man/rebind.1", ".Sh FINDINGS", ".Sh ", ".It ", note_word, listed);
	check_all_listed(listed);
}

static void the_header_of_the_library_lists_every_code_with_its_word(void **state)
{
	bool listed[CODES_MAX] = { false };

	each_word("include/rebind.h", "enum rebind_finding_code {", "};", "\tREBIND_FINDING_",
		  note_constant, listed);
	check_all_listed(listed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_finding_keeps_copies_of_what_it_was_told),
		cmocka_unit_test(a_finding_needs_no_mount_and_no_help),
		cmocka_unit_test(findings_are_sorted_as_a_tree_is_shown),
		cmocka_unit_test(the_manual_lists_every_code),
		cmocka_unit_test(the_header_of_the_library_lists_every_code_with_its_word),
		cmocka_unit_test(a_thousand_findings_stay_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
