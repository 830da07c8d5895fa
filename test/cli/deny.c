// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * deny ERRNO CALL[,CALL...] COMMAND [ARG...]
 *
 * Runs a command for which some system calls answer ERRNO (ENOSYS, EPERM, or a number), as a
 * container runtime's seccomp profile makes them. All of its children are under the same filter.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_CALLS 32

/* glibc 2.36 has no names for these; the numbers are the same everywhere. */
#ifndef SYS_statmount
#define SYS_statmount 457
#define SYS_listmount 458
#endif

static const struct {
	const char *name;
	long number;
} calls[] = {
	{ "openat2", SYS_openat2 },
	{ "open_tree", SYS_open_tree },
	{ "move_mount", SYS_move_mount },
	{ "mount_setattr", SYS_mount_setattr },
	{ "fsopen", SYS_fsopen },
	{ "fsconfig", SYS_fsconfig },
	{ "fsmount", SYS_fsmount },
	{ "fspick", SYS_fspick },
	{ "statmount", SYS_statmount },
	{ "listmount", SYS_listmount },
	{ "pidfd_getfd", SYS_pidfd_getfd },
	{ "pivot_root", SYS_pivot_root },
	{ "statx", SYS_statx },
	{ "mkdirat", SYS_mkdirat },
	{ "mknodat", SYS_mknodat },
	{ "renameat2", SYS_renameat2 },
	{ "unlinkat", SYS_unlinkat },
	{ "linkat", SYS_linkat },
	{ "symlinkat", SYS_symlinkat },
	{ "mount", SYS_mount },
	{ "umount2", SYS_umount2 },
	{ "unshare", SYS_unshare },
	{ "setns", SYS_setns },
	{ "chroot", SYS_chroot },
	{ "fchdir", SYS_fchdir },
	{ "capset", SYS_capset },
	{ "socketpair", SYS_socketpair },
	{ "sendmsg", SYS_sendmsg },
	{ "recvmsg", SYS_recvmsg },
	{ "fsync", SYS_fsync },
	{ "close_range", SYS_close_range },
	{ "memfd_create", SYS_memfd_create },
	{ "getrandom", SYS_getrandom },
	{ "prctl", SYS_prctl },
	{ "fstatfs", SYS_fstatfs },
	{ "setxattr", SYS_setxattr },
	{ "fsetxattr", SYS_fsetxattr },
	{ "fchownat", SYS_fchownat },
	{ "fchmod", SYS_fchmod },
	{ "utimensat", SYS_utimensat },
	{ "getdents64", SYS_getdents64 },
};

static long number_of(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].number;
	fprintf(stderr, "deny: unknown system call '%s'\n", name);
	exit(99);
}

static int errno_of(const char *name)
{
	if (strcmp(name, "ENOSYS") == 0)
		return ENOSYS;
	if (strcmp(name, "EPERM") == 0)
		return EPERM;
	return atoi(name);
}

static int install(int err, char *list)
{
	struct sock_filter filter[2 * MAX_CALLS + 2] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	unsigned short n = 1;

	for (char *name = strtok(list, ","); name && n < 2 * MAX_CALLS; name = strtok(NULL, ",")) {
		filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							   (unsigned int)number_of(name), 0, 1);
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
							   SECCOMP_RET_ERRNO | (unsigned int)err);
	}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { .len = n, .filter = filter };

	if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: deny ERRNO CALL[,CALL...] COMMAND [ARG...]\n");
		return 99;
	}
	if (install(errno_of(argv[1]), argv[2]) < 0) {
		fprintf(stderr, "deny: cannot install the filter: %s\n", strerror(errno));
		return 99;
	}
	execvp(argv[3], argv + 3);
	fprintf(stderr, "deny: cannot execute '%s': %s\n", argv[3], strerror(errno));
	return 127;
}
