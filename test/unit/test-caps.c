// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sys/capability.h>
#include <unistd.h>

#include "base/caps.h"
#include "test/unit/help.h"

static bool effective(cap_value_t cap)
{
	cap_t caps = cap_get_proc();
	cap_flag_value_t value = CAP_CLEAR;

	assert_ok(cap_get_flag(caps, cap, CAP_EFFECTIVE, &value));
	cap_free(caps);
	return value == CAP_SET;
}

static void held_capabilities_are_gone_until_they_are_raised(void **state)
{
	struct caps_state held = caps_hold();

	assert_false(effective(CAP_SYS_ADMIN));
	assert_false(effective(CAP_DAC_OVERRIDE));
	assert_true(caps_has_admin()); /* permitted still */
	assert_ok(caps_raise());
	assert_true(effective(CAP_SYS_ADMIN));
	assert_true(effective(CAP_MKNOD));
	assert_ok(caps_drop());
	assert_false(effective(CAP_SYS_ADMIN));
	errno = EXDEV;
	caps_release(&held);
	assert_int_equal(errno, EXDEV);
	assert_false(held.known);
	assert_true(effective(CAP_SYS_ADMIN));
}

static void only_what_is_on_the_list_is_raised(void **state)
{
	struct caps_state held = caps_hold();

	assert_ok(caps_raise());
	assert_false(effective(CAP_SYS_MODULE));
	assert_false(effective(CAP_NET_ADMIN));
	caps_release(&held);
}

static void what_is_released_is_what_was_held_and_not_more(void **state)
{
	assert_ok(caps_drop());
	struct caps_state held = caps_hold();

	assert_ok(caps_raise());
	caps_release(&held);
	assert_false(effective(CAP_SYS_ADMIN));
	assert_ok(caps_raise());
}

static void what_is_another_users_is_opened_without_raising_more(void **state)
{
	char path[] = "/tmp/rebind-test-caps-XXXXXX";

	assert_non_null(mkdtemp(path));
	assert_ok(chown(path, 12345, 12345));
	struct caps_state held = caps_hold();

	assert_int_equal(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), -1);
	int fd = caps_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_false(effective(CAP_DAC_OVERRIDE));
	assert_int_equal(caps_openat(fd, "none", O_RDONLY | O_CLOEXEC), -ENOENT);
	assert_false(effective(CAP_DAC_OVERRIDE));
	close(fd);
	caps_release(&held);
	assert_true(effective(CAP_DAC_OVERRIDE));
	assert_ok(rmdir(path));
}

static int without_admin(void)
{
	cap_t caps = cap_get_proc();
	cap_value_t admin = CAP_SYS_ADMIN;
	const struct caps_need *list;

	cap_set_flag(caps, CAP_EFFECTIVE, 1, &admin, CAP_CLEAR);
	cap_set_flag(caps, CAP_PERMITTED, 1, &admin, CAP_CLEAR);
	if (cap_set_proc(caps) < 0 || caps_has_admin() || caps_raise() || effective(admin))
		return 1;
	caps_needs(&list);
	return list[0].permitted;
}

static void what_is_not_permitted_is_told_and_not_an_error_to_raise(void **state)
{
	const struct caps_need *list;
	size_t n = caps_needs(&list);

	assert_true(n > 5);
	for (size_t i = 0; i < n; i++)
		assert_true(list[i].permitted && *list[i].name && *list[i].reason);
	pid_t pid = child_fork();

	if (pid == 0)
		_exit(without_admin());
	assert_ok(child_wait(pid, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(held_capabilities_are_gone_until_they_are_raised),
		cmocka_unit_test(only_what_is_on_the_list_is_raised),
		cmocka_unit_test(what_is_released_is_what_was_held_and_not_more),
		cmocka_unit_test(what_is_another_users_is_opened_without_raising_more),
		cmocka_unit_test(what_is_not_permitted_is_told_and_not_an_error_to_raise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
