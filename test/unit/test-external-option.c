// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/source/external-option.h"
#include "test/unit/help.h"

struct parsed {
	struct external_options list;
	struct findings findings;
};

static void parsed_free(struct parsed *parsed)
{
	external_options_free(&parsed->list);
	findings_free(&parsed->findings);
}
#define cleanup_parsed cleanup(parsed_free)

static void parse(struct parsed *parsed, enum external_option_verb verb, const char *const *words,
		  size_t n)
{
	*parsed = (struct parsed){ 0 };
	assert_ok(external_options_parse(verb, words, n, &parsed->list, &parsed->findings));
}

static void is(const struct external_option *word, enum external_option_kind what,
	       const char *inside, const char *value)
{
	assert_int_equal(word->what, what);
	assert_int_equal(word->size, strlen(inside));
	assert_memory_equal(word->inside, inside, word->size);
	assert_string_equal(word->value, value);
}

static void a_dumped_mount_is_named_by_path_or_number(void **state)
{
	static const char *const words[] = { "mnt[/a]:one", "mnt[#42]:two", "mnt[/b]:x]:three",
					     "mnt[/c]:a:b" };
	cleanup_parsed struct parsed p;

	parse(&p, EXTERNAL_OPTION_DUMP, words, 4);
	assert_int_equal(p.findings.n, 0);
	assert_int_equal(p.list.n, 4);
	is(&p.list.list[0], EXTERNAL_OPTION_PATH, "/a", "one");
	is(&p.list.list[1], EXTERNAL_OPTION_ID, "#42", "two");
	assert_int_equal(p.list.list[1].id, 42);
	/* In a path the last "]:" counts: the key cannot have one. */
	is(&p.list.list[2], EXTERNAL_OPTION_PATH, "/b]:x", "three");
	is(&p.list.list[3], EXTERNAL_OPTION_PATH, "/c", "a:b");
}

static void a_restored_mount_is_named_by_its_key(void **state)
{
	static const char *const words[] = { "mnt[one]:/src", "mnt[#42]:/b]:c", "mnt[a b:c]:rel" };
	cleanup_parsed struct parsed p;

	parse(&p, EXTERNAL_OPTION_RESTORE, words, 3);
	assert_int_equal(p.findings.n, 0);
	is(&p.list.list[0], EXTERNAL_OPTION_KEY, "one", "/src");
	is(&p.list.list[1], EXTERNAL_OPTION_KEY, "#42", "/b]:c");
	is(&p.list.list[2], EXTERNAL_OPTION_KEY, "a b:c", "rel");
}

static void words_are_found_by_their_key(void **state)
{
	static const char *const dump[] = { "mnt[/a]:one", "mnt[/b]:two" };
	static const char *const restore[] = { "mnt[one]:/a", "mnt[two]:/b" };
	cleanup_parsed struct parsed d, r;

	parse(&d, EXTERNAL_OPTION_DUMP, dump, 2);
	parse(&r, EXTERNAL_OPTION_RESTORE, restore, 2);
	assert_ptr_equal(external_options_by_key(&d.list, "two"), &d.list.list[1]);
	assert_ptr_equal(external_options_by_key(&r.list, "one"), &r.list.list[0]);
	assert_null(external_options_by_key(&d.list, "/a"));
	assert_null(external_options_by_key(&r.list, "on"));
	assert_null(external_options_by_key(&r.list, ""));
}

static void the_empty_brackets_are_automatic_with_flags_when_dumping(void **state)
{
	cleanup_parsed struct parsed plain, flags, restored;

	parse(&plain, EXTERNAL_OPTION_DUMP, (const char *const[]){ "mnt[]" }, 1);
	assert_true(plain.list.automatic && !plain.list.auto_masters && !plain.list.auto_sharing);
	parse(&flags, EXTERNAL_OPTION_DUMP, (const char *const[]){ "mnt[]:ms" }, 1);
	assert_true(flags.list.automatic && flags.list.auto_masters && flags.list.auto_sharing);
	parse(&restored, EXTERNAL_OPTION_RESTORE, (const char *const[]){ "mnt[]" }, 1);
	assert_true(restored.list.automatic);
	assert_int_equal(plain.list.n + flags.list.n + restored.list.n, 0);
	assert_int_equal(plain.findings.n + flags.findings.n + restored.findings.n, 0);
}

static void words_that_are_none_are_findings_each(void **state)
{
	static const char *const words[] = { "",	  "mnt",	"mnt[",
					     "mnt[/a]",	  "mnt[/a]key", "mnt[/a]:",
					     "[/a]:key",  "mnt[]:x",	"mnt[#]:k",
					     "mnt[#x]:k", "mnt[#-1]:k", "mnt[#4294967296]:k" };
	cleanup_parsed struct parsed p;

	parse(&p, EXTERNAL_OPTION_DUMP, words, ARRAY_SIZE(words));
	assert_int_equal(p.findings.n, ARRAY_SIZE(words));
	assert_int_equal(p.list.n, 0);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		assert_string_equal(p.findings.list[i].code, "usage");
		assert_non_null(strstr(p.findings.list[i].text, words[i]));
	}
}

static void when_restoring_the_empty_brackets_take_flags_alone(void **state)
{
	cleanup_parsed struct parsed p;

	parse(&p, EXTERNAL_OPTION_RESTORE, (const char *const[]){ "mnt[]:/x" }, 1);
	assert_int_equal(p.findings.n, 1);
	cleanup_parsed struct parsed q;

	parse(&q, EXTERNAL_OPTION_RESTORE, (const char *const[]){ "mnt[]:sm" }, 1);
	assert_int_equal(q.findings.n, 0);
	assert_true(q.list.automatic);
}

static void a_key_given_twice_is_a_finding(void **state)
{
	static const char *const words[] = { "mnt[/a]:k", "mnt[/b]:k", "mnt[/c]:other" };
	cleanup_parsed struct parsed p;

	parse(&p, EXTERNAL_OPTION_DUMP, words, 3);
	assert_int_equal(p.findings.n, 1);
	assert_string_equal(p.findings.list[0].code, "key-twice");
	assert_int_equal(p.list.n, 2);
	assert_ptr_equal(external_options_by_key(&p.list, "other"), &p.list.list[1]);
}

/* Runtimes call all masked files by one name. */
static void one_key_serves_many_mounts_where_that_is_allowed(void **state)
{
	static const char *const words[] = { "mnt[/proc/keys]:/dev/null",
					     "mnt[/proc/kcore]:/dev/null" };
	cleanup_parsed struct parsed p = { .list = { .lenient = true } };

	assert_ok(external_options_parse(EXTERNAL_OPTION_DUMP, words, 2, &p.list, &p.findings));
	assert_int_equal(p.findings.n, 0);
	assert_int_equal(p.list.n, 2);
	is(&p.list.list[1], EXTERNAL_OPTION_PATH, "/proc/kcore", "/dev/null");
	/* Of a restore it would be two sources for one mount. */
	parsed_free(&p);
	p = (struct parsed){ .list = { .lenient = true } };
	assert_ok(external_options_parse(EXTERNAL_OPTION_RESTORE,
					 (const char *const[]){ "mnt[a]:/x", "mnt[a]:/y" }, 2,
					 &p.list, &p.findings));
	assert_int_equal(p.findings.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dumped_mount_is_named_by_path_or_number),
		cmocka_unit_test(a_restored_mount_is_named_by_its_key),
		cmocka_unit_test(words_are_found_by_their_key),
		cmocka_unit_test(the_empty_brackets_are_automatic_with_flags_when_dumping),
		cmocka_unit_test(words_that_are_none_are_findings_each),
		cmocka_unit_test(when_restoring_the_empty_brackets_take_flags_alone),
		cmocka_unit_test(a_key_given_twice_is_a_finding),
		cmocka_unit_test(one_key_serves_many_mounts_where_that_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
