// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/flags.h"
#include "test/unit/help.h"

#define NOSYMFOLLOW 0x200000
#define IDMAPPED    0x100000

static void options_of_mountinfo_are_attributes(void **state)
{
	static const struct {
		const char *options;
		uint32_t attributes;
	} cases[] = {
		{ "rw,relatime", 0 },
		{ "rw", MOUNT_ATTR_STRICTATIME },
		{ "", MOUNT_ATTR_STRICTATIME },
		{ "ro,relatime", MOUNT_ATTR_RDONLY },
		{ "ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow",
		  MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
			  MOUNT_ATTR_NOATIME | MOUNT_ATTR_NODIRATIME | NOSYMFOLLOW },
		{ "rw,relatime,idmapped", IDMAPPED },
		{ "ro,rw,relatime", 0 },
		{ ",,ro,,relatime,", MOUNT_ATTR_RDONLY },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t attributes = 99;

		assert_ok(flags_attr_from_options(cases[i].options, &attributes, NULL));
		assert_int_equal(attributes, cases[i].attributes);
	}
}

static void a_word_that_is_none_is_refused_and_told(void **state)
{
	static const char *const words[] = {
		"r", "rox", "ROX", "nosui", "nosuidx", "size=4k", " ro"
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		char options[64];
		const char *unknown = NULL;
		uint32_t attributes = 99, set = 0, clear = 0;

		snprintf(options, sizeof(options), "rw,%s,ro", words[i]);
		assert_int_equal(flags_attr_from_options(options, &attributes, &unknown), -EINVAL);
		assert_ptr_equal(unknown, options + 3);
		assert_int_equal(attributes, 99);
		assert_int_equal(flags_attr_from_word(words[i], strlen(words[i]), &set, &clear),
				 -EINVAL);
		assert_int_equal(set | clear, 0);
	}
	assert_int_equal(flags_attr_from_word("ro", 0, &(uint32_t){ 0 }, &(uint32_t){ 0 }),
			 -EINVAL);
}

static void a_later_word_takes_back_an_earlier_one(void **state)
{
	static const struct {
		const char *first, *second;
		uint32_t set, clear;
	} cases[] = {
		{ "ro", "rw", 0, MOUNT_ATTR_RDONLY },
		{ "rw", "ro", MOUNT_ATTR_RDONLY, 0 },
		{ "nosuid", "suid", 0, MOUNT_ATTR_NOSUID },
		{ "dev", "nodev", MOUNT_ATTR_NODEV, 0 },
		{ "exec", "noexec", MOUNT_ATTR_NOEXEC, 0 },
		{ "nosymfollow", "symfollow", 0, NOSYMFOLLOW },
		{ "nodiratime", "diratime", 0, MOUNT_ATTR_NODIRATIME },
		{ "noatime", "strictatime", MOUNT_ATTR_STRICTATIME, FLAGS_ATTR_ATIME },
		{ "strictatime", "relatime", 0, FLAGS_ATTR_ATIME },
		{ "noatime", "atime", 0, FLAGS_ATTR_ATIME },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t set = 0, clear = 0;

		assert_ok(
			flags_attr_from_word(cases[i].first, strlen(cases[i].first), &set, &clear));
		assert_ok(flags_attr_from_word(cases[i].second, strlen(cases[i].second), &set,
					       &clear));
		assert_int_equal(set, cases[i].set);
		assert_int_equal(clear & ~set, cases[i].clear & ~set);
	}
}

/* Every combination of attributes that a mount can have. */
static uint32_t combination(uint32_t n)
{
	static const uint32_t bits[] = { MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID,	   MOUNT_ATTR_NODEV,
					 MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NODIRATIME, NOSYMFOLLOW };
	static const uint32_t atimes[] = { 0, MOUNT_ATTR_NOATIME, MOUNT_ATTR_STRICTATIME };
	uint32_t attributes = atimes[n % 3];

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		attributes |= (n / 3) >> i & 1 ? bits[i] : 0;
	return attributes;
}

static void every_combination_survives_the_way_through_ms_bits_and_words(void **state)
{
	for (uint32_t n = 0; n < 3 * 64; n++) {
		uint32_t attributes = combination(n), back;
		char text[96];

		assert_int_equal(flags_attr_from_ms(flags_attr_to_ms(attributes)), attributes);
		assert_int_equal(flags_attr_to_ms(attributes) & ~FLAGS_MS_ATTRIBUTES, 0);
		assert_ok(flags_attr_from_options(flags_attr_text(attributes, text), &back, NULL));
		assert_int_equal(back, attributes);
	}
}

static void the_longest_text_fits(void **state)
{
	char text[96], sb[64];

	assert_string_equal(flags_attr_text(combination(3 * 64 - 2) | IDMAPPED, text),
			    "ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow,idmapped");
	assert_string_equal(flags_attr_text(0, text), "rw,relatime");
	assert_string_equal(flags_attr_text(MOUNT_ATTR_STRICTATIME, text), "rw");
	assert_string_equal(flags_sb_text(FLAGS_SB_KNOWN, sb), "ro,sync,mand,dirsync,lazytime");
	assert_string_equal(flags_sb_text(0, sb), "rw");
}

static void superblock_words_are_flags_and_options_are_not(void **state)
{
	static const struct {
		const char *word;
		int ms;
	} cases[] = {
		{ "rw", 0 },
		{ "ro", MS_RDONLY },
		{ "sync", MS_SYNCHRONOUS },
		{ "dirsync", MS_DIRSYNC },
		{ "mand", MS_MANDLOCK },
		{ "lazytime", MS_LAZYTIME },
		{ "size=4k", -EINVAL },
		{ "r", -EINVAL },
		{ "rox", -EINVAL },
		{ "", -EINVAL },
		{ "nosuid", -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(flags_sb_from_word(cases[i].word, strlen(cases[i].word)),
				 cases[i].ms);
}

static void restrictions_add_up_and_nothing_else_of_the_source_counts(void **state)
{
	const uint32_t all = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			     MOUNT_ATTR_NOEXEC | NOSYMFOLLOW;

	assert_int_equal(FLAGS_RESTRICTIONS, all);
	assert_int_equal(flags_union(0, all), all);
	assert_int_equal(flags_union(all, 0), all);
	assert_int_equal(
		flags_union(MOUNT_ATTR_NOATIME, MOUNT_ATTR_STRICTATIME | MOUNT_ATTR_NODIRATIME),
		MOUNT_ATTR_NOATIME);
	assert_int_equal(flags_union(MOUNT_ATTR_RDONLY, MOUNT_ATTR_NODEV),
			 MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_of_mountinfo_are_attributes),
		cmocka_unit_test(a_word_that_is_none_is_refused_and_told),
		cmocka_unit_test(a_later_word_takes_back_an_earlier_one),
		cmocka_unit_test(every_combination_survives_the_way_through_ms_bits_and_words),
		cmocka_unit_test(the_longest_text_fits),
		cmocka_unit_test(superblock_words_are_flags_and_options_are_not),
		cmocka_unit_test(restrictions_add_up_and_nothing_else_of_the_source_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
