// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/caps.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/capability.h>

static const struct {
	cap_value_t cap;
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

struct caps_state caps_hold(void)
{
	struct caps_state state = { .saved = cap_get_proc() };

	caps_drop();
	return state;
}

struct caps_state caps_lend(const struct caps_state *held)
{
	struct caps_state state = { .saved = cap_get_proc() };

	if (held->saved)
		cap_set_proc(held->saved);
	return state;
}

void caps_release(struct caps_state *state)
{
	int saved = errno;

	if (state->saved) {
		cap_set_proc(state->saved);
		cap_free(state->saved);
	}
	state->saved = NULL;
	errno = saved;
}

static void free_caps(cap_t *caps)
{
	if (*caps)
		cap_free(*caps);
}

int caps_raise(void)
{
	cleanup(free_caps) cap_t caps = cap_get_proc();

	if (!caps)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		cap_flag_value_t permitted = CAP_CLEAR;

		if (cap_get_flag(caps, needs[i].cap, CAP_PERMITTED, &permitted) == 0 &&
		    permitted == CAP_SET)
			cap_set_flag(caps, CAP_EFFECTIVE, 1, &needs[i].cap, CAP_SET);
	}
	return cap_set_proc(caps) < 0 ? -errno : 0;
}

int caps_drop(void)
{
	cleanup(free_caps) cap_t caps = cap_get_proc();

	if (!caps || cap_clear_flag(caps, CAP_EFFECTIVE) < 0 || cap_set_proc(caps) < 0)
		return -errno;
	return 0;
}

static int open_raised(int dir_fd, const char *name, int flags)
{
	cleanup_caps struct caps_state before = { .saved = cap_get_proc() };

	/* What could not be put back is not raised. */
	if (!before.saved || caps_raise())
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
	static struct caps_need list[ARRAY_SIZE(needs)];
	cleanup(free_caps) cap_t caps = cap_get_proc();

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		cap_flag_value_t permitted = CAP_CLEAR;

		if (caps)
			cap_get_flag(caps, needs[i].cap, CAP_PERMITTED, &permitted);
		list[i] = (struct caps_need){
			.name = needs[i].name,
			.reason = needs[i].reason,
			.work = needs[i].work,
			.permitted = permitted == CAP_SET,
		};
	}
	*ret = list;
	return ARRAY_SIZE(needs);
}

/* Who may override permissions may read, too. */
bool caps_lacks(const struct caps_need *need, unsigned int work)
{
	const struct caps_need *list;
	size_t n = caps_needs(&list);

	if (need->permitted || !(need->work & work))
		return false;
	for (size_t i = 0; need->work == CAPS_PACK && i < n; i++)
		if (needs[i].cap == CAP_DAC_OVERRIDE)
			return !list[i].permitted;
	return true;
}

const char *caps_without(int err, unsigned int work, char buf[CAPS_TEXT])
{
	const struct caps_need *list;
	size_t n = caps_needs(&list), used = 0;

	*buf = '\0';
	if (err != -EPERM && err != -EACCES)
		return buf;
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
