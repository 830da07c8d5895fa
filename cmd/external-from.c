// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/external-from.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/cmd.h"
#include "cmd/errors.h"

/* A million words of the longest kind that are likely; what has no end, as a device, ends here. */
#define SIZE_MAX_MIB 64

static int external_from_fail(const char *file, const char *why)
{
	errors_say("cannot read the file '%s' of --external-from: %s", file, why);
	return STATUS_FAILED;
}

static int add_words(const char *text, size_t size, struct strings *external)
{
	int separator = memchr(text, '\0', size) ? '\0' : '\n';
	const char *end = text + size;

	while (text < end) {
		const char *stop = memchr(text, separator, (size_t)(end - text));
		size_t n = (size_t)((stop ? stop : end) - text);
		int err = n ? strings_add(external, text, n) : 0;

		if (err)
			return err;
		text += n + 1;
	}
	return 0;
}

static int add_file(const char *file, struct strings *external)
{
	const size_t limit = (size_t)SIZE_MAX_MIB << 20;
	cleanup_fd int opened =
		strcmp(file, "-") == 0 ? -EBADF : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int fd = strcmp(file, "-") == 0 ? STDIN_FILENO : opened;
	cleanup_free char *text = NULL;
	size_t size = 0;

	if (fd < 0)
		return external_from_fail(file, strerror(errno));
	int err = fd_slurp_at_most(fd, limit, &text, &size);

	if (err)
		return external_from_fail(file, err == -EFBIG ? "it is longer than 64 MiB"
							      : strerror(-err));
	return add_words(text, size, external) ? external_from_fail(file, strerror(ENOMEM)) : 0;
}

int external_from(const struct strings *files, struct strings *external)
{
	int status = 0;

	for (size_t i = 0; i < files->n && !status; i++)
		status = add_file(files->list[i], external);
	return status;
}
