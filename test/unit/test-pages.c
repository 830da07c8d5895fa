// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/mman.h>
#include <unistd.h>

#include "base/pages.h"
#include "test/unit/help.h"

static size_t resident(void *array, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), n = 0;
	unsigned char there[256];

	assert_true(size / page <= sizeof(there));
	assert_ok(mincore(array, size, there));
	for (size_t i = 0; i < size / page; i++)
		n += there[i] & 1;
	return n;
}

static void the_pages_of_a_large_array_are_there_before_they_are_written_to(void **state)
{
	const size_t size = 512 << 10;
	char *array = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(array != MAP_FAILED);
	array[0] = 'a';
	pages_use(array, size);
	assert_int_equal(resident(array, size), size / (size_t)sysconf(_SC_PAGESIZE));
	assert_int_equal(array[0], 'a');
	assert_int_equal(array[size - 1], 0);
	munmap(array, size);
}

static void pages_that_are_not_all_of_the_array_stay_as_they_are(void **state)
{
	const size_t size = 512 << 10, page = (size_t)sysconf(_SC_PAGESIZE);
	char *array = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(array != MAP_FAILED);
	pages_use(array + 1, size - 2);
	assert_int_equal(resident(array, page), 0);
	assert_int_equal(resident(array + size - page, page), 0);
	munmap(array, size);
	pages_use(NULL, size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pages_of_a_large_array_are_there_before_they_are_written_to),
		cmocka_unit_test(pages_that_are_not_all_of_the_array_stay_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
