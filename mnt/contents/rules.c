// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/contents/rules.h"

#include <sys/stat.h>
#include <sys/sysinfo.h>

#define UNKNOWN_MEMORY (UINT64_C(1) << 30) /* a kernel that does not tell has little */
#define ALWAYS	       (UINT64_C(256) << 20)
#define RATIO	       32 /* text becomes a tenth; zeros a thousandth */

static uint64_t all_memory(void)
{
	struct sysinfo info;

	return sysinfo(&info) < 0 ? UNKNOWN_MEMORY : (uint64_t)info.totalram * info.mem_unit;
}

static uint64_t unrecorded(int in_fd, uint64_t taken)
{
	uint64_t memory = all_memory() / 4, own = ALWAYS;
	struct stat st;

	if (fstat(in_fd, &st) == 0 && (uint64_t)st.st_size > ALWAYS / RATIO)
		own = (uint64_t)st.st_size * RATIO;
	return taken < memory && own < memory - taken ? taken + own : memory;
}

struct archive_rules contents_rules(const struct rebind_restore_options *options, int in_fd,
				    const struct mount_contents *recorded, uint64_t *taken)
{
	bool known = recorded && recorded->entries;
	struct archive_rules rules = {
		.policy = options->allow_devices ? ARCHIVE_ANY_DEVICES : 0,
		.writer = recorded && recorded->has_digest ? ARCHIVE_OURS : ARCHIVE_ANYBODY,
		.memory = options->max_contents,
		.taken = taken,
	};

	if (known) {
		rules.entries = recorded->entries;
		rules.bytes = recorded->bytes;
	}
	if (!rules.memory)
		rules.memory = known ? all_memory() / 2 : unrecorded(in_fd, *taken);
	return rules;
}
