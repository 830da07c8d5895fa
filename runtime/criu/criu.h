/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whole containers: the mounts by rebind, the processes by CRIU. CRIU takes a mount namespace that
 * another program built, by an undocumented option: --join-ns mnt:FILE. FILE is opened when
 * the root task joins, after the action setup-namespaces.
 *
 * The root task restores the network namespace by programs, "ip", "iptables-restore", "nft", "sh",
 * after it has joined. So what it joins shows the caller's mounts: these programs are the caller's,
 * and nothing of a container is executed. At post-setup-namespaces, when it waits, rebind builds in
 * that namespace; pivot_root(2) gives the root task the new root. All its namespaces are there by
 * then, to which /proc, /sys and cgroups belong.
 *
 * CRIU with no namespace to make skips both actions. Then no such program is run either, and rebind
 * builds at pre-restore, what the process joins. Seen with CRIU 4.2.
 */
#ifndef REBIND_RUNTIME_CRIU_CRIU_H
#define REBIND_RUNTIME_CRIU_CRIU_H

#include "base/text.h"
#include "include/rebind.h"
#include "mnt/host-view.h"
#include "runtime/criu/actions.h"
#include "runtime/criu/choice.h"
#include "runtime/criu/removed.h"
#include "base/guard.h"

/**
 * criu_find - the program that does the processes
 * @ret: its path, to be freed
 *
 * REBIND_CRIU, else "criu" in PATH that is not rebind itself under that name.
 * Return: 0 or a negative errno, logged.
 */
int criu_find(char **ret);

#define CRIU_VERSION_MAX 512

/**
 * criu_version - what a CRIU that failed says it is: "; it is 'PATH', Version: 4.1", or ""
 * Return: @text.
 */
const char *criu_version(const char *path, char text[CRIU_VERSION_MAX]);

/**
 * criu_spawn - start it
 * @argv: argv[0] is the path
 *
 * It does not die with us: CRIU killed in the middle would leave a frozen container.
 * Return: its pid or a negative errno, logged.
 */
pid_t criu_spawn(char *const *argv);

/**
 * criu_sibling_begin - the process that CRIU restores is to be a child of our caller's
 *
 * With --restore-sibling CRIU makes it a child of CRIU's own parent. So this process becomes CRIU
 * at criu_spawn(), and what goes on here is another process, and no child of the caller's: the
 * caller has the pid that it started, and its exit status.
 *
 * Return: 0 or a negative errno, logged; in the process that goes on.
 */
int criu_sibling_begin(void);

/* For criu_spawn(). */
bool criu_sibling_is_wanted(void);
pid_t criu_sibling_start(char *const *argv);

/**
 * criu_become - this process is CRIU from now on
 *
 * Return: a negative errno, logged: it could not be started.
 */
int criu_become(char *const *argv);

/* What CRIU is told beside the mounts. */
struct criu_command {
	struct rebind *rebind; /* or NULL */
	enum criu_by by;
	char *const *words; /* more options, ended by NULL; or NULL */
	/*
	 * All of CRIU's command line, argv[0] included, where the caller gave one: CRIU gets that
	 * where it does the mounts. NULL: it is put together.
	 */
	char *const *plain;
	/* Action scripts, which CRIU starts itself where it does the mounts. */
	const char *const *scripts;
	size_t n_scripts;
};

/* What it ended with is the reason, no errno. */
#define criu_failed(...) (log_error(0, __VA_ARGS__), -ECANCELED)

/**
 * criu_dump - dump processes and mounts of a container
 * @mounts: as for rebind_dump(); pid and images_dir are CRIU's too
 *
 * CRIU is told that every mount but the root is external, so that it neither checks nor copies
 * them. The mounts are dumped at its action post-dump, when the processes are still frozen. If
 * anything fails no image is left, but one that was there before, and the processes run on. Where
 * rebind cannot do the mounts (criu_choose()) CRIU does, and is told of externals as rebind was.
 *
 * Return: 0 or a negative errno.
 */
int criu_dump(const struct rebind_dump_options *mounts, const struct criu_command *command,
	      struct rebind_report *report);

/**
 * criu_restore - restore them
 * @mounts: as for rebind_restore()
 * @ret_status: CRIU's exit status when the restore was done: it may stay with the container
 *
 * The image directory is only read: CRIU gets a view of it with an inventory of ours.
 * Return: 0 or a negative errno.
 */
int criu_restore(const struct rebind_restore_options *mounts, const struct criu_command *command,
		 struct rebind_report *report, int *ret_status);

/**
 * criu_alone_dump, criu_alone_restore - CRIU does the mounts, too
 *
 * The restore does not return if all is well: this process becomes CRIU, as a caller of CRIU
 * expects. Return: 0 or a negative errno, logged.
 */
int criu_alone_dump(const struct rebind_dump_options *mounts, const struct criu_command *command);
int criu_alone_restore(const struct rebind_restore_options *mounts,
		       const struct criu_command *command);

/**
 * criu_put_words - append the caller's options, up to "--", and what follows that
 * @options: goes between both
 */
int criu_put_words(struct strings *command, char *const *words, const struct strings *options);

/**
 * criu_view - the image directory as CRIU shall see it
 * @images_fd: the image
 * @scratch_fd: where the changed files go, and what CRIU writes
 * @removed: of the image
 *
 * An overlay that is nowhere mounted: CRIU opens files by its descriptor, also when its root is the
 * container's already.
 * Return: a descriptor or a negative errno, logged.
 */
int criu_view(int images_fd, int scratch_fd, const struct removed_files *removed);

/**
 * criu_images_claim - lock a directory, and set the image that is there aside
 * @ret_dir: the caller's, who closes it when all is written: image_lock()
 *
 * criu_images_keep() drops the older image, criu_images_take_back() puts it back. What a dump that
 * was killed has left is cleared away. Return: 0 or a negative errno, logged.
 */
int criu_images_claim(const char *path, int *ret_dir);

/**
 * criu_images_check_parent - does the image stand for itself
 *
 * Return: 0 or -EOPNOTSUPP, logged: an incremental dump, which could not be restored.
 */
int criu_images_check_parent(int dir_fd);

/**
 * criu_images_take_back - remove the files of an image that failed; logs stay
 */
void criu_images_take_back(const char *path);

/**
 * criu_images_keep - the image is complete: the older one goes
 */
void criu_images_keep(const char *path);

/**
 * criu_externals - "mnt[PATH]:PATH" of every mount but the root, so that CRIU asks nothing of them
 * @prefix: goes before each
 *
 * Return: 0 or a negative errno, logged or in the report.
 */
int criu_externals(pid_t pid, const char *prefix, struct strings *ret,
		   struct rebind_report *report);

/**
 * criu_dump_mounts - our part of a dump
 * @only_look: only find what is wrong with the mounts, before CRIU has touched the processes;
 *             else CRIU has dumped them
 */
int criu_dump_mounts(struct rebind *rebind, const struct rebind_dump_options *mounts,
		     bool only_look, struct rebind_report *report);

/* A dump from when CRIU is started: what it wrote, and whom it dumps. */
struct criu_dumped {
	const char *images_dir;
	int target_fd; /* pidfd */
	bool complete;
	struct guard guard;
};

#define CRIU_DUMPED_INIT .target_fd = -EBADF, .guard = { -EBADF, 0 }

/**
 * criu_dumped_begin - from now on no image is left if we die
 * @target: the process that is dumped
 * @criu: who dumps; its end is waited for
 *
 * Return: 0 or a negative errno, logged.
 */
int criu_dumped_begin(struct criu_dumped *dumped, const char *images_dir, pid_t target, pid_t criu);

/**
 * criu_dumped_complete - the image is complete: to be said before CRIU hears that all is well
 */
void criu_dumped_complete(struct criu_dumped *dumped);

/**
 * criu_dumped_end - CRIU is gone
 * @images_dir: claimed; the image that was there goes, or comes back
 * @failed: the image goes, unless it is all there is of the container
 */
void criu_dumped_end(struct criu_dumped *dumped, const char *images_dir, bool failed);

struct criu_terminals;

/**
 * criu_terminals_find - the terminals that mounts of the image show
 * @how: gets a null device as the source of each that has none
 * @ret: to be freed in any case; @how is of use as long as it is there
 *
 * Return: 0 or a negative errno, logged or in the report.
 */
int criu_terminals_find(struct rebind *rebind, struct rebind_restore_options *how,
			struct rebind_report *report, struct criu_terminals **ret);

void criu_terminals_free(struct criu_terminals *terminals);

/**
 * criu_terminals_put - CRIU has opened the terminals: now they are where the null devices were
 *
 * Return: 0 or a negative errno, logged. One that CRIU did not open is a warning.
 */
int criu_terminals_put(const struct criu_terminals *terminals, int ns_fd);

/* What CRIU needs to join the namespace that is built: a name that leads to it. */
struct criu_mounts {
	struct rebind *rebind; /* or NULL */
	struct rebind_restore_options how;
	struct criu_terminals *terminals;
	struct criu_removed removed;
	struct rebind_report *report;
	uint32_t own;	       /* which namespaces the processes had of their own: CLONE_NEW* */
	bool is_alone;	       /* the mount namespace is all that the processes had of their own */
	bool has_cgroups;      /* there are mounts that show the cgroup namespace */
	int dir_fd;	       /* where the name stands */
	bool has_user;	       /* the processes get a user namespace of their own */
	struct host_door door; /* then it is the name */
	int view_fd;	       /* what the root task joins, until the mounts are built there */
	int cgroup_fd;	       /* the cgroup namespace that they were built for */
	int root_fd;	       /* pidfd of the root task */
	pid_t root_task;
	struct guard guard;
	struct rebind_namespace *ns;
};

#define CRIU_MOUNTS_INIT                                                             \
	.dir_fd = -EBADF, .view_fd = -EBADF, .cgroup_fd = -EBADF, .root_fd = -EBADF, \
	.guard = { -EBADF, 0 }, .removed = { CRIU_REMOVED_INIT }, .door = HOST_DOOR_INIT

/**
 * criu_mounts_prepare - make the name; it leads to our own namespace so far
 * @ret: "/proc/PID/fd/N/mnt"; or "/proc/PID/ns/mnt" with a user namespace: its root must be able to
 *       open it without privileges
 */
int criu_mounts_prepare(struct criu_mounts *mounts, char ret[80]);

/**
 * criu_mounts_look - find what is wrong with the mounts, while nothing has been started
 */
int criu_mounts_look(struct criu_mounts *mounts);

/**
 * criu_mounts_act - our part at one of CRIU's actions
 * @root_task: where CRIU tells it, else 0
 *
 * pre-restore: if CRIU will make no namespaces, the mounts are built. setup-namespaces: the name
 * leads to what the root task joins. post-setup-namespaces: the mounts are built there.
 * post-restore: what there could only be when CRIU had opened it; and the root task has to be where
 * it belongs. post-resume: the namespace is the container's. After a failure criu_mounts_kill().
 *
 * Return: 0 or a negative errno, logged or in the report.
 */
int criu_mounts_act(struct criu_mounts *mounts, const char *action, pid_t root_task);

/**
 * criu_mounts_kill - it has failed, and nothing of it may run: CRIU does not heed every no
 */
void criu_mounts_kill(const struct criu_mounts *mounts);

/**
 * criu_mounts_end - let go of the namespace
 * @kept: it is the container's; else all that was made for it is taken back
 */
void criu_mounts_end(struct criu_mounts *mounts, bool kept);

#endif
