// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/build/mount-attributes.h"

#include "base/sys.h"
#include "model/flags.h"

int mount_attributes_set(const struct mount *m, int fd, uint32_t has, bool known)
{
	/* The id-mapping is not a flag: it takes a user namespace, and comes afterwards. */
	uint32_t wanted = m->attributes & ~MOUNT_ATTR_IDMAP;
	uint32_t set = wanted & ~has, clear = has & ~wanted & ~MOUNT_ATTR_IDMAP;

	if (known && !set && !clear)
		return 0;
	if (!known) {
		set = wanted;
		clear = (FLAGS_RESTRICTIONS | MOUNT_ATTR_NODIRATIME) & ~wanted;
	}
	/* The access time modes are a field, not bits: to set one the field must be cleared. */
	if (!known || ((set | clear) & FLAGS_ATTR_ATIME)) {
		clear |= FLAGS_ATTR_ATIME;
		set = (set & ~FLAGS_ATTR_ATIME) | (wanted & FLAGS_ATTR_ATIME);
	}
	return sys_mount_setattr(fd, 0, set, clear, 0, -1);
}
