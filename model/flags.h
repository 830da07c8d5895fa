/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The three spellings of a mount's flags: MOUNT_ATTR_*, MS_*, and words. */
#ifndef REBIND_MODEL_FLAGS_H
#define REBIND_MODEL_FLAGS_H

#include "base/util.h"

/* Values from mount(2) and mount_setattr(2); Debian 12's headers do not have them all. */
#define FLAGS_MS_NOSYMFOLLOW 0x100
#define FLAGS_ATTR_ATIME     0x70 /* MOUNT_ATTR__ATIME */

/* The attributes that only ever take something away: they add up with those of a source. */
#define FLAGS_RESTRICTIONS 0x20000fU /* ro, nosuid, nodev, noexec, nosymfollow */

/**
 * flags_attr_from_word - a per-mount word of mountinfo or of --external-flags
 * @word: "ro", "nosuid", ..., "noatime", "nodiratime", "relatime", "strictatime", "nosymfollow",
 *        and those that clear: "rw", "suid", "dev", "exec", "symfollow", "atime", "diratime"
 * @set, @clear: bits of MOUNT_ATTR_* are or-ed in
 *
 * Return: 0 or -EINVAL for a word that is none of these.
 */
int flags_attr_from_word(const char *word, size_t size, uint32_t *set, uint32_t *clear);

/**
 * flags_attr_from_options - all words of a comma-separated list
 * @unknown: the first word that is none, for the message; may be NULL
 *
 * An atime mode that is not named means strictatime, as in mountinfo; for a caller's list use
 * flags_attr_from_word(). Return: 0 or -EINVAL.
 */
int flags_attr_from_options(const char *options, uint32_t *ret_attr, const char **unknown);

/**
 * flags_attr_to_ms, flags_attr_from_ms - to and from the MS_* bits of an image record
 *
 * @ms: MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOSYMFOLLOW, MS_NOATIME, MS_NODIRATIME,
 * MS_RELATIME (neither of noatime and relatime is strictatime)
 */
uint32_t flags_attr_to_ms(uint32_t attr);
uint32_t flags_attr_from_ms(uint32_t ms);

/* The bits of an image's `flags` that are attributes, and those that are propagation. */
#define FLAGS_MS_ATTRIBUTES  0x200d0fU
#define FLAGS_MS_PROPAGATION 0x1e0000U /* unbindable, private, slave, shared */

/**
 * flags_attr_text - words in mountinfo's order: "rw,nosuid,relatime"
 */
const char *flags_attr_text(uint32_t attr, char buf[96]);

/**
 * flags_sb_from_word - a superblock word that is a flag, not an option
 * @word: "ro", "rw", "sync", "dirsync", "mand", "lazytime"
 *
 * Return: its MS_* bit (0 for "rw"), or -EINVAL.
 */
int flags_sb_from_word(const char *word, size_t size);

/* The MS_* bits a superblock may have in an image. */
#define FLAGS_SB_KNOWN 0x20000d1U /* ro, synchronous, mandlock, dirsync, lazytime */

const char *flags_sb_text(uint32_t sb_flags, char buf[64]);

/**
 * flags_union - the attributes of an external mount
 * @image: what the record says; its atime mode counts
 * @source: what the source has; its restrictions stay
 */
uint32_t flags_union(uint32_t image, uint32_t source);

#endif
