/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that is wrong, collected before anything is done. */
#ifndef REBIND_MODEL_FINDINGS_H
#define REBIND_MODEL_FINDINGS_H

#include "base/util.h"

/* One thing wrong. Strings are malloc()ed and belong to the list. */
struct finding {
	const char *code;  /* a constant word for machines: "no-source", "unknown-option", ... */
	uint32_t mount_id; /* 0: of no mount */
	char *path;	   /* the mount's path, or NULL */
	char *text;	   /* one clear sentence, without a full stop */
	char *help;	   /* the option that would solve it, or NULL */
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
 * findings_add - add one
 * @code: constant text
 * @mount_id, @path: the mount, or 0 and NULL
 * @help: what would help, or NULL: nothing would; an option is put behind "pass"
 *
 * Return: -EINVAL, so that a check can `return findings_add(...)`.
 */
int findings_add(struct findings *findings, const char *code, uint32_t mount_id, const char *path,
		 const char *help, const char *format, ...) printf_like(6, 7);

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
	findings_add(findings, code, (m)->id, (m)->mountpoint, help, __VA_ARGS__)

#endif
