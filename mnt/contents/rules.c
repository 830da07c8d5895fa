// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/contents/rules.h"
#include "model/filesystem.h"

#include <stdio.h>
#include <string.h>
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

/* "64k", as tmpfs(5) has it. Return: 0 for a percentage, and for what cannot be understood. */
static uint64_t parse_size(const char *text)
{
	static const char units[] = "kmgtpe";
	char *end;
	uint64_t size = strtoull(text, &end, 10);
	const char *unit = *end && *end != ',' ? strchr(units, *end | 0x20) : NULL;
	unsigned int shift = unit ? 10 * (unsigned int)(unit - units + 1) : 0;

	if ((*end && *end != ',' && !unit) || (shift && size > UINT64_MAX >> shift))
		return 0;
	return size << shift;
}

/* Of the option "size", the last that is given. */
static void set_own_limit(const struct mount *m, struct archive_rules *rules)
{
	const char *option = filesystem_type_of(m->fstype) == FILESYSTEM_TYPE_TMPFS && m->options
				     ? m->options
				     : "";

	while (*option) {
		size_t n = strcspn(option, ",");

		if (strncmp(option, "size=", 5) == 0) {
			rules->own = parse_size(option + 5);
			snprintf(rules->own_name, sizeof(rules->own_name), "%.*s", (int)n, option);
		}
		option += n + (option[n] == ',');
	}
}

static void set_recorded(const struct mount_contents *recorded, struct archive_rules *rules)
{
	if (!recorded || !recorded->entries)
		return;
	rules->entries = recorded->entries;
	rules->bytes = recorded->bytes;
}

enum archive_writer contents_writer(const struct mount_contents *recorded)
{
	if (!recorded || !recorded->has_digest)
		return ARCHIVE_ANYBODY;
	return recorded->packing == MOUNT_PACKED_STORED ? ARCHIVE_STORED : ARCHIVE_OURS;
}

struct archive_rules contents_list_rules(const struct mount_contents *recorded, uint64_t *taken)
{
	struct archive_rules rules = { .memory = all_memory() / 2, .taken = taken };

	set_recorded(recorded, &rules);
	return rules;
}

struct archive_rules contents_rules(const struct rebind_restore_options *options, int in_fd,
				    const struct mount *m, const struct mount_contents *recorded,
				    uint64_t *taken)
{
	bool known = recorded && recorded->entries;
	struct archive_rules rules = {
		.policy = options->allow_devices ? ARCHIVE_ANY_DEVICES : 0,
		.writer = contents_writer(recorded),
		.option = "--max-contents SIZE",
		.memory = options->max_contents,
		.taken = taken,
	};

	set_recorded(recorded, &rules);
	set_own_limit(m, &rules);
	if (!rules.memory)
		rules.memory = known ? all_memory() / 2 : unrecorded(in_fd, *taken);
	return rules;
}
