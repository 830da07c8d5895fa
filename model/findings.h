/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that is wrong, collected before anything is done. */
#ifndef REBIND_MODEL_FINDINGS_H
#define REBIND_MODEL_FINDINGS_H

#include "base/util.h"
#include "include/rebind.h"

/*
 * What a finding is about: its number is that of rebind.h. rebind(1) says what each means;
 * test/unit/test-findings.c compares all three.
 */
#define FINDING_CODES(X)                                    \
	/* the command, the caller, the target */           \
	X(FINDING_USAGE, "usage")                           \
	X(FINDING_OPTION, "option")                         \
	X(FINDING_CAPABILITY, "capability")                 \
	X(FINDING_NO_PROC, "no-proc")                       \
	X(FINDING_NOT_MOUNTINFO, "not-mountinfo")           \
	X(FINDING_OWN_NAMESPACE, "own-namespace")           \
	X(FINDING_CHROOTED, "chrooted")                     \
	X(FINDING_FREEZE, "freeze")                         \
	X(FINDING_CHANGED, "changed")                       \
	X(FINDING_TOO_MANY_MOUNTS, "too-many-mounts")       \
	/* a dump: what no image can hold */                \
	X(FINDING_NOT_DUMPABLE, "not-dumpable")             \
	X(FINDING_DECLARED_TWICE, "declared-twice")         \
	X(FINDING_UNREACHABLE, "unreachable")               \
	X(FINDING_SYMLINK, "symlink")                       \
	X(FINDING_DELETED, "deleted")                       \
	X(FINDING_CONTENTS, "contents")                     \
	X(FINDING_IDMAPPED, "idmapped")                     \
	X(FINDING_OVERLAY_LAYER, "overlay-layer")           \
	X(FINDING_OVERLAY_INDEX, "overlay-index")           \
	X(FINDING_UNKNOWN_OPTION, "unknown-option")         \
	X(FINDING_NOT_ENABLED, "not-enabled")               \
	/* the image */                                     \
	X(FINDING_IMAGE_EXISTS, "image-exists")             \
	X(FINDING_IMAGE_EMPTY, "image-empty")               \
	X(FINDING_IMAGE_INVENTORY, "image-inventory")       \
	X(FINDING_IMAGE_VERSION, "image-version")           \
	X(FINDING_IMAGE_NAMESPACE, "image-namespace")       \
	X(FINDING_IMAGE_PROCESSES, "image-processes")       \
	X(FINDING_IMAGE_READ, "image-read")                 \
	X(FINDING_IMAGE_MAGIC, "image-magic")               \
	X(FINDING_IMAGE_TRUNCATED, "image-truncated")       \
	X(FINDING_IMAGE_RECORD, "image-record")             \
	X(FINDING_IMAGE_UNKNOWN, "image-unknown")           \
	X(FINDING_IMAGE_TREE, "image-tree")                 \
	X(FINDING_IMAGE_FIELD, "image-field")               \
	X(FINDING_IMAGE_TEXT, "image-text")                 \
	X(FINDING_IMAGE_PATH, "image-path")                 \
	X(FINDING_IMAGE_KEY, "image-key")                   \
	X(FINDING_IMAGE_FLAGS, "image-flags")               \
	X(FINDING_IMAGE_FSTYPE, "image-fstype")             \
	X(FINDING_IMAGE_FORMAT, "image-format")             \
	X(FINDING_IMAGE_IDMAP, "image-idmap")               \
	X(FINDING_IMAGE_SOCKET, "image-socket")             \
	X(FINDING_IMAGE_DIGEST, "image-digest")             \
	X(FINDING_IMAGE_REMOVED, "image-removed")           \
	/* a restore: what is missing here */               \
	X(FINDING_NO_ROOT, "no-root")                       \
	X(FINDING_NO_SOURCE, "no-source")                   \
	X(FINDING_SOURCE_KIND, "source-kind")               \
	X(FINDING_UNKNOWN_KEY, "unknown-key")               \
	X(FINDING_KEY_TWICE, "key-twice")                   \
	X(FINDING_NO_PLUGIN, "no-plugin")                   \
	X(FINDING_UNKNOWN_FILESYSTEM, "unknown-filesystem") \
	X(FINDING_NO_CGROUP, "no-cgroup")                   \
	X(FINDING_NO_HIERARCHY, "no-hierarchy")             \
	X(FINDING_SUPERBLOCK, "superblock")                 \
	X(FINDING_SHARING, "sharing")                       \
	X(FINDING_DEVICES, "devices")                       \
	X(FINDING_NO_CONTENTS, "no-contents")               \
	X(FINDING_BAD_CONTENTS, "bad-contents")             \
	X(FINDING_CONTENTS_SIZE, "contents-size")           \
	X(FINDING_LOCKED, "locked")                         \
	X(FINDING_NOT_PERMITTED, "not-permitted")           \
	X(FINDING_NO_ID, "no-id")                           \
	X(FINDING_NO_MOUNTPOINT, "no-mountpoint")           \
	X(FINDING_MOUNTPOINT_KIND, "mountpoint-kind")       \
	X(FINDING_OTHER_MOUNT, "other-mount")               \
	X(FINDING_NOT_ATTACHED, "not-attached")

#define FINDING_ENUM(code, word) code = REBIND_##code,
enum finding_code {
	FINDING_NONE, /* no code */
	FINDING_CODES(FINDING_ENUM)
};

/* One thing wrong. Strings are malloc()ed and belong to the list. */
struct finding {
	size_t size;	   /* of this struct, for rebind.h */
	const char *code;  /* finding_word() of it */
	uint32_t mount_id; /* 0: of no mount */
	char *path;	   /* the mount's path, or NULL */
	char *text;	   /* one clear sentence, without a full stop */
	char *help;	   /* the option that would solve it, or NULL */
	enum finding_code number;
};

struct findings {
	struct finding *list;
	size_t n;
	bool lost; /* memory ran out: there are more than the list says */
};

/**
 * findings_any - is anything wrong, also what there was no memory to say
 */
static inline bool findings_any(const struct findings *findings)
{
	return findings->n || findings->lost;
}

void findings_free(struct findings *findings);
#define cleanup_findings cleanup(findings_free)

/**
 * finding_word - "no-source" and the like: constant text
 */
const char *finding_word(enum finding_code code);

/**
 * finding_code_of - the code of a word, or FINDING_NONE
 * @word: may be NULL
 */
enum finding_code finding_code_of(const char *word);

/**
 * findings_add - add one
 * @mount_id, @path: the mount, or 0 and NULL
 * @help: what would help, or NULL: nothing would; an option is put behind "pass"
 *
 * Return: -EINVAL, so that a check can `return findings_add(...)`.
 */
int findings_add(struct findings *findings, enum finding_code code, uint32_t mount_id,
		 const char *path, const char *help, const char *format, ...) printf_like(6, 7);

/**
 * findings_sort - in the order in which a tree is shown; what is about no mount stands first
 *
 * Those of one mount keep their order. Without memory for it, all stay as they are.
 */
void findings_sort(struct findings *findings);

/**
 * findings_append - move all of one list to the end of another
 * Return: 0 or -ENOMEM.
 */
int findings_append(struct findings *to, struct findings *from);

/* Where the sentence is about a mount of a tree. */
#define findings_mount(findings, code, m, help, ...) \
	findings_add(findings, code, (m)->id, mount_shown(m), help, __VA_ARGS__)

#endif
