// SPDX-License-Identifier: LGPL-2.1-or-later
#include <endian.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>
#include <string.h>

#include "model/attribute-ids.h"
#include "test/unit/help.h"

static struct mount_id_extent uids[] = { { 0, 100000, 1000 } }, gids[] = { { 0, 200000, 1000 } };
static const struct mount_idmap map = { uids, gids, 1, 1 };

struct acl {
	struct posix_acl_xattr_header header;
	struct posix_acl_xattr_entry entries[4];
};

static struct acl acl_of(uint32_t user, uint32_t group)
{
	return (struct acl){
		.header.a_version = htole32(POSIX_ACL_XATTR_VERSION),
		.entries = {
			{ htole16(ACL_USER_OBJ), htole16(6), htole32(UINT32_MAX) },
			{ htole16(ACL_USER), htole16(4), htole32(user) },
			{ htole16(ACL_GROUP), htole16(4), htole32(group) },
			{ htole16(ACL_MASK), htole16(4), htole32(UINT32_MAX) },
		},
	};
}

static void the_users_and_groups_of_an_acl(void **state)
{
	struct acl outside = acl_of(100007, 200008), inside = acl_of(7, 8), acl = outside;

	attribute_ids_inside(&map, XATTR_NAME_POSIX_ACL_ACCESS, &acl, sizeof(acl));
	assert_memory_equal(&acl, &inside, sizeof(acl));
	attribute_ids_outside(&map, XATTR_NAME_POSIX_ACL_DEFAULT, &acl, sizeof(acl));
	assert_memory_equal(&acl, &outside, sizeof(acl));
}

static void those_that_the_map_lacks(void **state)
{
	struct acl acl = acl_of(5, 6), shown = acl_of(65534, 65534), root = acl_of(100000, 200000);

	attribute_ids_inside(&map, XATTR_NAME_POSIX_ACL_ACCESS, &acl, sizeof(acl));
	assert_memory_equal(&acl, &shown, sizeof(acl));
	attribute_ids_outside(&map, XATTR_NAME_POSIX_ACL_ACCESS, &acl, sizeof(acl));
	assert_memory_equal(&acl, &root, sizeof(acl));
}

static void the_root_of_file_capabilities(void **state)
{
	struct vfs_ns_cap_data data = { .magic_etc = htole32(VFS_CAP_REVISION_3),
					.rootid = htole32(100000) };

	attribute_ids_inside(&map, XATTR_NAME_CAPS, &data, sizeof(data));
	assert_int_equal(le32toh(data.rootid), 0);
	attribute_ids_outside(&map, XATTR_NAME_CAPS, &data, sizeof(data));
	assert_int_equal(le32toh(data.rootid), 100000);
}

static void all_else_stays(void **state)
{
	struct acl outside = acl_of(100007, 200008), acl = outside;
	struct vfs_ns_cap_data data = { .magic_etc = htole32(VFS_CAP_REVISION_2),
					.rootid = htole32(100000) };

	attribute_ids_inside(&map, "user.acl", &acl, sizeof(acl));
	attribute_ids_inside(NULL, XATTR_NAME_POSIX_ACL_ACCESS, &acl, sizeof(acl));
	/* A value of another size is none that the kernel makes. */
	attribute_ids_inside(&map, XATTR_NAME_POSIX_ACL_ACCESS, &acl, 3);
	assert_memory_equal(&acl, &outside, sizeof(acl));
	attribute_ids_inside(&map, XATTR_NAME_CAPS, &data, sizeof(data));
	attribute_ids_inside(&map, XATTR_NAME_CAPS, &data, 5);
	assert_int_equal(le32toh(data.rootid), 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_users_and_groups_of_an_acl),
		cmocka_unit_test(those_that_the_map_lacks),
		cmocka_unit_test(the_root_of_file_capabilities),
		cmocka_unit_test(all_else_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
