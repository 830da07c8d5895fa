// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/oci/document.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"

/* More than the configuration of any container has. */
#define MAX_SIZE (16U << 20)

static int slurp(int dir_fd, const char *file, const char *name, char **ret, size_t *ret_size)
{
	cleanup_fd int fd = openat(dir_fd, file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return log_error(-errno, "cannot open '%s'", name);
	if (!S_ISREG(st.st_mode) || st.st_size > MAX_SIZE)
		return log_error(S_ISREG(st.st_mode) ? -EFBIG : -EINVAL, "cannot read '%s'", name);
	int err = fd_slurp(fd, ret, ret_size);

	return err ? log_error(err, "cannot read '%s'", name) : 0;
}

int document_read(int dir_fd, const char *file, const char *name, json_t **ret)
{
	cleanup_free char *text = NULL;
	json_error_t fault;
	const char *reason;
	size_t size;
	int err = jansson_load(&reason);

	if (err)
		return log_error(err, "libjansson, which reads '%s', cannot be loaded: %s", name,
				 reason);
	err = slurp(dir_fd, file, name, &text, &size);
	if (err)
		return err;
	/* As the runtimes read it. A limit can be 2^64 - 1, which no integer of jansson's holds. */
	*ret = json_loadb(text, size, JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &fault);
	if (*ret)
		return 0;
	log_error(0, "'%s', line %d, column %d: %s", name, fault.line, fault.column, fault.text);
	return -EBADMSG;
}
