// SPDX-License-Identifier: LGPL-2.1-or-later
#include "help.h"

#include "model/served.h"

static void kinds_are_told_by_name(void **state)
{
	assert_int_equal(served_kind("fuse"), SERVED_FUSE);
	assert_int_equal(served_kind("fuse.sshfs"), SERVED_FUSE);
	assert_int_equal(served_kind("autofs"), SERVED_AUTOFS);
	/* Its source is a block device of the host. */
	assert_int_equal(served_kind("fuseblk"), SERVED_NOT);
	assert_int_equal(served_kind("fusectl"), SERVED_NOT);
	assert_int_equal(served_kind("tmpfs"), SERVED_NOT);
}

static void descriptors_have_a_number_each(void **state)
{
	struct mount fuse = { .fstype = "fuse.x", .dev = MOUNT_DEV(0, 41), .options = "" };
	struct mount autofs = { .fstype = "autofs",
				.dev = MOUNT_DEV(0, 42),
				.options = "fd=6,pgrp=1,timeout=0,pipe_ino=4026,indirect" };

	assert_int_equal(served_id(&fuse), 41);
	assert_int_equal(served_id(&autofs), 4026);
	autofs.options = "fd=6,pgrp=1";
	assert_int_equal(served_id(&autofs), 0);
}

static void an_option_is_given_ignored_or_refused(void **state)
{
	assert_true(served_sets(SERVED_FUSE, "allow_other"));
	assert_false(served_sets(SERVED_FUSE, "fd"));
	assert_true(served_ignores(SERVED_FUSE, "fd"));
	assert_false(served_sets(SERVED_FUSE, "indirect"));
	assert_false(served_ignores(SERVED_FUSE, "context"));
	assert_true(served_sets(SERVED_AUTOFS, "indirect"));
	assert_true(served_ignores(SERVED_AUTOFS, "pipe_ino"));
	assert_false(served_sets(SERVED_AUTOFS, "user_id"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_are_told_by_name),
		cmocka_unit_test(descriptors_have_a_number_each),
		cmocka_unit_test(an_option_is_given_ignored_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
