/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What packing, unpacking and listing share: how libarchive is set up for our archives. */
#ifndef REBIND_ARCHIVE_TAR_H
#define REBIND_ARCHIVE_TAR_H

#include <locale.h>

#include "base/table.h"
#include "archive/archive.h"
#include "archive/gunzip.h"
#include "archive/libarchive.h"

#define TAR_BUFFER    262144
#define TAR_PATH_SIZE 65536 /* of a name in an archive, with its NUL */

/**
 * tar_fault - fill a fault, if there is one to fill
 *
 * Return: @err.
 */
int tar_fault(struct archive_fault *fault, int err, const char *format, ...) printf_like(3, 4);

/*
 * libarchive converts names by the thread's locale. In a UTF-8 one it leaves every name as it is:
 * those that are UTF-8, and those that are not, which it marks. In "C" it would refuse.
 */
locale_t tar_locale_enter(void);
void tar_locale_leave(locale_t *before);
#define cleanup_tar_locale cleanup(tar_locale_leave) __attribute__((unused))

void tar_reader_free(struct archive **a);
#define cleanup_tar_reader cleanup(tar_reader_free)

/* How much data went by, told every few MiB, or after as many small files as take that long. */
struct tar_progress {
	archive_progress_fn fn; /* or NULL */
	void *data;
	uint64_t bytes, reported;
	unsigned int entries; /* since then */
};

void tar_progress_add(struct tar_progress *progress, uint64_t bytes);
void tar_progress_entry(struct tar_progress *progress);

/**
 * tar_open - begin to read an archive: tar in all its dialects, gzip or plain
 * @gz: @fd and @digest are set; declared before the reader, so that it is freed after it
 *
 * Return: 0 or a negative errno with @fault filled.
 */
int tar_open(struct gunzip *gz, struct archive **ret, struct archive_fault *fault);

/**
 * tar_read_rest - read what stands behind the last entry, for the digest and the CRC
 *
 * Nothing but zeros may stand there. Return: 0 or a negative errno with @fault filled.
 */
int tar_read_rest(struct gunzip *gz, struct archive *a, struct archive_fault *fault);

/**
 * tar_next - the next entry
 * @ret_entry: valid until the next call; has a name
 *
 * Return: 1, 0 at the end, or a negative errno with @fault filled.
 */
int tar_next(struct archive *a, struct archive_entry **ret_entry, struct archive_fault *fault);

/**
 * tar_data - the next piece of an entry's data
 *
 * Return: 1, 0 at the end, or a negative errno with @fault filled.
 */
int tar_data(struct archive *a, const char *name, const void **data, size_t *size, int64_t *offset,
	     struct archive_fault *fault);

/**
 * tar_plain_path - the spelling without "./", "//" and a slash at the end; "" is the root
 * @ret: of at least the same size; may be @path
 */
void tar_plain_path(const char *path, char *ret);

/**
 * tar_open_below - open a handle on a directory, by the first @size bytes of its plain path
 *
 * The path may be longer than the kernel takes. Return: an O_PATH descriptor or a negative errno,
 * as path_open_beneath().
 */
int tar_open_below(int dir_fd, const char *path, size_t size);

/**
 * tar_is_harmless - is this device node one that is unpacked without consent
 */
bool tar_is_harmless(struct archive_entry *entry);

/* What has been seen of an archive, to judge the entries that follow. Zero it to start. */
struct tar_guard {
	struct table symlinks; /* hashes of the paths of all symlinks so far */
	unsigned int policy;   /* bits of enum archive_policy */
};

void tar_guard_free(struct tar_guard *guard);
#define cleanup_tar_guard cleanup(tar_guard_free)

/**
 * tar_guard_path - may an entry have this name: not absolute, no "..", not through a symlink seen
 * @ret_hash: of the name
 *
 * Return: 0, or a negative errno with @fault filled.
 */
int tar_guard_path(const struct tar_guard *guard, const char *path, uint64_t *ret_hash,
		   struct archive_fault *fault);

/**
 * tar_guard_check - may this entry be unpacked
 *
 * Return: 0, or a negative errno with @fault filled: see archive_unpack().
 */
int tar_guard_check(struct tar_guard *guard, struct archive_entry *entry,
		    struct archive_fault *fault);

#endif
