// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The program around a case.
 *
 *   CASE about                  the sentence, for people
 *   CASE describe               everything the runner has to know: NUL-terminated `name=value`
 *   CASE prepare|alter SIDE     in the side's directory, which has src/ (and root/)
 *   CASE build SIDE             in the side's directory, in a fresh mount namespace; says "ready"
 *                               on stdout and stays until it is killed
 *   CASE check SIDE             in the namespace to be checked
 *   CASE outside SIDE PID       in the side's directory, while PID holds that namespace
 *
 * While build() runs, `/` is the new root already and the host's mounts lie above it, reachable
 * through two descriptors only: the directory of sources, which is the working directory, and the
 * host's root for bind_host(). A case therefore names mountpoints as the namespace will know
 * them, and sources by their bare names.
 */
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "case.h"

static const char *side = "old";
static const char *inside_pid = "self";
static int sources_fd = -1, host_fd = -1;

bool on_new_side(void)
{
	return !strcmp(side, "new");
}

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(77);
}

static void must(bool done, const char *what, const char *path)
{
	if (!done)
		fail("%s '%s': %s", what, path, strerror(errno));
}

/* --- describing ------------------------------------------------------------------------------ */

static void record(const char *name, const char *value)
{
	printf("%s=%s", name, value);
	putchar('\0');
}

static void record_all(const char *name, const char *const *values)
{
	for (; values && *values; values++)
		record(name, *values);
}

static void record_format(const char *name, const char *format, va_list args)
{
	printf("%s=", name);
	vprintf(format, args);
	putchar('\0');
}

void dump_option(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	record_format("dump", format, args);
	va_end(args);
}

void restore_option(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	record_format("restore", format, args);
	va_end(args);
}

static void describe(void)
{
	static const char *const refused[] = { "never", "dump", "restore" };
	static const char *const flavours[] = { "all", "host", "userns" };
	char status[16];

	snprintf(status, sizeof(status), "%d", zdtm_case.status ? zdtm_case.status : 1);
	record("about", zdtm_case.about);
	record("refused", refused[zdtm_case.refused]);
	record("status", status);
	record("flavours", flavours[zdtm_case.flavours]);
	if (zdtm_case.reader)
		record("reader", zdtm_case.reader);
	if (zdtm_case.outside)
		record("outside", "yes");
	record_all("dump", zdtm_case.dump);
	record_all("restore", zdtm_case.restore);
	record_all("env", zdtm_case.env);
	record_all("inherit", zdtm_case.inherit);
	record_all("says", zdtm_case.says);
	record_all("differs", zdtm_case.differs);
	record_all("creates", zdtm_case.creates);
	if (zdtm_case.describe)
		zdtm_case.describe();
}

/* --- files ----------------------------------------------------------------------------------- */

static void make_parents(const char *path)
{
	char copy[PATH_MAX];
	size_t length = strlen(path);

	if (length >= sizeof(copy))
		fail("path too long: %s", path);
	memcpy(copy, path, length + 1);
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		must(!mkdir(copy, 0755) || errno == EEXIST, "mkdir", copy);
		*slash = '/';
	}
}

void make_dir(const char *path)
{
	make_parents(path);
	must(!mkdir(path, 0755) || errno == EEXIST, "mkdir", path);
}

void make_file(const char *path, const char *text)
{
	size_t length = strlen(text);
	int fd;

	make_parents(path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	must(fd >= 0, "create", path);
	must(write(fd, text, length) == (ssize_t)length, "write", path);
	must(!close(fd), "close", path);
}

void make_link(const char *path, const char *target)
{
	make_parents(path);
	must(!symlink(target, path), "symlink", path);
}

void make_node(const char *path, mode_t mode, unsigned int major_number, unsigned int minor_number)
{
	make_parents(path);
	must(!mknod(path, mode, makedev(major_number, minor_number)), "mknod", path);
	must(!chmod(path, mode & 07777), "chmod", path);
}

static void volume_text(char *text, size_t size, const char *name)
{
	snprintf(text, size, "%s of the %s side\n", name, side);
}

void volume(const char *name)
{
	char path[PATH_MAX], text[PATH_MAX];

	snprintf(path, sizeof(path), "src/%s/marker", name);
	volume_text(text, sizeof(text), name);
	make_file(path, text);
}

void volume_file(const char *name)
{
	char path[PATH_MAX], text[PATH_MAX];

	snprintf(path, sizeof(path), "src/%s", name);
	volume_text(text, sizeof(text), name);
	make_file(path, text);
}

void plugin_map(const char *const *words)
{
	char directory[PATH_MAX];
	FILE *map = fopen("map", "w");

	must(map, "create", "map");
	must(getcwd(directory, sizeof(directory)), "getcwd", ".");
	for (; *words; words += 2)
		fprintf(map, "%s %s/src/%s\n", words[0], directory, words[1]);
	must(!fclose(map), "write", "map");
}

/* --- mounts ---------------------------------------------------------------------------------- */

static void make_mountpoint(const char *path, bool is_file)
{
	struct stat st;

	if (!stat(path, &st))
		return;
	if (is_file)
		make_file(path, "");
	else
		make_dir(path);
}

void mount_named(const char *source, const char *type, const char *path, unsigned long flags,
		 const char *options)
{
	make_mountpoint(path, false);
	if (!mount(source, path, type, flags, options))
		return;
	if (errno == ENODEV)
		skip("this kernel has no %s", type);
	must(false, type, path);
}

void mount_new(const char *type, const char *path, unsigned long flags, const char *options)
{
	mount_named(type, type, path, flags, options);
}

void bind(const char *source, const char *path)
{
	struct stat st;

	must(!stat(source, &st), "stat", source);
	make_mountpoint(path, !S_ISDIR(st.st_mode));
	must(!mount(source, path, NULL, MS_BIND, NULL), "bind to", path);
}

void bind_host(const char *host_path, const char *path)
{
	must(!fchdir(host_fd), "fchdir", "/");
	bind(host_path + 1, path);
	must(!fchdir(sources_fd), "fchdir", "src");
}

void attributes(const char *path, unsigned long long set)
{
	struct mount_attr attr = { .attr_set = set };

	/* The three modes of access time are one field: the kernel wants it cleared first. */
	if (set & (MOUNT_ATTR_NOATIME | MOUNT_ATTR_STRICTATIME))
		attr.attr_clr = MOUNT_ATTR__ATIME;
	must(!mount_setattr(AT_FDCWD, path, 0, &attr, sizeof(attr)), "mount_setattr", path);
}

void allow(const char *path, unsigned long long clear)
{
	struct mount_attr attr = { .attr_clr = clear };

	must(!mount_setattr(AT_FDCWD, path, 0, &attr, sizeof(attr)), "mount_setattr", path);
}

void bind_ro(const char *source, const char *path)
{
	bind(source, path);
	attributes(path, MOUNT_ATTR_RDONLY);
}

void propagation(const char *path, unsigned long flag)
{
	must(!mount(NULL, path, NULL, flag, NULL), "propagation of", path);
}

void unmount(const char *path)
{
	must(!umount2(path, 0), "umount", path);
}

static void write_map(pid_t pid, const char *file, const char *map)
{
	char path[64];
	ssize_t length = (ssize_t)strlen(map);
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	must(fd >= 0 && write(fd, map, strlen(map)) == length, "write", path);
	close(fd);
}

static _Noreturn void live_in_user_namespace(int ready)
{
	if (unshare(CLONE_NEWUSER) || write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static int user_namespace(const char *uids, const char *gids)
{
	char path[64], byte;
	int ready[2], fd;
	pid_t pid;

	must(!pipe2(ready, O_CLOEXEC), "pipe", "");
	pid = fork();
	must(pid >= 0, "fork", "");
	if (!pid)
		live_in_user_namespace(ready[1]);
	close(ready[1]);
	must(read(ready[0], &byte, 1) == 1, "unshare", "user");
	close(ready[0]);
	write_map(pid, "uid_map", uids);
	write_map(pid, "gid_map", gids);
	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0, "open", path);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return fd;
}

void map_ids_by(const char *path, const char *uids, const char *gids)
{
	int userns = user_namespace(uids, gids);
	int tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP,
				   .userns_fd = (unsigned int)userns };

	must(tree >= 0, "open_tree", path);
	must(!mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)), "id-map", path);
	must(!move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH), "move_mount", path);
	close(tree);
	close(userns);
}

void map_ids(const char *path, uid_t outside)
{
	char map[64];

	snprintf(map, sizeof(map), "0 %u 1000\n", outside);
	map_ids_by(path, map, map);
}

/* --- facts ----------------------------------------------------------------------------------- */

void expect_fact(bool fact, const char *format, ...)
{
	va_list args;

	if (fact)
		return;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void expect_text(const char *path, const char *text)
{
	char seen[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	must(fd >= 0, "open", path);
	length = read(fd, seen, sizeof(seen) - 1);
	must(length >= 0, "read", path);
	close(fd);
	seen[length] = '\0';
	expect(!strcmp(seen, text), "'%s' holds '%s', not '%s'", path, seen, text);
}

void expect_volume_file(const char *path, const char *name)
{
	char text[PATH_MAX];

	volume_text(text, sizeof(text), name);
	expect_text(path, text);
}

void expect_volume(const char *path, const char *name)
{
	char marker[PATH_MAX];

	snprintf(marker, sizeof(marker), "%s/marker", path);
	expect_volume_file(marker, name);
}

void expect_absent(const char *path)
{
	struct stat st;

	expect(lstat(path, &st) && errno == ENOENT, "'%s' is there", path);
}

void expect_mode(const char *path, mode_t mode)
{
	struct stat st;

	must(!lstat(path, &st), "lstat", path);
	expect(st.st_mode == mode, "'%s' has mode %#o, not %#o", path, st.st_mode, mode);
}

void expect_owner(const char *path, uid_t uid, gid_t gid)
{
	struct stat st;

	must(!lstat(path, &st), "lstat", path);
	expect(st.st_uid == uid && st.st_gid == gid, "'%s' belongs to %u:%u, not to %u:%u", path,
	       st.st_uid, st.st_gid, uid, gid);
}

static unsigned long magic_of(const char *type)
{
	static const struct {
		const char *type;
		unsigned long magic;
	} known[] = {
		{ "tmpfs", 0x01021994 },     { "ramfs", 0x858458f6 },
		{ "proc", 0x9fa0 },	     { "sysfs", 0x62656572 },
		{ "devpts", 0x1cd1 },	     { "mqueue", 0x19800202 },
		{ "cgroup2", 0x63677270 },   { "overlay", 0x794c7630 },
		{ "debugfs", 0x64626720 },   { "tracefs", 0x74726163 },
		{ "hugetlbfs", 0x958458f6 }, { "ext4", 0xef53 },
		{ "cgroup", 0x27e0eb },	     { "bpf", 0xcafe4a11 },
		{ "pstore", 0x6165676c },    { "binfmt_misc", 0x42494e4d },
		{ "fusectl", 0x65735543 },   { "btrfs", 0x9123683e },
		{ "xfs", 0x58465342 },	     { "securityfs", 0x73636673 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].type, type))
			return known[i].magic;
	fail("unknown type %s", type);
}

void expect_type(const char *path, const char *type)
{
	unsigned long magic = magic_of(type);
	struct statfs fs;

	must(!statfs(path, &fs), "statfs", path);
	expect((unsigned long)fs.f_type == magic, "'%s' is not %s: %#lx", path, type,
	       (unsigned long)fs.f_type);
}

void expect_not_type(const char *path, const char *type)
{
	unsigned long magic = magic_of(type);
	struct statfs fs;

	must(!statfs(path, &fs), "statfs", path);
	expect((unsigned long)fs.f_type != magic, "'%s' is a %s", path, type);
}

void expect_flags(const char *path, unsigned long flags)
{
	const unsigned long all = ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME |
				  ST_NODIRATIME | ST_RELATIME | ST_NOSYMFOLLOW;
	struct statvfs fs;

	must(!statvfs(path, &fs), "statvfs", path);
	expect((fs.f_flag & all) == flags, "'%s' has flags %#lx, not %#lx", path, fs.f_flag & all,
	       flags);
}

static int try_file(const char *directory)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/.written", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	must(!unlink(path), "unlink", path);
	return 0;
}

void expect_readonly(const char *directory)
{
	int result = try_file(directory);

	expect(result == -EROFS, "a write below '%s': %s", directory, strerror(-result));
}

void expect_writable(const char *directory)
{
	int result = try_file(directory);

	expect(result == 0, "a write below '%s': %s", directory, strerror(-result));
}

void expect_one_superblock(const char *path, const char *other)
{
	struct stat a, b;

	must(!stat(path, &a), "stat", path);
	must(!stat(other, &b), "stat", other);
	expect(a.st_dev == b.st_dev, "'%s' and '%s' are of two filesystems", path, other);
}

/* Peels a copy of the namespace: what lies at `path` is not always visible in a /proc. */
static int count_mounts(const char *path)
{
	struct statx first, now;
	int count = 0;

	must(!unshare(CLONE_NEWNS), "unshare", path);
	must(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make private", "/");
	must(!statx(AT_FDCWD, path, AT_NO_AUTOMOUNT, STATX_MNT_ID, &first), "statx", path);
	for (now = first; now.stx_attributes & STATX_ATTR_MOUNT_ROOT; count++) {
		must(!umount2(path, MNT_DETACH), "umount", path);
		must(!statx(AT_FDCWD, path, 0, STATX_MNT_ID, &now), "statx", path);
	}
	return count;
}

void expect_mounts(const char *path, int count)
{
	pid_t pid = fork();
	int status;

	must(pid >= 0, "fork", path);
	if (!pid)
		_exit(count_mounts(path));
	must(waitpid(pid, &status, 0) == pid, "wait", path);
	expect(WIFEXITED(status) && WEXITSTATUS(status) == count, "%d mounts at '%s', not %d",
	       WEXITSTATUS(status), path, count);
}

static int check_without(const char *path, void (*check)(void))
{
	must(!unshare(CLONE_NEWNS), "unshare", path);
	must(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make private", "/");
	must(!umount2(path, MNT_DETACH), "umount", path);
	check();
	return 0;
}

void without(const char *path, void (*check)(void))
{
	pid_t pid = fork();
	int status;

	must(pid >= 0, "fork", path);
	if (!pid)
		exit(check_without(path, check));
	must(waitpid(pid, &status, 0) == pid, "wait", path);
	if (status)
		fail("so it is without what is mounted at '%s'", path);
}

void expect_propagation(const char *path, const char *const *seen, const char *const *unseen)
{
	struct stat made, st;

	must(!mount("sign", path, "tmpfs", 0, "size=4k"), "tmpfs", path);
	must(!stat(path, &made), "stat", path);
	for (; seen && *seen; seen++)
		expect(!stat(*seen, &st) && st.st_dev == made.st_dev,
		       "what is mounted at '%s' is not seen at '%s'", path, *seen);
	for (const char *const *other = unseen; other && *other; other++)
		expect(stat(*other, &st) || st.st_dev != made.st_dev,
		       "what is mounted at '%s' is seen at '%s'", path, *other);
	unmount(path);
	expect(!stat(path, &st) && st.st_dev != made.st_dev, "'%s' is still mounted", path);
}

/* Negative: it is ours as well. */
static int open_inside(const char *kind)
{
	char path[64], own[64];
	struct stat theirs, ours;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", inside_pid, kind);
	snprintf(own, sizeof(own), "/proc/self/ns/%s", kind);
	must(!stat(path, &theirs), "stat", path);
	must(!stat(own, &ours), "stat", own);
	if (theirs.st_ino == ours.st_ino)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0, "open", path);
	return fd;
}

/* Both are opened first: a process in the user namespace cannot look at the holder. */
static _Noreturn void work_inside(void (*work)(void))
{
	int user = open_inside("user"), mnt = open_inside("mnt");

	must(user < 0 || !setns(user, CLONE_NEWUSER), "setns", "user");
	must(mnt < 0 || !setns(mnt, CLONE_NEWNS), "setns", "mnt");
	close(user);
	close(mnt);
	work();
	exit(0);
}

void inside(void (*work)(void))
{
	pid_t pid = fork();
	int status;

	must(pid >= 0, "fork", "");
	if (!pid)
		work_inside(work);
	must(waitpid(pid, &status, 0) == pid, "wait", "");
	if (status)
		fail("so it is inside of the namespace");
}

/* --- the namespace --------------------------------------------------------------------------- */

static void enter_root(void)
{
	/* All is private here, except for what prepare() has made shared on purpose. */
	sources_fd = open("src", O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(sources_fd >= 0, "open", "src");
	host_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(host_fd >= 0, "open", "/");
	must(!mount("root", "root", NULL, MS_BIND, NULL), "bind", "root");
	must(!chdir("root"), "chdir", "root");
	must(!syscall(SYS_pivot_root, ".", "."), "pivot_root", "root");
	must(!fchdir(sources_fd), "fchdir", "src");
}

static void leave_host(void)
{
	must(!fchdir(host_fd), "fchdir", "the host's root");
	/* Else the peers outside would lose what was mounted below them, and so would our volumes.
	 */
	must(!mount(NULL, ".", NULL, MS_REC | MS_PRIVATE, NULL), "make private", "the host's root");
	must(!umount2(".", MNT_DETACH), "umount", "the host's root");
	must(!chdir("/"), "chdir", "/");
	close(host_fd);
	close(sources_fd);
}

static void build(void)
{
	umask(022);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	enter_root();
	zdtm_case.build();
	leave_host();
	if (zdtm_case.settle)
		zdtm_case.settle();
	must(write(1, "ready\n", 6) == 6, "write", "stdout");
	must(dup2(2, 1) == 1, "dup2", "stdout");
	for (;;)
		pause();
}

static void run(void (*hook)(void))
{
	umask(022);
	if (hook)
		hook();
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc > 2)
		side = argv[2];
	if (argc > 3)
		inside_pid = argv[3];
	if (!strcmp(verb, "about"))
		printf("%s\n", zdtm_case.about);
	else if (!strcmp(verb, "describe"))
		describe();
	else if (!strcmp(verb, "prepare"))
		run(zdtm_case.prepare);
	else if (!strcmp(verb, "alter"))
		run(zdtm_case.alter);
	else if (!strcmp(verb, "check"))
		run(zdtm_case.check);
	else if (!strcmp(verb, "outside"))
		run(zdtm_case.outside);
	else if (!strcmp(verb, "build"))
		build();
	else
		fail("usage: CASE about | describe | prepare SIDE | alter SIDE | build SIDE | "
		     "check SIDE | outside SIDE PID");
	return 0;
}
