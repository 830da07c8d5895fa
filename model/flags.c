// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/flags.h"

#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#define ATTR_NOSYMFOLLOW 0x200000 /* MOUNT_ATTR_NOSYMFOLLOW, since 5.14 */
#define ATTR_IDMAP	 0x100000 /* MOUNT_ATTR_IDMAP, since 5.12 */

static const struct {
	const char *word;
	uint32_t set, clear;
} attr_words[] = {
	{ "rw", 0, MOUNT_ATTR_RDONLY },
	{ "ro", MOUNT_ATTR_RDONLY, 0 },
	{ "nosuid", MOUNT_ATTR_NOSUID, 0 },
	{ "suid", 0, MOUNT_ATTR_NOSUID },
	{ "nodev", MOUNT_ATTR_NODEV, 0 },
	{ "dev", 0, MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC, 0 },
	{ "exec", 0, MOUNT_ATTR_NOEXEC },
	{ "relatime", 0, FLAGS_ATTR_ATIME },
	{ "noatime", MOUNT_ATTR_NOATIME, FLAGS_ATTR_ATIME },
	{ "strictatime", MOUNT_ATTR_STRICTATIME, FLAGS_ATTR_ATIME },
	{ "atime", 0, FLAGS_ATTR_ATIME },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME, 0 },
	{ "diratime", 0, MOUNT_ATTR_NODIRATIME },
	{ "nosymfollow", ATTR_NOSYMFOLLOW, 0 },
	{ "symfollow", 0, ATTR_NOSYMFOLLOW },
	{ "idmapped", ATTR_IDMAP, 0 },
};

static bool is_word(const char *word, size_t size, const char *known)
{
	return strncmp(word, known, size) == 0 && known[size] == '\0';
}

int flags_attr_from_word(const char *word, size_t size, uint32_t *set, uint32_t *clear)
{
	for (size_t i = 0; i < ARRAY_SIZE(attr_words); i++) {
		if (!is_word(word, size, attr_words[i].word))
			continue;
		*set = (*set & ~attr_words[i].clear) | attr_words[i].set;
		*clear = (*clear & ~attr_words[i].set) | attr_words[i].clear;
		return 0;
	}
	return -EINVAL;
}

int flags_attr_from_options(const char *options, uint32_t *ret_attr, const char **unknown)
{
	uint32_t set = 0, clear = 0;

	for (const char *p = options; *p;) {
		size_t n = strcspn(p, ",");

		if (n && flags_attr_from_word(p, n, &set, &clear)) {
			if (unknown)
				*unknown = p;
			return -EINVAL;
		}
		p += n + (p[n] == ',');
	}
	if (!(set & FLAGS_ATTR_ATIME) && !(clear & FLAGS_ATTR_ATIME))
		set |= MOUNT_ATTR_STRICTATIME;
	*ret_attr = set;
	return 0;
}

static const struct {
	uint32_t attr, ms;
} attr_ms[] = {
	{ MOUNT_ATTR_RDONLY, MS_RDONLY },
	{ MOUNT_ATTR_NOSUID, MS_NOSUID },
	{ MOUNT_ATTR_NODEV, MS_NODEV },
	{ MOUNT_ATTR_NOEXEC, MS_NOEXEC },
	{ ATTR_NOSYMFOLLOW, FLAGS_MS_NOSYMFOLLOW },
	{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME },
};

uint32_t flags_attr_to_ms(uint32_t attr)
{
	uint32_t ms = 0;

	for (size_t i = 0; i < ARRAY_SIZE(attr_ms); i++)
		if (attr & attr_ms[i].attr)
			ms |= attr_ms[i].ms;
	if ((attr & FLAGS_ATTR_ATIME) == MOUNT_ATTR_NOATIME)
		ms |= MS_NOATIME;
	else if ((attr & FLAGS_ATTR_ATIME) == MOUNT_ATTR_RELATIME)
		ms |= MS_RELATIME;
	return ms;
}

uint32_t flags_attr_from_ms(uint32_t ms)
{
	uint32_t attr = 0;

	for (size_t i = 0; i < ARRAY_SIZE(attr_ms); i++)
		if (ms & attr_ms[i].ms)
			attr |= attr_ms[i].attr;
	if (ms & MS_NOATIME)
		attr |= MOUNT_ATTR_NOATIME;
	else if (!(ms & MS_RELATIME))
		attr |= MOUNT_ATTR_STRICTATIME;
	return attr;
}

static void flags_append(char *buf, size_t size, const char *word)
{
	size_t n = strlen(buf);

	snprintf(buf + n, size - n, "%s%s", n ? "," : "", word);
}

const char *flags_attr_text(uint32_t attr, char buf[96])
{
	uint32_t atime = attr & FLAGS_ATTR_ATIME;

	buf[0] = '\0';
	flags_append(buf, 96, attr & MOUNT_ATTR_RDONLY ? "ro" : "rw");
	if (attr & MOUNT_ATTR_NOSUID)
		flags_append(buf, 96, "nosuid");
	if (attr & MOUNT_ATTR_NODEV)
		flags_append(buf, 96, "nodev");
	if (attr & MOUNT_ATTR_NOEXEC)
		flags_append(buf, 96, "noexec");
	if (atime == MOUNT_ATTR_NOATIME)
		flags_append(buf, 96, "noatime");
	if (attr & MOUNT_ATTR_NODIRATIME)
		flags_append(buf, 96, "nodiratime");
	if (atime == MOUNT_ATTR_RELATIME)
		flags_append(buf, 96, "relatime");
	if (attr & ATTR_NOSYMFOLLOW)
		flags_append(buf, 96, "nosymfollow");
	if (attr & ATTR_IDMAP)
		flags_append(buf, 96, "idmapped");
	return buf;
}

static const struct {
	const char *word;
	int ms;
} sb_words[] = {
	{ "rw", 0 },
	{ "ro", MS_RDONLY },
	{ "sync", MS_SYNCHRONOUS },
	{ "mand", MS_MANDLOCK },
	{ "dirsync", MS_DIRSYNC },
	{ "lazytime", MS_LAZYTIME },
};

int flags_sb_from_word(const char *word, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(sb_words); i++)
		if (is_word(word, size, sb_words[i].word))
			return sb_words[i].ms;
	return -EINVAL;
}

const char *flags_sb_text(uint32_t sb_flags, char buf[64])
{
	buf[0] = '\0';
	flags_append(buf, 64, sb_flags & MS_RDONLY ? "ro" : "rw");
	for (size_t i = 2; i < ARRAY_SIZE(sb_words); i++)
		if (sb_flags & (uint32_t)sb_words[i].ms)
			flags_append(buf, 64, sb_words[i].word);
	return buf;
}

uint32_t flags_union(uint32_t image, uint32_t source)
{
	return image | (source & FLAGS_RESTRICTIONS);
}
