/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * librebind: dump a mount namespace, and build it again under another root.
 *
 *	struct rebind_report *report = rebind_report_new();
 *	struct rebind_namespace *ns = NULL;
 *	const char *external[] = { "mnt[data]:/srv/other/data" };
 *	struct rebind_restore_options how = {
 *		.size = sizeof(how), .images_dir = "/img", .root = "/srv/newroot",
 *		.external = external, .n_external = 1,
 *	};
 *
 *	if (rebind_restore(&how, report, &ns) == 0)
 *		setns(rebind_namespace_fd(ns), CLONE_NEWNS);
 *
 * Conventions. Functions that can fail return 0 or more, or a negative errno. The report has the
 * findings: everything that is wrong with the input, found before anything is done. The log has a
 * line for a step that failed. Strings in option structs are borrowed for the duration of the call,
 * and spelled as on the command line. Structs begin with their size, so that programs built with an
 * older header continue to work; zero and NULL are the defaults.
 *
 * rebind forks children and waits for them (SIGCHLD must not be ignored). It never changes the
 * namespaces, root or working directory of the calling process. A process has one log: do not run
 * two operations at the same time in two threads.
 *
 * These errors have a special meaning: -EINVAL findings are in the report; -EBADMSG the image is
 * malformed (findings, too); -EPROTO a plugin broke its contract; -EOPNOTSUPP the kernel lacks a
 * feature; -EAGAIN the namespace kept changing while it was dumped; -ESTALE the namespace that was
 * built differs from the plan (the differences are in the report, the namespace is discarded).
 */
#ifndef REBIND_H
#define REBIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- log ---- */

enum rebind_log_level {
	REBIND_LOG_ERROR = 1,
	REBIND_LOG_WARN = 2,
	REBIND_LOG_INFO = 3,
	REBIND_LOG_DEBUG = 4,
};

/* Called with one line, without a newline. */
typedef void (*rebind_log_fn)(void *data, enum rebind_log_level level, const char *line);

/**
 * rebind_log_to - where the log goes
 * @fn: called for each line up to @max, in the calling process; NULL: stderr
 */
void rebind_log_to(rebind_log_fn fn, void *data, enum rebind_log_level max);

/* ---- report ---- */

/* One thing that is wrong with the input. */
struct rebind_finding {
	const char *code;  /* a word for machines: "no-source", "not-dumpable", ... */
	uint32_t mount_id; /* 0: not about one mount */
	const char *path;  /* the mount's path in its namespace (bytes), or NULL */
	const char *text;  /* one sentence */
	const char *help;  /* the option that would solve it, or NULL */
};

/* One difference between two namespaces. */
struct rebind_difference {
	const char *path;	  /* mountpoint (bytes) */
	const char *field;	  /* "mount", "attributes", "filesystem", "options", ... */
	const char *left, *right; /* what each side has; "-" where it has nothing */
};

/* A file of a tmpfs that changed while a dump copied it. */
struct rebind_changed {
	uint32_t mount_id;
	const char *path; /* in its namespace (bytes) */
};

struct rebind_report;

struct rebind_report *rebind_report_new(void); /* NULL: out of memory */
void rebind_report_free(struct rebind_report *report);
size_t rebind_report_findings(const struct rebind_report *report,
			      const struct rebind_finding **ret);
size_t rebind_report_differences(const struct rebind_report *report,
				 const struct rebind_difference **ret);
size_t rebind_report_changed(const struct rebind_report *report, const struct rebind_changed **ret);

/* Lines of a dry run, or of what is being done. */
typedef void (*rebind_line_fn)(void *data, const char *line);

/* The progress of a dump or a restore. */
struct rebind_progress {
	const char *doing; /* "reading contents", "unpacking contents", "mounting", ... */
	uint64_t bytes;	   /* of contents of tmpfs, so far */
	unsigned int mounts, all_mounts; /* done, and in total: 0 if that is not known */
	uint64_t all_bytes;		 /* of contents in total, roughly; 0 if that is not known */
};

/* Called at most a few times a second, in the calling process. */
typedef void (*rebind_progress_fn)(void *data, const struct rebind_progress *progress);

/*
 * A moment of a dump or a restore, by CRIU's name for it; called in the calling process, with its
 * own privileges. A dump:
 *   pre-dump		   before the namespace is read; @pid is that of the options
 *   post-dump		   everything is written except the inventory, which makes it an image
 * A restore:
 *   pre-restore	   the image is read without findings, sources are not yet looked up
 *   setup-namespaces	   those of join_ns and new_ns exist, the mounts do not; @pid is a process
 *			   in them, or 0 if there are none
 *   post-setup-namespaces the mounts are built and compared; @pid as before, otherwise a process
 *			   in the new mount namespace
 * and the functions below that hand a namespace over:
 *   post-restore, pre-resume	before that; @pid is the holder, otherwise as at setup-namespaces
 *   post-resume	   after it; @pid can also be that of a command
 * If it returns a negative value, the operation fails with that value, and everything is undone;
 * only a descriptor that was sent cannot be taken back. The caller reports the reason itself. A dry
 * run calls nothing.
 */
typedef int (*rebind_action_fn)(void *data, const char *action, pid_t pid);

/* ---- dump ---- */

struct rebind_dump_options {
	size_t size;		/* sizeof(struct rebind_dump_options) */
	pid_t pid;		/* -t: a process in the namespace, or 0 */
	const char *mntns;	/* --mntns: an nsfs file, or NULL; one of both must be given */
	const char *images_dir; /* -D: must exist and hold no inventory; not needed for a dry run */
	const char *libdir;	/* -L: plugins; NULL: CRIU_LIBS_DIR, else the installed directory */
	const char *const
		*external; /* "mnt[PATH]:KEY", "mnt[#ID]:KEY", "mnt[]:[ms]", "dev[MAJ/MIN]:KEY" */
	size_t n_external;
	const char *const *skip_mnt; /* paths */
	size_t n_skip_mnt;
	const char *const
		*copy; /* paths of mounts; the caller has mounted their superblocks, too */
	size_t n_copy;
	const char *const *enable_fs; /* filesystem names */
	size_t n_enable_fs;
	unsigned int plugin_timeout; /* seconds, 0: 30 */
	bool dry_run;		     /* write nothing */
	rebind_line_fn on_line;	     /* with dry_run: a line for each mount and its owner */
	void *on_line_data;
	const char *reader; /* NULL, "statmount" or "mountinfo": which reader of the mount table */
	rebind_progress_fn on_progress; /* or NULL */
	void *on_progress_data;
	rebind_action_fn on_action; /* or NULL */
	void *on_action_data;
	bool processes; /* images_dir holds CRIU's dump of the processes: its record of their
			   mounts is replaced */
	/*
	 * As container runtimes name external mounts: a PATH without a mount is ignored, and
	 * several mounts may have one KEY.
	 */
	bool lenient;
	bool strict; /* a file that changes while it is copied is a finding, not a warning */
	bool freeze; /* the cgroup of @pid, while the namespace is read */
	bool root_of_namespace; /* --root-of namespace: also if pid has another root, by chroot(2)
				 */
	const char *compress;	/* contents: "gzip", "gzip:LEVEL", "none"; NULL: as gzip:1 */
	bool all_mntns;		/* every mount namespace of the process tree of @pid, as one set */
	const char *const *more_mntns; /* a set of namespaces by their files: those after mntns */
	size_t n_more_mntns;
	/*
	 * Or NULL. Called once, when only 0 can be returned any more: until then the death of this
	 * process removes the image, from then on nothing does.
	 */
	void (*on_complete)(void *data);
	void *on_complete_data;
};

/**
 * rebind_dump - write the image of a mount namespace
 * @report: findings are added, before anything is written; then files that changed while they were
 *          copied
 *
 * The namespace is only read. On failure the directory has no inventory, and no file of ours. (With
 * processes, CRIU's mountpoints file may be gone, so that image is of no use.)
 *
 * Return: 0 or a negative errno.
 */
int rebind_dump(const struct rebind_dump_options *options, struct rebind_report *report);

/* ---- restore ---- */

struct rebind_inherit_fd {
	int fd;		 /* a directory, a file, or a detached mount; stays the caller's */
	const char *key; /* "mnt[KEY]" */
};

enum rebind_sharing {
	REBIND_SHARING_STRICT = 0,
	REBIND_SHARING_SLAVE = 1,
	REBIND_SHARING_PRIVATE = 2,
};

/* Whether an image that has several mount namespaces is restored as a set. */
enum rebind_set {
	REBIND_SET_NONE = 0,   /* one of them: ns_id, or the root task's */
	REBIND_SET_DUMPED = 1, /* if it was dumped as one; else as above */
	REBIND_SET_ALL = 2,    /* all that it has, also CRIU's */
};

struct rebind_restore_options {
	size_t size;
	const char *images_dir;
	const char *root; /* --root; NULL: the caller's "/" */
	const char *libdir;
	uint32_t ns_id;		     /* --ns-id; 0: the only one, or the root task's */
	const char *const *external; /* "mnt[KEY]:SOURCE", "mnt[]", "dev[KEY]:DEVICE" */
	size_t n_external;
	const char *const *external_flags; /* "KEY:FLAGS" */
	size_t n_external_flags;
	const struct rebind_inherit_fd *inherit_fd;
	size_t n_inherit_fd;
	const char *const *join_ns; /* "pid:PID|FILE", "net:...", "user:...", ... */
	size_t n_join_ns;
	const char *new_ns; /* "pid,net,ipc": comma-separated, or NULL */
	const char *const *enable_fs;
	size_t n_enable_fs;
	enum rebind_sharing sharing;
	bool create_mountpoints;
	bool allow_devices;
	bool premount_existing; /* --premount existing */
	bool for_pin; /* the namespace will be pinned to a file: give it an id that allows that */
	unsigned int plugin_timeout;
	bool dry_run;
	rebind_line_fn on_line; /* with dry_run: the plan, a line a step */
	void *on_line_data;
	const char *reader;
	rebind_progress_fn on_progress; /* or NULL */
	void *on_progress_data;
	rebind_action_fn on_action; /* or NULL; must live as long as the namespace */
	void *on_action_data;
	bool lenient;		   /* a KEY that no record has is ignored */
	uint64_t max_contents;	   /* --max-contents: bytes of memory that contents may take; 0: see
				    rebind(1) */
	bool skip_missing_masks;   /* masks of paths that proc or sysfs lack here are left out */
	const char *const *masked; /* the same, for mounts at these paths */
	size_t n_masked;
	const char *const
		*cgroup_root; /* "[CONTROLLERS:]/PATH": the container's cgroup from now on */
	size_t n_cgroup_root;
	const char *lsm_mount_context; /* --lsm-mount-context: instead of the recorded ones */
	enum rebind_set set;	       /* with ns_id 0 */
};

/* A namespace that was built. It lives as long as this, a holder, a pin or a process in it. */
struct rebind_namespace;

/**
 * rebind_restore - build the namespace of an image
 * @ret: the namespace; untouched on failure and in a dry run
 *
 * The namespace was compared with the plan. On failure nothing is left: no mount, process or file
 * (see rebind(1) for --create-mountpoints and SIGKILL).
 *
 * Return: 0 or a negative errno.
 */
int rebind_restore(const struct rebind_restore_options *options, struct rebind_report *report,
		   struct rebind_namespace **ret);

/**
 * rebind_restore_copies - build several namespaces of one image
 * @n: how many
 * @ret: an array of @n; untouched on failure and in a dry run
 *
 * Each is what rebind_restore() would build, and was compared with the plan: it has its own
 * contents of tmpfs, proc, terminals and so on. The image is read and the sources are found once.
 * If it makes no difference, the others are copies of the first. Either all of them are built, or
 * none. They share the mountpoints that were created: hand over all of them, or none.
 *
 * Return: 0 or a negative errno.
 */
int rebind_restore_copies(const struct rebind_restore_options *options, unsigned int n,
			  struct rebind_report *report, struct rebind_namespace **ret);

/**
 * rebind_namespace_fd - the nsfs descriptor, for setns(2); belongs to @ns
 *
 * Like the functions below, this hands the namespace over: mountpoints that were created for it
 * stay. If a namespace is freed without any of them, its mountpoints are removed. Return: the
 * descriptor, or a negative errno: it could not be handed over.
 */
int rebind_namespace_fd(struct rebind_namespace *ns);

/**
 * rebind_namespace_peek - the same descriptor, without handing the namespace over
 *
 * For a caller that must let processes into the namespace before it knows whether it will be used.
 * Afterwards no process of ours is left in a joined pid namespace, and a new one (new_ns) has
 * ended. rebind_namespace_free() still removes the mountpoints that were created, and so does the
 * death of this process, unless rebind_namespace_fd() is called before.
 */
int rebind_namespace_peek(struct rebind_namespace *ns);

/**
 * rebind_namespace_root - its root, below mounts stacked on it; does not hand the namespace over
 *
 * Return: a descriptor (O_PATH) that belongs to @ns.
 */
int rebind_namespace_root(const struct rebind_namespace *ns);

/**
 * rebind_namespace_count - how many mount namespaces it is: of a set several, else 1
 *
 * The functions here that name one mean the first, which a command enters too.
 * rebind_namespace_hold() holds all: the others by children of the holder, which end with it.
 * rebind_namespace_send() sends a message for each, "mnt:NUMBER".
 */
unsigned int rebind_namespace_count(const struct rebind_namespace *ns);

/**
 * rebind_namespace_member - one of them; nothing is decided yet
 * @index: 0, the first, to rebind_namespace_count() - 1
 * @ret_id: its number in the image, or 0: it is alone; may be NULL
 *
 * Return: the nsfs descriptor, which belongs to @ns, or -ENOENT.
 */
int rebind_namespace_member(const struct rebind_namespace *ns, unsigned int index,
			    uint32_t *ret_id);

/**
 * rebind_namespace_run - run a command inside and wait for it
 * @argv: NULL-terminated; looked up in PATH inside the namespace
 * @ret_status: its exit status, 128 + N if signal N ended it, 126 or 127 if it could not be
 *              executed or was not found
 *
 * It gets the caller's environment, capabilities and descriptors 0 to 2, and "/" as working
 * directory. With --new-ns pid, the first process of the namespace is one of rebind that reaps
 * orphans, and the command is another one; when the command ends, all processes in that pid
 * namespace end.
 *
 * Return: 0 or a negative errno (it was not started).
 */
int rebind_namespace_run(struct rebind_namespace *ns, char *const argv[], int *ret_status);

/**
 * rebind_namespace_start - start a command inside; the caller waits for it
 * @argv: as of rebind_namespace_run()
 * @ret_pid: a child of the calling process, for waitpid(2). It is the command, or with --new-ns pid
 *           the process that waits for that: it passes HUP, INT, QUIT, TERM, USR1 and USR2 on, and
 *           exits with the command's status, 128 + N for signal N
 * @ret_status: 126 or 127 if it could not be started
 *
 * Return: 1 if it runs, 0 if it could not be executed or was not found, or a negative errno.
 */
int rebind_namespace_start(struct rebind_namespace *ns, char *const argv[], pid_t *ret_pid,
			   int *ret_status);

/**
 * rebind_namespace_hold - a process that keeps the namespace alive, in the background
 * @ret_pid: its pid; the namespace ends when it is killed
 *
 * It is in a session of its own, and is not waited for. Return: 0 or a negative errno.
 */
int rebind_namespace_hold(struct rebind_namespace *ns, pid_t *ret_pid);

/**
 * rebind_namespace_pin - bind the namespace to a file, as `unshare --mount=FILE` does
 * @file: created if it does not exist (and removed again on failure)
 *
 * Return: 0 or a negative errno; -EINVAL if the kernel refuses (the log says why).
 */
int rebind_namespace_pin(struct rebind_namespace *ns, const char *file);

/**
 * rebind_namespace_pin_dir - bind each namespace of a set to a file of a directory, its number
 * @dir: must exist
 *
 * All of them or none. Return: as rebind_namespace_pin().
 */
int rebind_namespace_pin_dir(struct rebind_namespace *ns, const char *dir);

/**
 * rebind_namespace_send - send the descriptor over an AF_UNIX socket (SCM_RIGHTS)
 */
int rebind_namespace_send(struct rebind_namespace *ns, int sock);

/**
 * rebind_namespace_free - release it; the namespace ends if nothing else holds it
 */
void rebind_namespace_free(struct rebind_namespace *ns);

/* ---- look and compare ---- */

enum rebind_owner {
	REBIND_OWNER_UNKNOWN,
	REBIND_OWNER_ROOT,
	REBIND_OWNER_INTERNAL,
	REBIND_OWNER_EXTERNAL,
	REBIND_OWNER_PLUGIN,
};

/* One mount of a tree. Strings belong to the tree and are raw bytes. */
struct rebind_mount {
	uint32_t id, parent_id;
	uint64_t unique_id;
	unsigned int depth; /* 0: the root */
	uint32_t dev_major, dev_minor;
	const char *mountpoint; /* of a set, but for its first namespace, "2:/path" */
	const char *root, *fstype, *source, *options;
	const char *key;     /* external mounts of an image: the caller's name */
	char attributes[96]; /* "ro,nosuid,relatime" */
	char sb_flags[64];   /* "rw" */
	uint32_t shared, master;
	bool unbindable, is_file, idmapped;
	bool covered;		 /* hidden by another mount */
	bool deleted;		 /* its root has been removed from the filesystem */
	enum rebind_owner owner; /* images only */
	uint32_t ns;		 /* of a set: the number of its namespace; else 0 */
	const char *path;	 /* the mountpoint within its namespace */
};

struct rebind_tree;

/**
 * rebind_tree_open - the mounts of a pid, an nsfs file, an image directory or a saved mountinfo
 * file
 * @what: a number is a pid; else a path
 * @ns_id: for images with several namespaces, else 0
 * @reader: as in the option structs
 * @report: findings about a malformed file
 *
 * Return: 0 or a negative errno.
 */
int rebind_tree_open(const char *what, uint32_t ns_id, const char *reader,
		     struct rebind_report *report, struct rebind_tree **ret);

/**
 * rebind_tree_open_set - the same; the namespaces of a set together
 * @what: also a directory that a set was pinned in: then all that is there
 * @set: of an image, as for a restore; REBIND_SET_ALL of a pid: those of all processes below it
 */
int rebind_tree_open_set(const char *what, enum rebind_set set, const char *reader,
			 struct rebind_report *report, struct rebind_tree **ret);
void rebind_tree_free(struct rebind_tree *tree);
size_t rebind_tree_count(const struct rebind_tree *tree);

/**
 * rebind_tree_get - a mount, parents before children, siblings by path
 * @index: 0 to rebind_tree_count() - 1
 * @ret: filled; its strings are valid as long as the tree
 */
void rebind_tree_get(const struct rebind_tree *tree, size_t index, struct rebind_mount *ret);

/* A format of executables that is registered in a user namespace's binfmt_misc. */
struct rebind_format {
	const char *name, *interpreter;
	const char *flags;     /* "POC" or less */
	const char *extension; /* without the dot; NULL: by its magic */
	const uint8_t *magic, *mask;
	uint32_t n_magic, n_mask, offset; /* bytes; no mask: 0 */
	bool enabled;
};

/**
 * rebind_tree_formats - the formats registered in a mount that is a binfmt_misc
 * @index: as above
 * @ret: the oldest first; if several match a file, the kernel uses the newest
 * @ret_disabled: all of them are disabled, by binfmt_misc's own switch
 *
 * Formats of the caller's own user namespace belong to the host and are not returned. Return: how
 * many.
 */
size_t rebind_tree_formats(const struct rebind_tree *tree, size_t index,
			   const struct rebind_format **ret, bool *ret_disabled);

enum {
	REBIND_COMPARE_SOURCES = 1,  /* also the sources of the root, external and plugin mounts */
	REBIND_COMPARE_CONTENTS = 2, /* also the contents of tmpfs mounts */
};

/**
 * rebind_compare - are two namespaces equal, by the table in rebind(1)
 * @flags: bits of REBIND_COMPARE_*; contents are those of live namespaces and images (else -EINVAL)
 *
 * What a saved mountinfo does not tell is not compared; a warning says so if these mounts have it.
 *
 * Return: 0 equal, 1 different (the report has the differences), or a negative errno.
 */
int rebind_compare(const struct rebind_tree *left, const struct rebind_tree *right,
		   unsigned int flags, struct rebind_report *report);

/* ---- the machine ---- */

/* One thing that rebind uses. */
struct rebind_probe {
	const char *name;   /* "openat2", "cap_sys_admin", ... */
	bool ok, required;  /* without a required one nothing works; without another one there is a
			      fallback or a limit */
	const char *detail; /* the result: "ok", "ENOSYS", and its consequence */
};

/**
 * rebind_check - try what this kernel and these privileges allow
 * @each: called for each probe
 *
 * Return: 0 if everything required works, 1 if not, or a negative errno.
 */
int rebind_check(void (*each)(void *data, const struct rebind_probe *probe), void *data);

/* ---- plugins ---- */

struct rebind_plugin {
	const char *file, *name;
	const char *generation; /* "0.2.0", or the version the descriptor names; "0.1.0" named
				   functions */
	unsigned int max_hooks;
	const char *hooks; /* "DUMP_EXT_MOUNT RESTORE_EXT_MOUNT" */
};

/**
 * rebind_plugin_list - the plugins of a directory, without running their init
 * Return: how many, or a negative errno.
 */
int rebind_plugin_list(const char *libdir, void (*each)(void *data, const struct rebind_plugin *),
		       void *data);

const char *rebind_version(void);

#ifdef __cplusplus
}
#endif

#endif
