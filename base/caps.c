// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/caps.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	int cap;
	unsigned int work;
	const char *name, *reason;
} needs[] = {
	{ CAP_SYS_ADMIN, CAPS_ENTER | CAPS_BUILD, "cap_sys_admin",
	  "mount, move, unmount, enter namespaces" },
	{ CAP_SYS_CHROOT, CAPS_ENTER | CAPS_BUILD, "cap_sys_chroot",
	  "enter a mount namespace, and change its root" },
	{ CAP_SYS_PTRACE, CAPS_OPEN | CAPS_BUILD, "cap_sys_ptrace",
	  "open the namespaces of other processes" },
	{ CAP_DAC_OVERRIDE, CAPS_UNPACK, "cap_dac_override", "create files in what is restored" },
	{ CAP_DAC_READ_SEARCH, CAPS_PACK, "cap_dac_read_search", "read files of what is dumped" },
	{ CAP_CHOWN, CAPS_UNPACK, "cap_chown", "give restored files their owners" },
	{ CAP_FOWNER, CAPS_UNPACK, "cap_fowner", "give restored files their modes and times" },
	{ CAP_FSETID, CAPS_UNPACK, "cap_fsetid", "keep setuid and setgid modes" },
	{ CAP_LINUX_IMMUTABLE, CAPS_SPECIAL | CAPS_FLAGS, "cap_linux_immutable",
	  "make restored files immutable" },
	{ CAP_MKNOD, CAPS_SPECIAL | CAPS_DEVICES, "cap_mknod", "create device nodes" },
	{ CAP_SETFCAP, CAPS_SPECIAL | CAPS_FILE_CAPS | CAPS_USER, "cap_setfcap",
	  "restore file capabilities, and map root into a user namespace" },
	{ CAP_SETUID, CAPS_USER, "cap_setuid", "write user namespace maps" },
	{ CAP_SETGID, CAPS_USER, "cap_setgid", "write user namespace maps" },
};

/*
 * The two system calls themselves: a library for them takes as long to load as rebind needs for ten
 * mounts. They are about this thread, as setns(2) and unshare(2) are.
 */
static int read_sets(struct caps_state *ret)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	*ret = (struct caps_state){ 0 };
	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	*ret = (struct caps_state){
		.known = true,
		.effective = (uint64_t)data[1].effective << 32 | data[0].effective,
		.permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted,
		.inheritable = (uint64_t)data[1].inheritable << 32 | data[0].inheritable,
	};
	return 0;
}

static int write_sets(const struct caps_state *sets)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ (uint32_t)sets->effective, (uint32_t)sets->permitted,
		  (uint32_t)sets->inheritable },
		{ (uint32_t)(sets->effective >> 32), (uint32_t)(sets->permitted >> 32),
		  (uint32_t)(sets->inheritable >> 32) },
	};

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

struct caps_state caps_hold(void)
{
	struct caps_state state;

	if (read_sets(&state) == 0) {
		struct caps_state none = state;

		none.effective = 0;
		write_sets(&none);
	}
	return state;
}

struct caps_state caps_lend(const struct caps_state *held)
{
	struct caps_state state;

	read_sets(&state);
	if (held->known)
		write_sets(held);
	return state;
}

void caps_release(struct caps_state *state)
{
	int saved = errno;

	if (state->known)
		write_sets(state);
	state->known = false;
	errno = saved;
}

static uint64_t wanted(void)
{
	uint64_t sets = 0;

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
		sets |= UINT64_C(1) << needs[i].cap;
	return sets;
}

int caps_raise(void)
{
	struct caps_state sets;
	int err = read_sets(&sets);

	if (err)
		return err;
	sets.effective |= sets.permitted & wanted();
	return write_sets(&sets);
}

int caps_drop(void)
{
	struct caps_state sets;
	int err = read_sets(&sets);

	sets.effective = 0;
	return err ? err : write_sets(&sets);
}

static int open_raised(int dir_fd, const char *name, int flags)
{
	cleanup_caps struct caps_state before;

	/* What could not be put back is not raised. */
	if (read_sets(&before) || caps_raise())
		return -EACCES;
	int fd = openat(dir_fd, name, flags);

	return fd < 0 ? -errno : fd;
}

int caps_openat(int dir_fd, const char *name, int flags)
{
	int fd = openat(dir_fd, name, flags);

	if (fd >= 0)
		return fd;
	return errno == EACCES ? open_raised(dir_fd, name, flags) : -errno;
}

size_t caps_needs(const struct caps_need **ret)
{
	static _Thread_local struct caps_need list[ARRAY_SIZE(needs)];
	struct caps_state sets;

	read_sets(&sets);
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
		list[i] = (struct caps_need){
			.name = needs[i].name,
			.reason = needs[i].reason,
			.work = needs[i].work,
			.permitted = sets.permitted & UINT64_C(1) << needs[i].cap,
		};
	*ret = list;
	return ARRAY_SIZE(needs);
}

/* A process that may override permissions may read, too. */
bool caps_lacks(const struct caps_need *need, unsigned int work)
{
	struct caps_state sets;

	if (need->permitted || !(need->work & work))
		return false;
	read_sets(&sets);
	return need->work != CAPS_PACK || !(sets.permitted & UINT64_C(1) << CAP_DAC_OVERRIDE);
}

const char *caps_without(int err, unsigned int work, char buf[CAPS_TEXT])
{
	const struct caps_need *list;
	size_t n, used = 0;

	*buf = '\0';
	if (err != -EPERM && err != -EACCES)
		return buf;
	n = caps_needs(&list);
	for (size_t i = 0; i < n; i++)
		if (caps_lacks(&list[i], work) && used < CAPS_TEXT)
			used += (size_t)snprintf(buf + used, CAPS_TEXT - used, "%s%s",
						 used ? ", " : " without ", list[i].name);
	return buf;
}

bool caps_has_admin(void)
{
	const struct caps_need *list;

	caps_needs(&list);
	return list[0].permitted;
}
