// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Stands in for CRIU: it is called as CRIU is, keeps to its order of actions, freezes and ends a
 * real process and makes another one in new namespaces, which joins the mount namespace that it is
 * told to and runs a program there, as CRIU runs "ip". With no namespace to make it skips the
 * actions that are about them. What it cannot do is memory: what comes back is the program, started
 * anew.
 *
 * It holds rebind to what CRIU wants: every mount but the root declared, an inventory that makes
 * CRIU leave mounts alone, and an image directory that can be read from inside the joined namespace.
 *
 *	standin dump --tree=PID --images-dir=DIR --external=mnt[PATH]:KEY... --action-script=FILE
 *[--leave-running] standin restore --images-dir=DIR --join-ns=mnt:FILE --action-script=FILE
 *[--pidfile=FILE] [-d]
 *
 * STANDIN_FAIL=ACTION: it fails after this action, as if something of its own went wrong; "killed":
 * it is killed when its dump is done.
 * STANDIN_LOG=FILE: each action is noted there.
 * STANDIN_ASTRAY=1: the root task stays in the caller's mount namespace.
 * STANDIN_CGROUP=FILE: the root task goes into a cgroup, by its cgroup.procs, and makes a cgroup
 * namespace there.
 * STANDIN_ELSEWHERE=1: the root task has another working directory than its root when the mounts
 * are built.
 * STANDIN_TERMINAL=PTMX: at post-restore it has a terminal of the container's open.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/rebind.pb-c.h"
#include "runtime/rpc/rpc.pb-c.h"

#define MAGIC_COMMON	  0x54564319U
#define MAGIC_INVENTORY	  0x58313116U
#define MAGIC_PSTREE	  0x50273030U
#define MAGIC_IDS	  0x54432030U
#define MAGIC_MOUNTPOINTS 0x55563928U
#define HOST_MNT_NS	  2
#define MNT_NS		  7

extern char **environ;

static const char *tree, *images, *join, *pidfile, *parent, *scripts[8];
static const char **externals;
static int n_scripts, n_externals, rpc = -1;
static bool leave_running, detached, is_sibling;
static pid_t root_task;
static uint64_t namespaces; /* that are made at a restore */

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "standin: %s\n", what);
	exit(1);
}

static const char *value(const char *word, const char *option)
{
	size_t n = strlen(option);

	return strncmp(word, option, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

static void parse(int argc, char **argv)
{
	externals = calloc((size_t)argc, sizeof(*externals));
	for (int i = 2; i < argc; i++) {
		const char *v;

		if ((v = value(argv[i], "--tree")))
			tree = v;
		else if ((v = value(argv[i], "--images-dir")))
			images = v;
		else if ((v = value(argv[i], "--join-ns")) && strncmp(v, "mnt:", 4) == 0)
			join = v + 4;
		else if ((v = value(argv[i], "--pidfile")))
			pidfile = v;
		else if ((v = value(argv[i], "--action-script")) && n_scripts < 8)
			scripts[n_scripts++] = v;
		else if ((v = value(argv[i], "--external")))
			externals[n_externals++] = v;
		else if ((v = value(argv[i], "--prev-images-dir")))
			parent = v;
		else if (strcmp(argv[i], "--lsm-profile") == 0)
			i++; /* its value is the next word, whatever that is */
		else if (strcmp(argv[i], "--leave-running") == 0)
			leave_running = true;
		else if (strcmp(argv[i], "-d") == 0)
			detached = true;
		else
			die(argv[i]);
	}
}

/* ---- actions ---- */

static void note(const char *action)
{
	const char *log = getenv("STANDIN_LOG");
	FILE *f = log ? fopen(log, "a") : NULL;

	if (f) {
		fprintf(f, "%s\n", action);
		fclose(f);
	}
}

static void answer(Rpc__Response *response)
{
	uint8_t buf[1024];

	response->success = true;
	if (send(rpc, buf, rpc__response__pack(response, buf), 0) < 0)
		die("the client is gone");
}

static Rpc__Request *receive(void)
{
	static uint8_t buf[1 << 20];
	ssize_t n = recv(rpc, buf, sizeof(buf), 0);
	Rpc__Request *request = n > 0 ? rpc__request__unpack(NULL, (size_t)n, buf) : NULL;

	if (!request)
		die("no request");
	return request;
}

static bool notify_client(const char *action)
{
	Rpc__Notify notify = RPC__NOTIFY__INIT;
	Rpc__Response response = RPC__RESPONSE__INIT;
	const char *pid = getenv("CRTOOLS_INIT_PID");

	notify.script = (char *)action;
	notify.has_pid = pid && (strcmp(action, "setup-namespaces") == 0 ||
				 strcmp(action, "post-restore") == 0);
	notify.pid = notify.has_pid ? atoi(pid) : 0;
	response.type = 6;
	response.notify = &notify;
	answer(&response);
	const Rpc__Request *request = receive();

	return request->type == 6 && request->notify_success;
}

/* Last one first, as CRIU does. Return: did all of them say yes, and nothing of ours go wrong. */
static bool act(const char *action)
{
	const char *fail = getenv("STANDIN_FAIL");
	bool good = true;

	note(action);
	if (rpc >= 0)
		good = notify_client(action);
	setenv("CRTOOLS_SCRIPT_ACTION", action, 1);
	setenv("CRTOOLS_IMAGE_DIR", images, 1);
	for (int i = n_scripts; i-- > 0;) {
		char *argv[] = { (char *)scripts[i], NULL };
		int status = 1;
		pid_t pid;

		if (posix_spawn(&pid, scripts[i], NULL, NULL, argv, environ) == 0)
			waitpid(pid, &status, 0);
		good &= status == 0;
	}
	unsetenv("CRTOOLS_SCRIPT_ACTION");
	return good && (!fail || strcmp(fail, action) != 0);
}

/* ---- images ---- */

static void put(const char *name, const uint32_t *magics, int n, const ProtobufCMessage *message)
{
	char path[4096];
	uint8_t buf[4096];
	uint32_t size = message ? (uint32_t)protobuf_c_message_pack(message, buf) : 0;

	snprintf(path, sizeof(path), "%s/%s", images, name);
	FILE *f = fopen(path, "w");

	if (!f || fwrite(magics, 4, (size_t)n, f) != (size_t)n ||
	    (message && (fwrite(&size, 4, 1, f) != 1 || fwrite(buf, size, 1, f) != 1)) || fclose(f))
		die(path);
}

/* Ids as CRIU has them: the same number, the same namespace. */
static uint32_t ns_id(const char *pid, const char *kind)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", pid, kind);
	if (stat(path, &st) < 0)
		die(path);
	return (uint32_t)st.st_ino;
}

static Rebind__IdsEntry ids_of(const char *pid, uint32_t mnt_ns_id)
{
	Rebind__IdsEntry ids = REBIND__IDS_ENTRY__INIT;

	ids.has_mnt_ns_id = ids.has_pid_ns_id = ids.has_net_ns_id = ids.has_ipc_ns_id =
		ids.has_uts_ns_id = ids.has_user_ns_id = ids.has_cgroup_ns_id = true;
	ids.mnt_ns_id = mnt_ns_id;
	ids.pid_ns_id = ns_id(pid, "pid");
	ids.net_ns_id = ns_id(pid, "net");
	ids.ipc_ns_id = ns_id(pid, "ipc");
	ids.uts_ns_id = ns_id(pid, "uts");
	ids.user_ns_id = ns_id(pid, "user");
	ids.cgroup_ns_id = ns_id(pid, "cgroup");
	return ids;
}

static void write_images(void)
{
	Rebind__InventoryEntry inventory = REBIND__INVENTORY_ENTRY__INIT;
	Rebind__IdsEntry own = ids_of("self", HOST_MNT_NS), its = ids_of(tree, MNT_NS);
	Rebind__PstreeEntry pstree = REBIND__PSTREE_ENTRY__INIT;

	inventory.img_version = 2;
	inventory.root_ids = &own;
	put("inventory.img", (uint32_t[]){ MAGIC_INVENTORY }, 1, &inventory.base);
	put("ids-1.img", (uint32_t[]){ MAGIC_COMMON, MAGIC_IDS }, 2, &its.base);
	pstree.pid = 1;
	put("pstree.img", (uint32_t[]){ MAGIC_COMMON, MAGIC_PSTREE }, 2, &pstree.base);
	put("mountpoints-7.img", (uint32_t[]){ MAGIC_COMMON, MAGIC_MOUNTPOINTS }, 2, NULL);
}

/* What of the program is kept: where it lies, and how it was called. */
static void write_core(void)
{
	char path[4096], words[4096] = "";

	snprintf(path, sizeof(path), "/proc/%s/exe", tree);
	ssize_t exe = readlink(path, words, sizeof(words) / 2);

	snprintf(path, sizeof(path), "/proc/%s/cmdline", tree);
	int from = open(path, O_RDONLY);
	ssize_t n = from < 0 || exe < 0 ? -1 : read(from, words + exe + 1, sizeof(words) / 2 - 1);

	n = n > 0 ? n + exe + 1 : n;

	snprintf(path, sizeof(path), "%s/core-1.img", images);
	int to = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);

	if (n <= 0 || to < 0 || write(to, words, (size_t)n) != n)
		die(path);
	close(from);
	close(to);
}

static Rebind__IdsEntry *read_ids(const char *name, int magics, bool inventory)
{
	char path[4096];
	uint8_t buf[4096];
	uint32_t head[3];

	snprintf(path, sizeof(path), "%s/%s", images, name);
	FILE *f = fopen(path, "r");

	if (!f || fread(head, 4, (size_t)magics + 1, f) != (size_t)magics + 1 ||
	    head[magics] > sizeof(buf) || fread(buf, head[magics], 1, f) != 1)
		die(path);
	fclose(f);
	Rebind__InventoryEntry *e =
		inventory ? rebind__inventory_entry__unpack(NULL, head[magics], buf) : NULL;
	Rebind__IdsEntry *ids = inventory ? e ? e->root_ids : NULL
					  : rebind__ids_entry__unpack(NULL, head[magics], buf);

	if (!ids)
		die(path);
	return ids;
}

/* Of the namespaces that the root task is to have: those that are made, of CLONE_NEW*. */
static uint64_t read_namespaces(void)
{
	const Rebind__IdsEntry *host = read_ids("inventory.img", 1, true);
	const Rebind__IdsEntry *its = read_ids("ids-1.img", 2, false);

	if (host->mnt_ns_id != its->mnt_ns_id)
		die("the mount namespace would be built here");
	return (host->pid_ns_id != its->pid_ns_id ? CLONE_NEWPID : 0) |
	       (host->net_ns_id != its->net_ns_id ? CLONE_NEWNET : 0) |
	       (host->ipc_ns_id != its->ipc_ns_id ? CLONE_NEWIPC : 0) |
	       (host->uts_ns_id != its->uts_ns_id ? CLONE_NEWUTS : 0);
}

/* ---- dump ---- */

static bool is_external(const char *mountpoint)
{
	char word[4096];
	size_t n = (size_t)snprintf(word, sizeof(word), "mnt[%s]:", mountpoint);

	for (int i = 0; i < n_externals; i++)
		if (strncmp(externals[i], word, n) == 0)
			return true;
	return false;
}

/* CRIU undoes these escapes of mountinfo, and not that of a newline. */
static void undo_escapes(char *path)
{
	char *to = path;

	for (; *path; to++)
		if (strncmp(path, "\\040", 4) == 0 || strncmp(path, "\\011", 4) == 0 ||
		    strncmp(path, "\\134", 4) == 0) {
			*to = path[1] == '1' ? '\\' : path[2] == '4' ? ' ' : '\t';
			path += 4;
		} else {
			*to = *path++;
		}
	*to = '\0';
}

static void check_externals(void)
{
	char path[64], line[8192], mountpoint[4096];

	snprintf(path, sizeof(path), "/proc/%s/mountinfo", tree);
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %*s %*s %*s %4095s", mountpoint) != 1)
			die("a mount is nowhere");
		undo_escapes(mountpoint);
		if (strcmp(mountpoint, "/") != 0 && !is_external(mountpoint))
			die("a mount is not external");
	}
	if (!f)
		die(path);
	fclose(f);
}

/* As CRIU links an earlier image. */
static void link_parent(void)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/parent", images);
	if (parent && symlink(parent, path) < 0)
		die(path);
}

/* As CRIU notes files that are open and were removed: of a kind that rebind does not know. */
static void note_removed(void)
{
	static const uint32_t image[] = { 0x54564319, 0x59133954, 6 };
	static const uint8_t record[] = { 0x08, 1, 0x10, 1, 0x18, 3 };
	char path[4096], target[4096];

	for (int fd = 0; fd < 16; fd++) {
		snprintf(path, sizeof(path), "/proc/%s/fd/%d", tree, fd);
		ssize_t n = readlink(path, target, sizeof(target));

		if (n < 10 || memcmp(target + n - 10, " (deleted)", 10) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/remap-fpath.img", images);
		int out = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);

		if (write(out, image, sizeof(image)) < 0 || write(out, record, sizeof(record)) < 0)
			die(path);
		close(out);
	}
}

static int dump(void)
{
	pid_t pid = atoi(tree);

	link_parent();
	setenv("CRTOOLS_INIT_PID", tree, 1);
	if (!act("pre-dump"))
		return 1;
	check_externals();
	if (kill(pid, SIGSTOP) < 0)
		die("no such process");
	write_core();
	write_images();
	note_removed();
	bool good = act("post-dump");

	kill(pid, good && !leave_running ? SIGKILL : SIGCONT);
	if (getenv("STANDIN_FAIL") && strcmp(getenv("STANDIN_FAIL"), "killed") == 0)
		raise(SIGKILL);
	return good ? 0 : 1;
}

/* ---- restore ---- */

static bool is_root(const struct stat *wanted)
{
	struct stat own;

	return stat("/", &own) == 0 && own.st_dev == wanted->st_dev &&
	       own.st_ino == wanted->st_ino;
}

static bool run_helper(void)
{
	char *const argv[] = { "sh", "-c", ":", NULL };
	int status = 1;
	pid_t pid;

	return posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) == 0 &&
	       waitpid(pid, &status, 0) == pid && status == 0;
}

static void make_cgroup_namespace(void)
{
	const char *procs = getenv("STANDIN_CGROUP");
	int fd = procs ? open(procs, O_WRONLY | O_CLOEXEC) : -1;

	if (procs && (fd < 0 || write(fd, "0", 1) != 1 || unshare(CLONE_NEWCGROUP) < 0))
		_exit(98);
	close(fd);
}

/* Into the mounts: where namespaces are made they are the caller's so far, else they are built. */
static void join_mounts(const struct stat *host)
{
	int ns = open(getenv("STANDIN_ASTRAY") ? "/proc/self/ns/mnt" : join, O_RDONLY | O_CLOEXEC);

	if (ns < 0 || setns(ns, CLONE_NEWNS) < 0)
		_exit(94);
	if (is_root(host) != (namespaces != 0) && !getenv("STANDIN_ASTRAY"))
		_exit(96);
	if (namespaces && !run_helper())
		_exit(97);
	if (getenv("STANDIN_ELSEWHERE") && chdir("/proc") < 0)
		_exit(99);
	close(ns);
}

/* The root task, in its namespaces; and the program again. */
_Noreturn static void be_root_task(int dir_fd, int go, int joined)
{
	static char words[4096], *argv[64];
	struct stat host;
	char byte;
	int n = 0;

	if (read(go, &byte, 1) != 1 || stat("/", &host) < 0)
		_exit(95);
	make_cgroup_namespace();
	join_mounts(&host);
	if (write(joined, "j", 1) != 1)
		_exit(93);
	close(joined);
	/* As CRIU reads pages: when the host is out of sight. */
	if (read(go, &byte, 1) != 1)
		_exit(93);
	int core = openat(dir_fd, "core-1.img", O_RDONLY);
	ssize_t size = core < 0 ? -1 : read(core, words, sizeof(words) - 1);

	for (char *p = words; p < words + size && n < 63; p += strlen(p) + 1)
		argv[n++] = p;
	if (is_root(&host) || n < 2)
		_exit(91);
	setsid();
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 3; fd++)
		dup2(null < 0 ? open("/null", O_RDWR) : null, fd);
	close_range(3, ~0U, 0);
	execv(argv[0], argv + 1);
	_exit(92);
}

/* As CRIU has those of a container open when its processes are restored. */
static bool open_terminal(void)
{
	const char *ptmx = getenv("STANDIN_TERMINAL");
	char path[4096];

	snprintf(path, sizeof(path), "/proc/%d/root/%s", (int)root_task, ptmx ? ptmx : "");
	return !ptmx || open(path, O_RDWR | O_NOCTTY | O_CLOEXEC) >= 0;
}

/* CRIU goes on when its root task has joined, and has run what it runs there. */
static bool join_now(int go, int joined)
{
	char byte;

	return write(go, "j", 1) == 1 && read(joined, &byte, 1) == 1;
}

static bool run_actions(int go, int joined)
{
	if (namespaces && !act("setup-namespaces"))
		return false;
	if (!join_now(go, joined) || (namespaces && !act("post-setup-namespaces")))
		return false;
	return open_terminal() && act("post-restore") && act("pre-resume") &&
	       write(go, "g", 1) == 1;
}

static void tell_pid(pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	setenv("CRTOOLS_INIT_PID", text, 1);
	FILE *f = pidfile ? fopen(pidfile, "w") : NULL;

	if (f) {
		fprintf(f, "%d", (int)pid);
		fclose(f);
	}
}

/* CRIU writes statistics beside the images. */
static void write_statistics(int dir_fd)
{
	int fd = openat(dir_fd, "stats-restore", O_CREAT | O_WRONLY | O_TRUNC, 0600);

	if (fd < 0 || write(fd, "s", 1) != 1)
		die("cannot write beside the images");
	close(fd);
}

static pid_t start_root_task(int dir_fd, int *ret_go, int *ret_joined)
{
	struct clone_args args = {
		.flags = namespaces | (is_sibling ? CLONE_PARENT : 0),
		.exit_signal = is_sibling ? 0 : SIGCHLD,
	};
	int go[2], joined[2];

	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(joined, O_CLOEXEC) < 0)
		die("no pipe");
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (pid < 0)
		die("no new namespaces");
	if (pid == 0) {
		close(go[1]);
		be_root_task(dir_fd, go[0], joined[1]);
	}
	close(go[0]);
	close(joined[1]);
	*ret_go = go[1];
	*ret_joined = joined[0];
	return pid;
}

static int restore(void)
{
	int dir_fd = open(images, O_RDONLY | O_DIRECTORY | O_CLOEXEC), go, joined, status = 0;

	namespaces = read_namespaces();
	if (dir_fd < 0 || !join || access(join, F_OK) < 0)
		die("no namespace to join");
	if (!act("pre-restore"))
		return 1;
	pid_t pid = start_root_task(dir_fd, &go, &joined);

	root_task = pid;
	tell_pid(pid);
	if (!run_actions(go, joined) || waitpid(pid, &status, WNOHANG) == pid) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return 1;
	}
	write_statistics(dir_fd);
	act("post-resume");
	if (detached)
		return 0;
	waitpid(pid, &status, 0); /* how it ends is nothing to CRIU */
	return 0;
}

/* ---- the RPC ---- */

/* Its client's descriptors are named by their numbers there. */
static const char *client_path(int number)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	char *path;

	if (getsockopt(rpc, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
	    asprintf(&path, "/proc/%d/fd/%d", (int)peer.pid, number) < 0)
		die("no client");
	return path;
}

static void take_options(const Rpc__Options *o)
{
	char pid[16];

	if (!o || !o->notify_scripts || o->n_ext_mnt)
		die("the request is not as it should be");
	images = client_path(o->images_dir_fd);
	snprintf(pid, sizeof(pid), "%d", o->pid);
	tree = strdup(pid);
	externals = (const char **)o->external;
	n_externals = (int)o->n_external;
	leave_running = o->leave_running;
	is_sibling = o->rst_sibling;
	detached = true;
	for (size_t i = 0; i < o->n_join_ns; i++)
		if (strcmp(o->join_ns[i]->ns, "mnt") == 0)
			join = o->join_ns[i]->ns_file;
}

static int tell_version(void)
{
	Rpc__Response response = RPC__RESPONSE__INIT;
	Rpc__Version version = RPC__VERSION__INIT;

	version.major_number = 4;
	version.minor_number = 2;
	response.type = 10;
	response.version = &version;
	answer(&response);
	return 0;
}

static int serve(int sock)
{
	Rpc__Response response = RPC__RESPONSE__INIT;
	Rpc__Dumped dumped = RPC__DUMPED__INIT;
	Rpc__Restored restored = RPC__RESTORED__INIT;

	rpc = sock;
	const Rpc__Request *request = receive();

	if (request->type == 10)
		return tell_version();
	if (request->type != 1 && request->type != 2)
		die("of the RPC only DUMP, RESTORE and VERSION");
	take_options(request->opts);
	if (request->type == 1 ? dump() : restore())
		return 1; /* the client sees that it is gone */
	response.type = request->type;
	response.dump = request->type == 1 ? &dumped : NULL;
	restored.pid = root_task;
	response.restore = request->type == 2 ? &restored : NULL;
	answer(&response);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 1;
	if (strcmp(argv[1], "--version") == 0)
		return puts("Version: 9.9") < 0;
	if (strcmp(argv[1], "swrk") == 0 && argc == 3)
		return serve(atoi(argv[2]));
	parse(argc, argv);
	if (!images)
		die("no image directory");
	return strcmp(argv[1], "dump") == 0 ? dump() : restore();
}
