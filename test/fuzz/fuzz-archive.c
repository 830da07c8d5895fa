// SPDX-License-Identifier: LGPL-2.1-or-later
/* An archive of any content: checked and listed, nothing unpacked. */
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "archive/archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_fd int fd = memfd_create("fuzz", MFD_CLOEXEC);
	const struct archive_rules list_only = { .policy = ARCHIVE_LIST_ONLY };
	const struct archive_rules ours = { .policy = ARCHIVE_LIST_ONLY, .writer = ARCHIVE_OURS };
	struct mount_contents done;
	struct archive_list list = { 0 };
	struct archive_fault fault;

	if (fd < 0 || fd_write_all(fd, data, size) || lseek(fd, 0, SEEK_SET))
		abort();
	archive_unpack(fd, -EBADF, &list_only, &done, NULL, NULL, NULL, &fault);
	if (lseek(fd, 0, SEEK_SET))
		abort();
	archive_unpack(fd, -EBADF, &ours, &done, NULL, NULL, NULL, &fault);
	if (lseek(fd, 0, SEEK_SET))
		abort();
	if (archive_list(fd, &(struct archive_rules){ 0 }, &list, &fault) == 0)
		archive_list_free(&list);
	return 0;
}
