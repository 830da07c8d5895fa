/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who does the mounts of a container that CRIU dumps: rebind if it can, else CRIU alone. So every
 * container that CRIU can dump without rebind is dumped. This is decided from /proc, before any
 * process is frozen; the image records the decision, and a restore follows it.
 */
#ifndef REBIND_RUNTIME_CRIU_CHOICE_H
#define REBIND_RUNTIME_CRIU_CHOICE_H

#include "base/text.h"
#include "include/rebind.h"

enum criu_by { CRIU_BY_AUTO, CRIU_BY_REBIND, CRIU_BY_CRIU };

#define CRIU_BY_WORDS "auto|rebind|criu"

/**
 * criu_by_word - Return: the value of one of these words; NULL is "auto". -EINVAL: it is none.
 */
int criu_by_word(const char *word);

/**
 * criu_by_environment - the value of REBIND_MOUNTS, for callers that cannot give an option
 *
 * Return: an enum criu_by, or -EINVAL, logged.
 */
int criu_by_environment(void);

/* Why CRIU does the mounts; if rebind has to do them, it refuses for these reasons. */
struct criu_choice {
	struct strings reasons; /* why rebind cannot do them */
	struct strings doubts;	/* why rebind does not do them, unless that is demanded */
	struct strings losses;	/* what CRIU alone is known to lose here */
};

void criu_choice_free(struct criu_choice *choice);
#define cleanup_choice cleanup(criu_choice_free)

/**
 * criu_choose - decide about a dump
 * @how: what is to be dumped
 * @parent: which option names an earlier image that the new one adds to, or NULL
 * @report: with CRIU_BY_REBIND, gets the findings that are reasons otherwise
 * @ret: the reasons, to be freed in any case
 *
 * Return: CRIU_BY_REBIND; CRIU_BY_CRIU; or a negative errno, logged or in the report.
 */
int criu_choose(struct rebind *rebind, const struct rebind_dump_options *how, const char *parent,
		enum criu_by ns_request, struct rebind_report *report, struct criu_choice *ret);

/**
 * criu_choice_add - one reason more, which the caller knows
 */
int criu_choice_add(struct criu_choice *choice, const char *reason);

/**
 * criu_choice_warn - the warning that CRIU does the mounts: each reason, and what may be lost
 *
 * Without a reason there is no warning: the caller wanted it.
 */
void criu_choice_warn(const struct criu_choice *choice);

/**
 * criu_choice_text - the same sentence, to be freed; NULL: there is nothing to say, or no memory
 */
char *criu_choice_text(const struct criu_choice *choice);

/**
 * criu_choose_restore - decide about a restore: as the image has it, unless the caller wants
 * otherwise
 *
 * Return: CRIU_BY_REBIND, CRIU_BY_CRIU.
 */
enum criu_by criu_choose_restore(const char *images_dir, enum criu_by ns_request);

#endif
