/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * librebind: dump a mount namespace, and build it again under another root.
 *
 *	struct rebind *rebind = rebind_new();
 *	struct rebind_report *report = rebind_report_new();
 *	struct rebind_namespace *ns = NULL;
 *	const char *external[] = { "mnt[data]:/srv/other/data" };
 *	struct rebind_restore_options how = {
 *		.size = sizeof(how), .images_dir = "/img", .root = "/srv/newroot",
 *		.external = external, .n_external = 1,
 *	};
 *
 *	if (rebind_restore(rebind, &how, report, &ns) == 0)
 *		setns(rebind_namespace_keep_fd(ns), CLONE_NEWNS);
 *
 * Conventions. Functions that can fail return 0 or more, or a negative errno. The report has the
 * findings: everything that is wrong with the input, found before anything is done; and the step
 * that failed after that. Strings and descriptors in option structs are borrowed for the duration
 * of the call; strings are spelled as on the command line. Zero and NULL are the defaults.
 *
 * Structs begin with their size. You set it in those that you pass in: zero, or less than the first
 * version of the struct had, is -EINVAL; a smaller struct is that of an older program, and works; a
 * larger one is -E2BIG if a field that this library does not know is not zero, as with clone3(2).
 * Those that you get tell in it how much of them this library has filled. They grow at the end.
 *
 * Threads. Several may run operations at the same time, with contexts of their own or with one; an
 * object (report, namespace, tree) is for one thread at a time. A thread that got a namespace from
 * rebind_restore() must live until that is kept or freed: children of rebind die with the thread
 * that started them, and the namespace can then only be freed. What a call changes of the process
 * while it runs: the soft limit of open files is the hard one during a restore, and while a set of
 * namespaces is read. Capabilities are changed for the calling thread. Children inherit descriptors
 * of operations that run at the same time: a namespace that was given up ends when those have
 * ended, and what they built is kept or freed. With REBIND_PLUGIN_DEBUG in the environment, plugins
 * are called in the calling process, one operation at a time.
 *
 * Children. rebind forks children and waits for them by their pids. They get no handler of SIGCHLD.
 * The calling program may ignore SIGCHLD, or wait for any child in another thread: no result depends
 * on their statuses, except for that of a command (rebind_namespace_run()). It never changes the
 * namespaces, root or working directory of the calling process.
 *
 * These errors have a special meaning: -EINVAL findings are in the report; -EBADMSG the image is
 * malformed (findings, too); -EPROTO a plugin broke its contract; -EOPNOTSUPP the kernel lacks a
 * feature; -EAGAIN the namespace kept changing while it was dumped; -ESTALE the namespace that was
 * built differs from the plan (the differences are in the report, the namespace is discarded);
 * -ECANCELED it was cancelled (rebind_set_cancel_fd()); -E2BIG see above.
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

/* ---- context ---- */

/*
 * What an operation has beside its options. NULL in its place is one with all defaults. Free it
 * after the namespaces that were made with it.
 */
struct rebind;

struct rebind *rebind_new(void); /* NULL: out of memory */
void rebind_free(struct rebind *rebind);

enum rebind_log_level {
	REBIND_LOG_ERROR = 1,
	REBIND_LOG_WARN = 2,
	REBIND_LOG_INFO = 3,
	REBIND_LOG_DEBUG = 4,
};

/* Called with one line, without a newline. */
typedef void (*rebind_log_fn)(void *data, enum rebind_log_level level, const char *line);

/**
 * rebind_set_log - where the log goes
 * @fn: called for each line up to @max, in the thread that runs the operation; NULL: warnings and
 *      errors go to stderr
 */
void rebind_set_log(struct rebind *rebind, rebind_log_fn fn, void *data, enum rebind_log_level max);

/**
 * rebind_set_reader - how mount tables are read
 * @reader: "statmount" or "mountinfo"; copied. NULL: what the kernel has. A finding of the next
 *          operation tells if it is neither
 *
 * Return: 0 or -ENOMEM.
 */
int rebind_set_reader(struct rebind *rebind, const char *reader);

/**
 * rebind_set_cancel_fd - a descriptor that cancels operations
 * @fd: for example an eventfd(2) or the end of a pipe; it is polled, not read. Negative: none
 *
 * While it is readable, operations with this context end with -ECANCELED, and all that they did is
 * undone. It takes up to 10 seconds, in which plugins end. A call that hands a namespace over is
 * not interrupted; rebind_namespace_run() kills its command.
 */
void rebind_set_cancel_fd(struct rebind *rebind, int fd);

/* ---- report ---- */

/* What a finding is about: rebind(1), FINDINGS. Codes are added at the end. */
enum rebind_finding_code {
	/* the command, the caller, the target */
	REBIND_FINDING_USAGE = 1,
	REBIND_FINDING_OPTION = 2,
	REBIND_FINDING_CAPABILITY = 3,
	REBIND_FINDING_NO_PROC = 4,
	REBIND_FINDING_NOT_MOUNTINFO = 5,
	REBIND_FINDING_OWN_NAMESPACE = 6,
	REBIND_FINDING_CHROOTED = 7,
	REBIND_FINDING_FREEZE = 8,
	REBIND_FINDING_CHANGED = 9,
	REBIND_FINDING_TOO_MANY_MOUNTS = 10,
	/* a dump: what no image can hold */
	REBIND_FINDING_NOT_DUMPABLE = 11,
	REBIND_FINDING_DECLARED_TWICE = 12,
	REBIND_FINDING_UNREACHABLE = 13,
	REBIND_FINDING_SYMLINK = 14,
	REBIND_FINDING_DELETED = 15,
	REBIND_FINDING_CONTENTS = 16,
	REBIND_FINDING_IDMAPPED = 17,
	REBIND_FINDING_OVERLAY_LAYER = 18,
	REBIND_FINDING_OVERLAY_INDEX = 19,
	REBIND_FINDING_UNKNOWN_OPTION = 20,
	REBIND_FINDING_NOT_ENABLED = 21,
	/* the image */
	REBIND_FINDING_IMAGE_EXISTS = 22,
	REBIND_FINDING_IMAGE_EMPTY = 23,
	REBIND_FINDING_IMAGE_INVENTORY = 24,
	REBIND_FINDING_IMAGE_VERSION = 25,
	REBIND_FINDING_IMAGE_NAMESPACE = 26,
	REBIND_FINDING_IMAGE_PROCESSES = 27,
	REBIND_FINDING_IMAGE_READ = 28,
	REBIND_FINDING_IMAGE_MAGIC = 29,
	REBIND_FINDING_IMAGE_TRUNCATED = 30,
	REBIND_FINDING_IMAGE_RECORD = 31,
	REBIND_FINDING_IMAGE_UNKNOWN = 32,
	REBIND_FINDING_IMAGE_TREE = 33,
	REBIND_FINDING_IMAGE_FIELD = 34,
	REBIND_FINDING_IMAGE_TEXT = 35,
	REBIND_FINDING_IMAGE_PATH = 36,
	REBIND_FINDING_IMAGE_KEY = 37,
	REBIND_FINDING_IMAGE_FLAGS = 38,
	REBIND_FINDING_IMAGE_FSTYPE = 39,
	REBIND_FINDING_IMAGE_FORMAT = 40,
	REBIND_FINDING_IMAGE_IDMAP = 41,
	REBIND_FINDING_IMAGE_SOCKET = 42,
	REBIND_FINDING_IMAGE_DIGEST = 43,
	REBIND_FINDING_IMAGE_REMOVED = 44,
	/* a restore: what is missing here */
	REBIND_FINDING_NO_ROOT = 45,
	REBIND_FINDING_NO_SOURCE = 46,
	REBIND_FINDING_SOURCE_KIND = 47,
	REBIND_FINDING_UNKNOWN_KEY = 48,
	REBIND_FINDING_KEY_TWICE = 49,
	REBIND_FINDING_NO_PLUGIN = 50,
	REBIND_FINDING_UNKNOWN_FILESYSTEM = 51,
	REBIND_FINDING_NO_CGROUP = 52,
	REBIND_FINDING_NO_HIERARCHY = 53,
	REBIND_FINDING_SUPERBLOCK = 54,
	REBIND_FINDING_SHARING = 55,
	REBIND_FINDING_DEVICES = 56,
	REBIND_FINDING_NO_CONTENTS = 57,
	REBIND_FINDING_BAD_CONTENTS = 58,
	REBIND_FINDING_CONTENTS_SIZE = 59,
	REBIND_FINDING_LOCKED = 60,
	REBIND_FINDING_NOT_PERMITTED = 61,
	REBIND_FINDING_NO_MOUNTPOINT = 62,
	REBIND_FINDING_MOUNTPOINT_KIND = 63,
	REBIND_FINDING_OTHER_MOUNT = 64,
	REBIND_FINDING_NOT_ATTACHED = 65,
	REBIND_FINDING_NO_ID = 66,
};

/* One thing that is wrong with the input. */
struct rebind_finding {
	size_t size;
	const char *code;  /* its word: "no-source", "not-dumpable", ... */
	uint32_t mount_id; /* 0: not about one mount */
	const char *path;  /* the mount's path in its namespace (bytes), or NULL */
	const char *text;  /* one sentence */
	const char *help;  /* the option that would solve it, or NULL */
	enum rebind_finding_code number;
};

/* One difference between two namespaces. */
struct rebind_difference {
	size_t size;
	const char *path;	  /* mountpoint (bytes) */
	const char *field;	  /* "mount", "attributes", "filesystem", "options", ... */
	const char *left, *right; /* what each side has; "-" where it has nothing */
};

/* A file of a tmpfs that changed while a dump copied it. */
struct rebind_changed {
	size_t size;
	uint32_t mount_id;
	const char *path; /* in its namespace (bytes) */
};

/* The step that failed: the first line of the log that is an error. */
struct rebind_error {
	size_t size;
	int error;	   /* what the operation returned, a negative errno */
	uint32_t mount_id; /* the mount that the sentence is about, or 0 */
	const char *text;  /* one sentence */
};

struct rebind_report;

struct rebind_report *rebind_report_new(void); /* NULL: out of memory */
void rebind_report_free(struct rebind_report *report);

/*
 * How many there are, and each: index 0 to that number - 1, else NULL. What is returned belongs to
 * the report, and is valid until the next operation with it.
 */
size_t rebind_report_n_findings(const struct rebind_report *report);
size_t rebind_report_n_differences(const struct rebind_report *report);
size_t rebind_report_n_changed(const struct rebind_report *report);
const struct rebind_finding *rebind_report_finding(const struct rebind_report *report,
						   size_t index);
const struct rebind_difference *rebind_report_difference(const struct rebind_report *report,
							 size_t index);
const struct rebind_changed *rebind_report_changed(const struct rebind_report *report,
						   size_t index);

/**
 * rebind_report_error - why the last operation with this report failed, beside findings and
 * differences
 *
 * Return: it belongs to the report; NULL: it did not fail, or there is no such step.
 */
const struct rebind_error *rebind_report_error(const struct rebind_report *report);

/* Lines of a dry run, or of what is being done. */
typedef void (*rebind_line_fn)(void *data, const char *line);

/* The progress of a dump or a restore. */
struct rebind_progress {
	size_t size;
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
	/* Descriptors in the place of paths; 0: there is none. */
	int images_dir_fd; /* a directory */
	int mntns_fd;	   /* nsfs */
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
int rebind_dump(struct rebind *rebind, const struct rebind_dump_options *options,
		struct rebind_report *report);

/* ---- restore ---- */

struct rebind_inherit_fd {
	size_t size;
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
	/* Descriptors in the place of paths; 0: there is none. */
	int images_dir_fd; /* a directory */
	int root_fd;	   /* a directory, O_PATH or not */
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
int rebind_restore(struct rebind *rebind, const struct rebind_restore_options *options,
		   struct rebind_report *report, struct rebind_namespace **ret);

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
int rebind_restore_copies(struct rebind *rebind, const struct rebind_restore_options *options,
			  unsigned int n, struct rebind_report *report,
			  struct rebind_namespace **ret);

/**
 * rebind_namespace_keep_fd - hand the namespace over: its nsfs descriptor, for setns(2)
 *
 * Like the functions below that run a command, hold, pin or send: mountpoints that were created for
 * the namespace stay. If it is freed without any of them, its mountpoints are removed. Return: the
 * descriptor, which belongs to @ns, or a negative errno: it could not be handed over.
 */
int rebind_namespace_keep_fd(struct rebind_namespace *ns);

/**
 * rebind_namespace_fd - the same descriptor; nothing is handed over
 *
 * For a caller that must let processes into the namespace before it knows whether it will be used.
 * rebind_namespace_free() still removes the mountpoints that were created, and so does the death of
 * this process, unless rebind_namespace_keep_fd() is called before.
 */
int rebind_namespace_fd(const struct rebind_namespace *ns);

/**
 * rebind_namespace_end_helper - no process of ours is left in a joined pid namespace, and a new one
 * (new_ns) has ended
 *
 * For those who let their own processes into the namespaces, and would have to reap them before a
 * pid namespace ends. A command that is started afterwards is not in those namespaces.
 */
void rebind_namespace_end_helper(struct rebind_namespace *ns);

/**
 * rebind_namespace_root - its root, below mounts stacked on it; nothing is handed over
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
 *              executed or was not found; -1 if it has ended and the status is lost, because SIGCHLD
 *              is ignored or another thread has waited for it
 *
 * It gets the caller's environment, capabilities and descriptors 0 to 2, and "/" as working
 * directory. With --new-ns pid, the first process of the namespace is one of rebind that reaps
 * orphans, and the command is another one; when the command ends, all processes in that pid
 * namespace end.
 *
 * Return: 0 or a negative errno: it was not started, or was cancelled (-ECANCELED).
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
 * It is in a session of its own, and is not waited for: it may be a child of the calling process,
 * which reaps it when it has ended. Return: 0 or a negative errno.
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
	size_t size;
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
 * @report: findings about a malformed file
 *
 * Return: 0 or a negative errno.
 */
int rebind_tree_open(struct rebind *rebind, const char *what, uint32_t ns_id,
		     struct rebind_report *report, struct rebind_tree **ret);

/**
 * rebind_tree_open_set - the same; the namespaces of a set together
 * @what: also a directory that a set was pinned in: then all that is there
 * @set: of an image, as for a restore; REBIND_SET_ALL of a pid: those of all processes below it
 */
int rebind_tree_open_set(struct rebind *rebind, const char *what, enum rebind_set set,
			 struct rebind_report *report, struct rebind_tree **ret);

/**
 * rebind_tree_open_fd, rebind_tree_open_set_fd - the same, of a descriptor: an nsfs file, a
 * directory, a file
 * @fd: stays the caller's; a file is read from its beginning
 */
int rebind_tree_open_fd(struct rebind *rebind, int fd, uint32_t ns_id, struct rebind_report *report,
			struct rebind_tree **ret);
int rebind_tree_open_set_fd(struct rebind *rebind, int fd, enum rebind_set set,
			    struct rebind_report *report, struct rebind_tree **ret);
void rebind_tree_free(struct rebind_tree *tree);
size_t rebind_tree_count(const struct rebind_tree *tree);

/**
 * rebind_tree_get - a mount, parents before children, siblings by path
 * @index: 0 to rebind_tree_count() - 1
 * @ret: its size is set by you; filled, its strings are valid as long as the tree
 *
 * Return: 0, -ENOENT: there is no such mount, or what a wrong size gives.
 */
int rebind_tree_get(const struct rebind_tree *tree, size_t index, struct rebind_mount *ret);

/* A format of executables that is registered in a user namespace's binfmt_misc. */
struct rebind_format {
	size_t size;
	const char *name, *interpreter;
	const char *flags;     /* "POC" or less */
	const char *extension; /* without the dot; NULL: by its magic */
	const uint8_t *magic, *mask;
	uint32_t n_magic, n_mask, offset; /* bytes; no mask: 0 */
	bool enabled;
};

/**
 * rebind_tree_n_formats - how many formats are registered in a mount that is a binfmt_misc
 * @index: as above
 * @ret_disabled: all of them are disabled, by binfmt_misc's own switch; may be NULL
 *
 * Formats of the caller's own user namespace belong to the host and are not counted.
 */
size_t rebind_tree_n_formats(const struct rebind_tree *tree, size_t index, bool *ret_disabled);

/**
 * rebind_tree_format - one of them
 * @n: 0, the oldest, to rebind_tree_n_formats() - 1; if several match a file, the kernel uses the
 *     newest
 * @ret: as of rebind_tree_get()
 *
 * Return: as rebind_tree_get().
 */
int rebind_tree_format(const struct rebind_tree *tree, size_t index, size_t n,
		       struct rebind_format *ret);

enum rebind_compare_flags {
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
int rebind_compare(struct rebind *rebind, const struct rebind_tree *left,
		   const struct rebind_tree *right, unsigned int flags,
		   struct rebind_report *report);

/* ---- the machine ---- */

/* One thing that rebind uses. */
struct rebind_probe {
	size_t size;
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
int rebind_check(struct rebind *rebind, void (*each)(void *data, const struct rebind_probe *probe),
		 void *data);

/* ---- plugins ---- */

struct rebind_plugin {
	size_t size;
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
int rebind_plugin_list(struct rebind *rebind, const char *libdir,
		       void (*each)(void *data, const struct rebind_plugin *), void *data);

const char *rebind_version(void);

#ifdef __cplusplus
}
#endif

#endif
