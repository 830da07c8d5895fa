// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/oci/document.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"

static int slurp(int fd, const char *name, char **ret, size_t *ret_size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return log_error(-errno, "cannot open '%s'", name);
	if (!S_ISREG(st.st_mode) || st.st_size > DOCUMENT_MAX)
		return log_error(S_ISREG(st.st_mode) ? -EFBIG : -EINVAL, "cannot read '%s'", name);
	int err = fd_slurp(fd, ret, ret_size);

	return err ? log_error(err, "cannot read '%s'", name) : 0;
}

int document_read_fd(int fd, const char *name, json_t **ret)
{
	cleanup_free char *text = NULL;
	json_error_t fault;
	const char *reason;
	size_t size;
	int err = jansson_load(&reason);

	if (err)
		return log_error(err, "libjansson, which reads '%s', cannot be loaded: %s", name,
				 reason);
	err = slurp(fd, name, &text, &size);
	if (err)
		return err;
	/* As the runtimes read it. A limit can be 2^64 - 1, which no integer of jansson's holds. */
	*ret = json_loadb(text, size, JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &fault);
	if (*ret)
		return 0;
	log_error(0, "'%s', line %d, column %d: %s", name, fault.line, fault.column, fault.text);
	return -EBADMSG;
}

int document_read(int dir_fd, const char *file, const char *name, json_t **ret)
{
	cleanup_fd int fd = openat(dir_fd, file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? log_error(-errno, "cannot open '%s'", name)
		      : document_read_fd(fd, name, ret);
}
