// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/ns/inside.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/forward.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U /* Linux 6.3 */
#endif

/* The Makefile has built it before this file. */
__asm__(".pushsection .rodata\n"
	".hidden inside_program, inside_program_size\n"
	".globl inside_program, inside_program_size\n"
	"inside_program: .incbin \"" INSIDE_PROGRAM "\"\n"
	".balign 8\n"
	"inside_program_size: .quad inside_program_size - inside_program\n"
	".popsection\n");
extern const char inside_program[];
extern const uint64_t inside_program_size;

int inside_seal(void)
{
	static const char name[] = "rebind-inside";
	static const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	cleanup_fd int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	int err = fd_write_all(fd, inside_program, inside_program_size);

	if (!err && fcntl(fd, F_ADD_SEALS, seals) < 0)
		err = -errno;
	return err ? err : fd_take(&fd);
}

/* In the child: its socket as descriptor 3, the program behind it, and no other but stdio. */
void inside_execute(int program, int sock, bool is_command)
{
	char *const argv[] = { (char *)"rebind-inside", is_command ? (char *)"-" : NULL, NULL };
	char *const env[] = { NULL };
	int at = fcntl(sock, F_DUPFD_CLOEXEC, INSIDE_SOCK + 2);
	int its_program = fcntl(program, F_DUPFD_CLOEXEC, INSIDE_SOCK + 2);

	if (is_command)
		fd_limit_in_child();
	if (at >= 0 && its_program >= 0 && dup2(at, INSIDE_SOCK) >= 0 &&
	    dup3(its_program, INSIDE_SOCK + 1, O_CLOEXEC) >= 0) {
		child_close_from(INSIDE_SOCK + 2);
		for (int fd = 0; fd < INSIDE_SOCK && !is_command; fd++)
			close(fd);
		syscall(SYS_execveat, INSIDE_SOCK + 1, "", argv, env, AT_EMPTY_PATH);
	}
	struct ipc_message message = { .type = IPC_LOG, .value = LOG_ERROR };
	int err = -errno;

	/* If this cannot be said, its end says it. */
	if (ipc_send(INSIDE_SOCK, message,
		     (const char *const[4]){
			     "cannot execute a program from a memfd (memfd_create(2), "
			     "execveat(2)), to go into the namespaces" },
		     -1) == 0)
		(void)ipc_answer(INSIDE_SOCK, err, -1);
	_exit(1);
}

int inside_start(bool is_command, pid_t *ret_pid, int *ret_sock)
{
	cleanup_fd int program = inside_seal();
	int pair[2] = { -EBADF, -EBADF };

	if (program < 0)
		return program;
	child_lock();
	int err = fd_pair(pair);
	pid_t pid = err ? err : is_command ? forward_fork(child_fork_locked) : child_fork_locked();

	if (pid == 0)
		inside_execute(program, pair[1], is_command);
	fd_close(&pair[1]);
	child_unlock();
	if (pid < 0) {
		fd_close(&pair[0]);
		return pid;
	}
	*ret_pid = pid;
	*ret_sock = pair[0];
	return 0;
}

/* ---- a command ---- */

static bool names_directory(const char *variable)
{
	return strncmp(variable, "PWD=", 4) == 0 || strncmp(variable, "OLDPWD=", 7) == 0;
}

static size_t inside_count(char *const list[])
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

int inside_words(char *const argv[], char *const env[])
{
	cleanup_fd int fd = memfd_create("rebind-words", MFD_CLOEXEC);
	cleanup_fd int copy = fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	FILE *file = copy < 0 ? NULL : fdopen(copy, "w");
	size_t argc = inside_count(argv), envc = inside_count(env), kept = 1;

	if (!file)
		return -errno;
	fd_take(&copy);
	for (size_t i = 0; i < envc; i++)
		kept += !names_directory(env[i]);
	fprintf(file, "%zu %zu", argc, kept);
	fputc('\0', file);
	for (size_t i = 0; i < argc; i++)
		fwrite(argv[i], strlen(argv[i]) + 1, 1, file);
	fwrite("PWD=/", sizeof("PWD=/"), 1, file);
	for (size_t i = 0; i < envc; i++)
		if (!names_directory(env[i]))
			fwrite(env[i], strlen(env[i]) + 1, 1, file);
	bool failed = ferror(file);

	return fclose(file) || failed ? -EIO : fd_take(&fd);
}
