// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An archive of any content: checked and listed, nothing unpacked. Where it is no gzip, the checksums
 * of what looks like a header are put right, or hardly an input would get past the first one.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "archive/archive.h"

enum { BLOCK = 512, CHECKSUM = 148, CHECKSUM_SIZE = 8, MAGIC = 257 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_right(uint8_t *header)
{
	char text[CHECKSUM_SIZE];
	uint32_t sum = 0;

	memset(header + CHECKSUM, ' ', CHECKSUM_SIZE);
	for (size_t i = 0; i < BLOCK; i++)
		sum += header[i];
	snprintf(text, sizeof(text), "%06o", sum);
	memcpy(header + CHECKSUM, text, sizeof(text));
	header[CHECKSUM + CHECKSUM_SIZE - 1] = ' ';
}

static int make_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	bool is_gzip = size > 1 && data[0] == 0x1f && data[1] == 0x8b;
	cleanup_free uint8_t *copy = malloc(size + 1);

	if (fd < 0 || !copy)
		abort();
	memcpy(copy, data, size);
	for (size_t at = 0; !is_gzip && at + BLOCK <= size; at += BLOCK)
		if (memcmp(copy + at + MAGIC, "ustar", 5) == 0)
			put_right(copy + at);
	if (fd_write_all(fd, copy, size))
		abort();
	return fd;
}

static void list_as(int fd, enum archive_writer writer)
{
	const struct archive_rules rules = { .policy = ARCHIVE_LIST_ONLY, .writer = writer };
	struct mount_contents done;
	struct archive_fault fault;

	if (lseek(fd, 0, SEEK_SET))
		abort();
	archive_unpack(fd, -EBADF, &rules, &done, NULL, NULL, NULL, &fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_fd int fd = make_file(data, size);
	struct archive_list list = { 0 };
	struct archive_fault fault;

	list_as(fd, ARCHIVE_ANYBODY);
	list_as(fd, ARCHIVE_OURS);
	if (lseek(fd, 0, SEEK_SET))
		abort();
	if (archive_list(fd, &(struct archive_rules){ 0 }, &list, &fault) == 0)
		archive_list_free(&list);
	return 0;
}
