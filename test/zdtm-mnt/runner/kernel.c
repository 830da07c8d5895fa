// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the running kernel cannot do: the one list of cases that are skipped for its sake, each with
 * the kernel's reason. A feature is looked for, not a version.
 */
#include <fcntl.h>
#include <linux/ioctl.h>
#include <stdint.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner.h"

#ifndef NS_GET_MNTNS_ID
#define NS_GET_MNTNS_ID _IOR(0xb7, 5, uint64_t)
#endif
#define SYS_STATMOUNT	  457 /* as on every architecture */
#define SYS_LISTMOUNT	  458
#define LSMT_ROOT	  UINT64_MAX
#define SUPPORTED_MASK	  0x1000 /* STATMOUNT_SUPPORTED_MASK, and ... */
#define SUPPORTED_MASK_AT 18	 /* where in struct statmount it is, in words of 8 bytes */
#define WANTED_FIELDS	  0x63ab /* basics, root, place, type, options, source, the maps of ids */

struct request {
	uint32_t size, spare;
	uint64_t id, param;
};

static bool tells_all_fields(void)
{
	uint64_t buf[512] = { 0 };
	struct request list = { .size = sizeof(list), .id = LSMT_ROOT };
	struct request stat = { .size = sizeof(stat), .param = SUPPORTED_MASK };

	return syscall(SYS_LISTMOUNT, &list, &stat.id, 1, 0) == 1 &&
	       !syscall(SYS_STATMOUNT, &stat, buf, sizeof(buf), 0) &&
	       (buf[SUPPORTED_MASK_AT] & WANTED_FIELDS) == WANTED_FIELDS;
}

bool kernel_has_statmount(void)
{
	uint64_t id;
	int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	bool named = fd >= 0 && !ioctl(fd, NS_GET_MNTNS_ID, &id);

	if (fd >= 0)
		close(fd);
	return named && tells_all_fields();
}

/* A child in a user namespace that maps root, until `go` is closed. */
static pid_t start_mapped(int go[2])
{
	int up[2];
	char byte;
	pid_t pid = pipe2(up, O_CLOEXEC) ? -1 : fork();

	if (!pid) {
		close(go[1]);
		if (!unshare(CLONE_NEWUSER) && write(up[1], "", 1) == 1)
			(void)!read(go[0], &byte, 1);
		_exit(0);
	}
	close(up[1]);
	if (pid > 0 && read(up[0], &byte, 1) == 1) {
		int uids = open(format("/proc/%d/uid_map", pid), O_WRONLY | O_CLOEXEC);
		int gids = open(format("/proc/%d/gid_map", pid), O_WRONLY | O_CLOEXEC);

		if (write(uids, "0 1 1\n", 6) != 6 || write(gids, "0 1 1\n", 6) != 6)
			fprintf(stderr, "cannot map ids: %s\n", strerror(errno));
		close(uids);
		close(gids);
	}
	close(up[0]);
	return pid;
}

static bool has_mapped_tmpfs(void)
{
	int go[2], fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	pid_t pid = pipe2(go, O_CLOEXEC) ? -1 : start_mapped(go);
	int user = open(format("/proc/%d/ns/user", pid), O_RDONLY | O_CLOEXEC);
	int made = fs < 0 ? -1 : fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	int fd = made < 0 ? -1 : fsmount(fs, FSMOUNT_CLOEXEC, 0);
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)user };
	bool has = !mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));

	close(go[0]);
	close(go[1]);
	close(user);
	close(fs);
	close(fd);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return has;
}

static bool has_own_formats(void)
{
	pid_t pid = fork();
	int status = 1;

	if (!pid) {
		bool in = !unshare(CLONE_NEWUSER | CLONE_NEWNS);
		int fs = in ? fsopen("binfmt_misc", FSOPEN_CLOEXEC) : -1;

		_exit(fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

/* The first feature of a case that is missing is why it is skipped. */
static const struct {
	const char *name;
	bool (*has)(void);
	const char *reason;
	bool userns; /* of that flavour only */
} needs[] = {
	{ "binfmt_entries", has_own_formats, "a user namespace has no binfmt_misc of its own",
	  true },
	{ "binfmt_many", has_own_formats, "a user namespace has no binfmt_misc of its own", true },
	{ "binfmt_misc", has_own_formats, "a user namespace has no binfmt_misc of its own", true },
	{ "binfmt_odd", has_own_formats, "a user namespace has no binfmt_misc of its own", true },
	{ "binfmt_order", has_own_formats, "a user namespace has no binfmt_misc of its own", true },
	{ "binfmt_readonly", has_own_formats, "a user namespace has no binfmt_misc of its own",
	  true },
	{ "refused_binfmt_covered", has_own_formats,
	  "a user namespace has no binfmt_misc of its own", true },
	{ "refused_binfmt_open", has_own_formats, "a user namespace has no binfmt_misc of its own",
	  true },
	{ "id_mapped", kernel_has_statmount, "the maps of id-mapped mounts are not told" },
	{ "id_mapped_inside", kernel_has_statmount, "the maps of id-mapped mounts are not told" },
	{ "id_mapped_sources", kernel_has_statmount, "the maps of id-mapped mounts are not told" },
	{ "id_maps", kernel_has_statmount, "the maps of id-mapped mounts are not told" },
	{ "refused_id_mapped", has_mapped_tmpfs, "a tmpfs cannot be id-mapped" },
	{ "refused_id_mapped_source", kernel_has_statmount,
	  "the maps of id-mapped mounts are not told" },
	{ "refused_unreachable", kernel_has_statmount,
	  "only listmount tells of a mount that no path leads to" },
};

const char *kernel_cannot(const char *name, bool userns)
{
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (!strcmp(needs[i].name, name) && (userns || !needs[i].userns) && !needs[i].has())
			return needs[i].reason;
	return NULL;
}

int kernel_slowness(void)
{
	const char *factor = getenv("REBIND_TEST_SLOW");

	return factor && atoi(factor) > 1 ? atoi(factor) : 1;
}
