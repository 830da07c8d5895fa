// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/compare-formats.h"
#include "model/format.h"
#include "test/unit/help.h"

#define LONG 2000

static const uint8_t magic[] = { 0x7f, ':', 0, '\\', '|' }, mask[] = { 0xff, 0, 0xff, 0xff, 1 };

static const struct mount_format by_extension = {
	.name = "one",
	.interpreter = "/bin/one",
	.flags = "OC",
	.extension = "1",
	.enabled = true,
};
static const struct mount_format by_magic = {
	.name = "two",
	.interpreter = "/bin/two",
	.flags = "",
	.magic = magic,
	.mask = mask,
	.n_magic = sizeof(magic),
	.n_mask = sizeof(mask),
	.offset = 3,
};

static void what_the_kernel_tells_is_understood(void **state)
{
	struct arena strings = { 0 };
	struct mount_format f;

	assert_ok(format_parse(&strings, "a\n:b",
			       "disabled\ninterpreter /a b\nflags: POC\nextension .x y\n", &f));
	assert_string_equal(f.name, "a\n:b");
	assert_string_equal(f.interpreter, "/a b");
	assert_string_equal(f.flags, "POC");
	assert_string_equal(f.extension, "x y");
	assert_false(f.enabled);
	assert_int_equal(f.n_magic + f.n_mask + f.offset, 0);
	assert_ok(format_parse(&strings, "m",
			       "enabled\ninterpreter i\nflags: \noffset 256\nmagic 00ff7f\n", &f));
	assert_null(f.extension);
	assert_true(f.enabled);
	assert_string_equal(f.flags, "");
	assert_int_equal(f.offset, 256);
	assert_int_equal(f.n_magic, 3);
	assert_memory_equal(f.magic, "\0\377\177", 3);
	assert_int_equal(f.n_mask, 0);
	assert_ok(format_parse(&strings, "m",
			       "enabled\ninterpreter i\nflags: \noffset 0\nmagic 0102\nmask ff00\n",
			       &f));
	assert_int_equal(f.n_mask, 2);
	assert_memory_equal(f.mask, "\377\0", 2);
	arena_free(&strings);
}

#define HEAD "enabled\ninterpreter i\nflags: \n"

/* The second ones of these are what an interpreter or an extension with a newline makes of it. */
static void what_it_does_not_tell_like_that_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"enabled",
		"enabled\n",
		"Enabled\ninterpreter i\nflags: \nextension .a\n",
		"enabled\ninterpreter i\nextension .a\n",
		HEAD,
		HEAD "extension .a",
		HEAD "extension a\n",
		HEAD "extension .a\nb\n",
		"enabled\ninterpreter i\nj\nflags: \nextension .a\n",
		"enabled\ninterpreter i\nflags: \nextension .a\nflags: P\nextension .b\n",
		"enabled\ninterpreter i\nflags: \noffset 0\nmagic 41\nflags: \noffset 0\nmagic 42\n",
		HEAD "offset 0\n",
		HEAD "offset x\nmagic 41\n",
		HEAD "offset -1\nmagic 41\n",
		HEAD "offset 257\nmagic 41\n",
		HEAD "offset 1 \nmagic 41\n",
		HEAD "offset 0\nmagic 4\n",
		HEAD "offset 0\nmagic 4G\n",
		HEAD "offset 0\nmagic 4A\n",
		HEAD "offset 0\nmagic 41\nmask f\n",
		HEAD "offset 0\nmagic 41\nmask ff\nmore\n",
	};
	struct arena strings = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct mount_format f;
		int err = format_parse(&strings, "name", texts[i], &f);

		if (err != -EBADMSG)
			fail_msg("%zu: %d", i, err);
	}
	arena_free(&strings);
}

static void expect_line(const struct mount_format *f, const char *line, size_t size)
{
	char got[FORMAT_LINE_ROOM];

	assert_null(format_fault(f));
	assert_int_equal(format_line(f, got), size);
	assert_memory_equal(got, line, size);
}

#define EXPECT_LINE(f, line) expect_line(f, line, sizeof(line) - 1)

static void it_is_registered_with_a_separator_that_no_field_has(void **state)
{
	struct mount_format f = by_extension;

	EXPECT_LINE(&f, ":one:E::1::/bin/one:OC");
	f.interpreter = "/bin/a:b";
	EXPECT_LINE(&f, "|one|E||1||/bin/a:b|OC");
	f.name = "|;!%&~^#@=,+*?<>()[]{}'\"`$-_.";
	f.extension = "\t ";
	EXPECT_LINE(&f, "\1|;!%&~^#@=,+*?<>()[]{}'\"`$-_.\1E\1\1\t \1\1/bin/a:b\1OC");
	EXPECT_LINE(&by_magic, ":two:M:3:\x7f\\x3a\\x00\\x5c|:\xff\\x00\xff\xff\x01:/bin/two:");
	f.name = ":|;!%&~^#@=,+*?<>()[]{}'\"`$-_. \t\1\2\3\4\5\6\7";
	assert_string_equal(format_fault(&f), "is too long");
}

static void as_long_as_the_kernel_takes_it_and_no_longer(void **state)
{
	struct mount_format f = by_extension;
	static char interpreter[LONG], line[FORMAT_LINE_ROOM];
	/* ":one:E::1::" and ":OC" */
	size_t most = FORMAT_LINE_MAX - 11 - 3;

	memset(interpreter, 'i', most);
	f.interpreter = interpreter;
	assert_null(format_fault(&f));
	assert_int_equal(format_line(&f, line), FORMAT_LINE_MAX);
	assert_memory_equal(line + FORMAT_LINE_MAX - 4, "i:OC", 4);
	interpreter[most] = 'i';
	assert_string_equal(format_fault(&f), "is too long");
	assert_int_equal(format_line(&f, line), 0);
}

static void expect_fault(struct mount_format f, const char *part)
{
	const char *fault = format_fault(&f);

	if (!fault || !strstr(fault, part))
		fail_msg("'%s', not '%s'", fault ? fault : "(none)", part);
}

static void what_the_kernel_would_not_register_has_a_fault(void **state)
{
	static const char *const names[] = { "", ".", "..", "register", "status", "a/b" };
	static uint8_t bytes[300];
	static char name[300];
	struct mount_format f = by_extension;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		f.name = names[i];
		expect_fault(f, "name");
	}
	memset(name, 'n', 256);
	f.name = name;
	expect_fault(f, "name");
	name[255] = '\0';
	assert_null(format_fault(&f));
	f = by_extension;
	f.interpreter = "";
	expect_fault(f, "no interpreter");
	f = by_extension;
	f.flags = "POCF";
	expect_fault(f, "flag F");
	f.flags = "x";
	expect_fault(f, "flags");
	f = by_extension;
	f.offset = 1;
	expect_fault(f, "both");
	f.offset = 0;
	f.extension = "";
	expect_fault(f, "extension");
	f.extension = "a/b";
	expect_fault(f, "extension");
	f = by_magic;
	f.n_mask = 1;
	expect_fault(f, "mask");
	f.n_magic = f.n_mask = 0;
	expect_fault(f, "magic");
	f.magic = bytes;
	f.n_magic = 257;
	expect_fault(f, "magic");
	memset(bytes, 'b', sizeof(bytes));
	f.n_magic = 253;
	assert_null(format_fault(&f));
	f.offset = 4;
	expect_fault(f, "magic");
}

static void all_of_it_is_told_to_people(void **state)
{
	cleanup_free char *first = format_text(&by_extension), *second = format_text(&by_magic);

	assert_string_equal(first, "enabled, extension 1, interpreter /bin/one, flags OC");
	assert_string_equal(second, "disabled, magic 7f3a005c7c at 3, mask ff00ffff01, "
				    "interpreter /bin/two");
}

/* ---- comparison ---- */

static void expect(const struct mount_formats *left, const struct mount_formats *right,
		   const char *expected)
{
	cleanup_differences struct differences differences = { 0 };
	char text[1024] = "";

	assert_ok(compare_formats("/f", left, right, &differences));
	for (size_t i = 0; i < differences.n; i++) {
		const struct difference *d = &differences.list[i];
		size_t n = strlen(text);

		snprintf(text + n, sizeof(text) - n, "%s: %s: %s | %s\n", d->path, d->field,
			 d->left, d->right);
	}
	assert_string_equal(text, expected);
}

static void a_format_that_is_missing_or_another_one_is_a_difference(void **state)
{
	struct mount_format list[] = { by_magic, by_extension },
			    other[] = { by_magic, by_extension };
	struct mount_formats both = { .list = list, .n = 2 }, others = { .list = other, .n = 2 };
	struct mount_formats one = { .list = list, .n = 1 };

	expect(&both, &others, "");
	expect(&both, &one,
	       "/f/one: format: enabled, extension 1, interpreter /bin/one, flags OC | -\n");
	expect(&one, &both,
	       "/f/one: format: - | enabled, extension 1, interpreter /bin/one, flags OC\n");
	other[1].enabled = false;
	expect(&both, &others,
	       "/f/one: format: enabled, extension 1, interpreter /bin/one, flags OC | "
	       "disabled, extension 1, interpreter /bin/one, flags OC\n");
	other[1] = by_extension;
	others.disabled = true;
	expect(&both, &others, "/f: formats: enabled | disabled\n");
	expect(NULL, &(struct mount_formats){ 0 }, "");
	expect(NULL, NULL, "");
	expect(&(struct mount_formats){ .disabled = true }, NULL,
	       "/f: formats: disabled | enabled\n");
}

static void so_is_another_order(void **state)
{
	struct mount_format list[] = { by_magic, by_extension },
			    other[] = { by_extension, by_magic };
	struct mount_formats left = { .list = list, .n = 2 }, right = { .list = other, .n = 2 };

	expect(&left, &right, "/f: order of formats: number 1 is one | number 1 is two\n");
}

static void what_cannot_be_read_is_no_difference(void **state)
{
	struct mount_format list[] = { by_magic };
	struct mount_formats left = { .list = list, .n = 1, .disabled = true };
	struct mount_formats unknown = { .unknown = true };

	expect(&left, &unknown, "");
	expect(&unknown, &left, "");
	expect(NULL, &unknown, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_kernel_tells_is_understood),
		cmocka_unit_test(what_it_does_not_tell_like_that_is_refused),
		cmocka_unit_test(it_is_registered_with_a_separator_that_no_field_has),
		cmocka_unit_test(as_long_as_the_kernel_takes_it_and_no_longer),
		cmocka_unit_test(what_the_kernel_would_not_register_has_a_fault),
		cmocka_unit_test(all_of_it_is_told_to_people),
		cmocka_unit_test(a_format_that_is_missing_or_another_one_is_a_difference),
		cmocka_unit_test(so_is_another_order),
		cmocka_unit_test(what_cannot_be_read_is_no_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
