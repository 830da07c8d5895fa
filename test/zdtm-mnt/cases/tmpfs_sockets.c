// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/xattr.h>

#include "case.h"

/* Before 1970, and after 2038. */
static const struct timespec times[2] = { { -86400, 5 }, { 4102444800, 999999999 } };

/* user::rw- user:7:r-- group::r-- mask::r-- other::--- as the kernel keeps it: version 2, then tag,
 * permissions and id of each. */
static const unsigned char acl[] = {
	2,  0, 0, 0,			 /* version */
	1,  0, 6, 0, 255, 255, 255, 255, /* the owner */
	2,  0, 4, 0, 7,	  0,   0,   0,	 /* user 7 */
	4,  0, 4, 0, 255, 255, 255, 255, /* the group */
	16, 0, 4, 0, 255, 255, 255, 255, /* the mask */
	32, 0, 0, 0, 255, 255, 255, 255, /* others */
};

static void set_times(const char *path)
{
	expect(!utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), "utimensat: %s",
	       strerror(errno));
}

static void set_acl(const char *path, const char *name)
{
	expect(!lsetxattr(path, name, acl, sizeof(acl), 0) || errno == EOPNOTSUPP, "%s: %s", name,
	       strerror(errno));
}

/* Archives know no sockets: tar leaves them out. */
static void build(void)
{
	mount_new("tmpfs", "/run", 0, NULL);
	make_node("/run/socket", S_IFSOCK | 0620, 0, 0);
	make_node("/run/dir/private", S_IFSOCK | 0600, 0, 0);
	expect(!chown("/run/dir/private", 7, 8), "chown: %s", strerror(errno));
	expect(!link("/run/socket", "/run/dir/link"), "link: %s", strerror(errno));
	expect(!chmod("/run/dir", 01750), "chmod: %s", strerror(errno));
	make_node("/run/acl", S_IFSOCK | 0640, 0, 0);
	set_acl("/run/acl", "system.posix_acl_access");
	/* The socket is older than its directory's default ACL and has nothing of it. */
	make_node("/run/default/socket", S_IFSOCK | 0664, 0, 0);
	set_acl("/run/default", "system.posix_acl_default");
	make_node("/run/sgid/s", S_IFSOCK | 06755, 0, 0);
	expect(!chmod("/run/sgid/s", 06755), "chmod: %s", strerror(errno));
	set_times("/run/socket");
	set_times("/run/dir/private");
	set_times("/run/dir");
	set_times("/run");
}

static void expect_times(const char *path)
{
	struct stat st;

	expect(!lstat(path, &st), "%s: %s", path, strerror(errno));
	expect(st.st_mtim.tv_sec == times[1].tv_sec && st.st_mtim.tv_nsec == times[1].tv_nsec,
	       "%s was changed at %lld.%09ld", path, (long long)st.st_mtim.tv_sec,
	       st.st_mtim.tv_nsec);
	if (S_ISSOCK(st.st_mode))
		expect(st.st_atim.tv_sec == times[0].tv_sec && st.st_atim.tv_nsec == 5,
		       "%s was used at %lld.%09ld", path, (long long)st.st_atim.tv_sec,
		       st.st_atim.tv_nsec);
}

static void check(void)
{
	struct stat a, b;
	char value[64];

	expect_mode("/run/socket", S_IFSOCK | 0620);
	expect_mode("/run/dir/private", S_IFSOCK | 0600);
	expect_mode("/run/sgid/s", S_IFSOCK | 06755);
	expect(!stat("/run/dir/private", &a) && a.st_uid == 7 && a.st_gid == 8, "owner");
	expect(!stat("/run/socket", &a) && !stat("/run/dir/link", &b) && a.st_ino == b.st_ino,
	       "a hard link to a socket is lost");
	expect_times("/run/socket");
	expect_times("/run/dir/private");
	expect_times("/run/dir");
	expect_times("/run");
	expect_mode("/run/default/socket", S_IFSOCK | 0664);
	expect(lgetxattr("/run/default/socket", "system.posix_acl_access", value, sizeof(value)) <
		       0,
	       "a socket has inherited an ACL that it did not have");
}

const struct zdtm_case zdtm_case = {
	.about =
		"Sockets in a tmpfs have their modes, owners, times, ACLs and links, and so do their directories.",
	.build = build,
	.check = check,
};
