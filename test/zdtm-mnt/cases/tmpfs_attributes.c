// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/xattr.h>

#include "case.h"

/* As the kernel keeps ACLs: version 2; tag, permissions and id of each entry. */
static const unsigned char acl[] = {
	2,  0, 0, 0,			 /* version */
	1,  0, 6, 0, 255, 255, 255, 255, /* the owner: rw */
	2,  0, 5, 0, 7,	  0,   0,   0,	 /* user 7: rx */
	2,  0, 7, 0, 9,	  0,   0,   0,	 /* user 9: rwx */
	4,  0, 1, 0, 255, 255, 255, 255, /* the group: x */
	8,  0, 2, 0, 8,	  0,   0,   0,	 /* group 8: w */
	16, 0, 6, 0, 255, 255, 255, 255, /* the mask: rw */
	32, 0, 0, 0, 255, 255, 255, 255, /* others */
};

/* VFS_CAP_REVISION_2: cap_net_raw, permitted and effective. */
static const unsigned char capability[20] = { 1, 0, 0, 2, 0, 0x20 };

static void set(const char *path, const char *name, const void *value, size_t size)
{
	expect(!lsetxattr(path, name, value, size, 0) || errno == EOPNOTSUPP, "%s of %s: %s", name,
	       path, strerror(errno));
}

static void build(void)
{
	mount_new("tmpfs", "/t", 0, NULL);
	make_file("/t/file", "text\n");
	expect(!chmod("/t/file", 02750), "chmod: %s", strerror(errno));
	set("/t/file", "system.posix_acl_access", acl, sizeof(acl));
	set("/t/file", "user.one", "a\0b", 3);
	set("/t/file", "user.empty", "", 0);
	make_file("/t/program", "#!/bin/sh\n");
	set("/t/program", "security.capability", capability, sizeof(capability));
	set("/t/program", "trusted.t", "t", 1);
	/* What is in it is older than the default ACL, and has nothing of it. */
	make_file("/t/dir/before", "");
	make_dir("/t/dir/sub");
	expect(!mkfifo("/t/dir/fifo", 0660), "mkfifo: %s", strerror(errno));
	set("/t/dir", "system.posix_acl_default", acl, sizeof(acl));
	set("/t/dir", "system.posix_acl_access", acl, sizeof(acl));
	make_file("/t/dir/after", "inherits\n");
	make_link("/t/link", "file");
	set("/t/link", "trusted.l", "of a link", 9);
	set("/t/dir/fifo", "trusted.f", "of a fifo", 9);
	set("/t/dir/fifo", "system.posix_acl_access", acl, sizeof(acl));
	make_node("/t/null", S_IFCHR | 0666, 1, 3);
	set("/t/null", "trusted.d", "of a device", 11);
	expect(!link("/t/null", "/t/dir/null2") && !link("/t/dir/fifo", "/t/fifo2") &&
		       !link("/t/link", "/t/dir/link2"),
	       "link: %s", strerror(errno));
	set("/t", "trusted.root", "r", 1);
	set("/t", "system.posix_acl_default", acl, sizeof(acl));
}

static void expect_one_file(const char *a, const char *b)
{
	struct stat left, right;

	expect(!lstat(a, &left) && !lstat(b, &right) && left.st_ino == right.st_ino &&
		       left.st_nlink == 2,
	       "%s and %s are two files", a, b);
}

/* All attributes are compared by the runner. */
static void check(void)
{
	char value[64];

	expect_one_file("/t/null", "/t/dir/null2");
	expect_one_file("/t/dir/fifo", "/t/fifo2");
	expect_one_file("/t/link", "/t/dir/link2");
	expect(lgetxattr("/t/program", "security.capability", value, sizeof(value)) == 20,
	       "the capability of a file is lost");
	expect(lgetxattr("/t/link", "trusted.l", value, sizeof(value)) == 9,
	       "the attribute of a link is lost");
	expect(lgetxattr("/t/dir/before", "system.posix_acl_access", value, sizeof(value)) < 0,
	       "a file has inherited an ACL that it did not have");
}

const struct zdtm_case zdtm_case = {
	.about =
		"ACLs, default ACLs, capabilities and attributes of files, directories, links, fifos and devices.",
	.build = build,
	.check = check,
	.flavours = FLAVOUR_HOST, /* trusted.* and devices take the host's privileges */
};
