// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/criu/choice.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/names.h"
#include "base/ns.h"
#include "base/path.h"
#include "image/image.h"
#include "model/filesystem.h"
#include "runtime/criu/process-tree.h"
#include "runtime/criu/criu.h"

#define add(strings, ...) strings_print(strings, __VA_ARGS__)

int criu_by_word(const char *word)
{
	if (!word || strcmp(word, "auto") == 0)
		return CRIU_BY_AUTO;
	if (strcmp(word, "rebind") == 0)
		return CRIU_BY_REBIND;
	return strcmp(word, "criu") == 0 ? CRIU_BY_CRIU : -EINVAL;
}

int criu_by_environment(void)
{
	const char *word = secure_getenv("REBIND_MOUNTS");
	int by = criu_by_word(word && *word ? word : NULL);

	return by < 0 ? log_error(by, "REBIND_MOUNTS is '%s', not one of " CRIU_BY_WORDS, word)
		      : by;
}

void criu_choice_free(struct criu_choice *choice)
{
	strings_free(&choice->reasons);
	strings_free(&choice->doubts);
	strings_free(&choice->losses);
}

int criu_choice_add(struct criu_choice *choice, const char *reason)
{
	return add(&choice->reasons, "%s", reason);
}

/* ---- reasons: rebind cannot do the mounts ---- */

static int look_at_processes(pid_t pid, struct criu_choice *ret)
{
	cleanup_processes struct processes tree = { 0 };
	int err = processes_read(pid, &tree);

	if (!err)
		err = criu_tree_namespaces(&tree, "mnt", &ret->reasons);
	return err ? err : criu_tree_removed(&tree, &ret->reasons);
}

/* "'/x' (mount 42): TEXT; HELP" */
static int add_finding(struct strings *ret, const struct rebind_finding *finding)
{
	cleanup_free char *path = finding->path ? path_printable(finding->path) : NULL;
	char id[32] = "";

	if (finding->mount_id)
		snprintf(id, sizeof(id), "mount %u ", finding->mount_id);
	return add(ret, "%s%s%s%s%s%s%s", id, path ? "'" : "", path ? path : "", path ? "': " : "",
		   finding->text, finding->help ? "; " : "", finding->help ? finding->help : "");
}

/* What was said where there is no finding. */
static int add_failure(struct criu_choice *ret, const struct log_held *held, int err)
{
	const char *said = log_held_error(held);

	return add(&ret->reasons, "the mounts cannot be read by rebind: %s",
		   said ? said : strerror(-err));
}

/* Lines of the log that such a look leaves are of no interest where CRIU does it. */
static int look_at_mounts(struct rebind *rebind, const struct rebind_dump_options *how,
			  struct criu_choice *ret)
{
	struct rebind_report *report = rebind_report_new();
	struct log_held held;

	if (!report)
		return -ENOMEM;
	log_hold(&held);
	int failed = criu_dump_mounts(rebind, how, true, report);
	size_t n = rebind_report_n_findings(report);
	int err = failed && !n ? add_failure(ret, &held, failed) : 0;

	log_let_go(&held, false);
	for (size_t i = 0; i < n && !err; i++)
		err = add_finding(&ret->reasons, rebind_report_finding(report, i));
	rebind_report_free(report);
	return err;
}

/* ---- doubts: it may fail at the restore ---- */

/* A restore makes such a directory again only with --create-mountpoints, which no runtime says. */
static int look_at_deleted(pid_t pid, struct criu_choice *ret)
{
	struct rebind_report *report = rebind_report_new();
	struct rebind_tree *tree = NULL;
	struct rebind_mount m = { .size = sizeof(m) };
	char name[16];
	int err = 0;

	snprintf(name, sizeof(name), "%d", (int)pid);
	if (report && rebind_tree_open(NULL, name, 0, report, &tree) == 0) {
		for (size_t i = 0; i < rebind_tree_count(tree) && !err; i++) {
			rebind_tree_get(tree, i, &m);
			if (m.deleted && filesystem_type_of(m.fstype) != FILESYSTEM_TYPE_TMPFS)
				err = add(
					&ret->doubts,
					"mount %u '%s' shows what was removed from its filesystem",
					m.id, m.mountpoint);
		}
		rebind_tree_free(tree);
	}
	rebind_report_free(report);
	return err;
}

static bool shows_cgroups(const struct rebind_tree *tree)
{
	struct rebind_mount m = { .size = sizeof(m) };

	for (size_t i = 0; i < rebind_tree_count(tree); i++) {
		rebind_tree_get(tree, i, &m);
		if (strncmp(m.fstype, "cgroup", 6) == 0)
			return true;
	}
	return false;
}

/* See mounts.c: CRIU would not say when its cgroup namespace is there. */
static int look_at_cgroups(pid_t pid, struct criu_choice *ret)
{
	static const char *const kinds[] = { "pid", "net", "ipc", "uts", "user", "time" };
	struct rebind_report *report = rebind_report_new();
	struct rebind_tree *tree = NULL;
	bool other = ns_differs(pid, "cgroup") <= 0;
	char name[16];
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		other |= ns_differs(pid, kinds[i]) > 0;
	snprintf(name, sizeof(name), "%d", (int)pid);
	if (!other && report && rebind_tree_open(NULL, name, 0, report, &tree) == 0) {
		if (shows_cgroups(tree))
			err = add(&ret->reasons,
				  "process %d has a cgroup namespace and mounts of its own, and no "
				  "other namespace; a mount shows its cgroups, and CRIU does not "
				  "say when they are there",
				  (int)pid);
		rebind_tree_free(tree);
	}
	rebind_report_free(report);
	return err;
}

/* ---- what CRIU alone loses ---- */

static int add_loss(const struct rebind_mount *m, struct criu_choice *ret)
{
	cleanup_free char *path = path_printable(m->mountpoint);
	int err = 0;

	if (!path)
		return -ENOMEM;
	if (m->idmapped)
		err = add(&ret->losses, "the id-mapping of mount %u '%s'", m->id, path);
	if (!err && text_has_word(m->attributes, "nosymfollow"))
		err = add(&ret->losses, "nosymfollow of mount %u '%s'", m->id, path);
	if (!err && m->depth == 0 && text_has_word(m->sb_flags, "ro"))
		err = add(&ret->losses, "that the root's filesystem is read-only as a whole");
	if (!err && m->covered && filesystem_type_of(m->fstype) == FILESYSTEM_TYPE_TMPFS)
		err = add(&ret->losses, "the tmpfs of mount %u '%s', which another one covers",
			  m->id, path);
	return err;
}

/* A second mount of one source comes back without its flags. @first: what was seen of each source
 */
static int add_twin(const struct rebind_tree *tree, size_t index, struct names *first,
		    struct strings *sources, struct criu_choice *ret)
{
	struct rebind_mount m = { .size = sizeof(m) }, other = { .size = sizeof(other) };

	rebind_tree_get(tree, index, &m);
	if (m.depth == 0 || strcmp(m.root, "/") == 0)
		return 0;
	int err = add(sources, "%u:%u%s", m.dev_major, m.dev_minor, m.root);

	if (err)
		return err;
	const char *source = sources->list[sources->n - 1];
	uint32_t before = names_get(first, source, strlen(source));

	if (before == TABLE_NONE)
		return names_put(first, source, strlen(source), (uint32_t)index);
	rebind_tree_get(tree, before, &other);
	if (strcmp(other.attributes, m.attributes) == 0)
		return 0;
	return add(&ret->losses, "the flags (%s) of mount %u '%s', which shows what '%s' shows",
		   m.attributes, m.id, m.mountpoint, other.mountpoint);
}

static int look_at_losses(pid_t pid, struct criu_choice *ret)
{
	struct rebind_report *report = rebind_report_new();
	cleanup(strings_free) struct strings sources = { 0 };
	cleanup_names struct names first = { 0 };
	struct rebind_tree *tree = NULL;
	struct rebind_mount m = { .size = sizeof(m) };
	char name[16];
	int err = 0;

	snprintf(name, sizeof(name), "%d", (int)pid);
	if (report && rebind_tree_open(NULL, name, 0, report, &tree) == 0) {
		size_t n = rebind_tree_count(tree);

		for (size_t i = 0; i < n && !err; i++) {
			rebind_tree_get(tree, i, &m);
			err = add_loss(&m, ret);
			if (!err)
				err = add_twin(tree, i, &first, &sources, ret);
		}
		rebind_tree_free(tree);
	}
	rebind_report_free(report);
	return err;
}

/* ---- the choice ---- */

/* Return: 1 if there is no more to look at, 0, or a negative errno. */
static int look_at_all(const struct rebind_dump_options *how, const char *parent,
		       struct criu_choice *ret)
{
	int other = ns_differs(how->pid, "mnt");
	int err = 0;

	if (other < 0)
		return other;
	if (!other)
		return add(
			&ret->reasons,
			"process %d is in the caller's own mount namespace, which is not rebind's "
			"to build again",
			(int)how->pid);
	if (parent)
		err = add(
			&ret->reasons,
			"the image has a parent (%s): if rebind does the mounts, CRIU cannot find "
			"the pages of the parent",
			parent);
	if (!err)
		err = look_at_cgroups(how->pid, ret);
	if (!err)
		err = look_at_deleted(how->pid, ret);
	return err ? err : look_at_processes(how->pid, ret);
}

static int choice_refuse(const struct criu_choice *choice)
{
	for (size_t i = 0; i < choice->reasons.n; i++)
		log_error(0, "%s (--mounts auto would leave the mounts to CRIU)",
			  choice->reasons.list[i]);
	return -EOPNOTSUPP;
}

static bool has_any(const struct criu_choice *choice)
{
	return choice->reasons.n || choice->doubts.n;
}

int criu_choose(struct rebind *rebind, const struct rebind_dump_options *how, const char *parent,
		enum criu_by by, struct rebind_report *report, struct criu_choice *ret)
{
	if (by == CRIU_BY_CRIU)
		return CRIU_BY_CRIU;
	int err = look_at_all(how, parent, ret);

	/* What cannot be looked at is gone: CRIU has the words for it. */
	if (err && by == CRIU_BY_AUTO && err != -ENOMEM)
		return CRIU_BY_CRIU;
	if (err)
		return log_error(err == -ENOENT ? -ESRCH : err, "cannot look at process %d",
				 (int)how->pid);
	if (by == CRIU_BY_REBIND && ret->reasons.n)
		return choice_refuse(ret);
	if (by == CRIU_BY_REBIND)
		err = criu_dump_mounts(rebind, how, true, report);
	else if (ns_differs(how->pid, "mnt") > 0)
		err = look_at_mounts(rebind, how, ret);
	if (!err && by == CRIU_BY_AUTO && has_any(ret))
		err = look_at_losses(how->pid, ret);
	if (err)
		return err;
	return by == CRIU_BY_AUTO && has_any(ret) ? CRIU_BY_CRIU : CRIU_BY_REBIND;
}

/* "a; b" */
static char *choice_join(const struct strings *first, const struct strings *second)
{
	cleanup_free char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; out && i < first->n + second->n; i++)
		fprintf(out, "%s%s", i ? "; " : "",
			i < first->n ? first->list[i] : second->list[i - first->n]);
	return out && fclose(out) == 0 ? take_ptr(&text) : NULL;
}

char *criu_choice_text(const struct criu_choice *choice)
{
	static const struct strings none = { 0 };
	cleanup_free char *why = choice_join(&choice->reasons, &choice->doubts);
	cleanup_free char *lost = choice_join(&choice->losses, &none);
	char *text;

	if (!why || !lost || !has_any(choice) ||
	    asprintf(&text, "CRIU does the mounts alone, without rebind: %s%s%s", why,
		     *lost ? ". CRIU alone loses: " : "", lost) < 0)
		return NULL;
	return text;
}

void criu_choice_warn(const struct criu_choice *choice)
{
	cleanup_free char *text = criu_choice_text(choice);

	if (text)
		log_warn("%s", text);
}

enum criu_by criu_choose_restore(const char *images_dir, enum criu_by by)
{
	cleanup_findings struct findings findings = { 0 };
	struct image_info info;

	if (by != CRIU_BY_AUTO)
		return by;
	cleanup_fd int fd = open(images_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* What is no image is rebind's to complain about. */
	if (fd < 0 || image_read_info(fd, &info, &findings) || !info.has_processes)
		return CRIU_BY_REBIND;
	return info.by_criu ? CRIU_BY_CRIU : CRIU_BY_REBIND;
}
