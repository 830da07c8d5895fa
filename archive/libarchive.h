/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libarchive, loaded when the first archive is opened (base/library.h says why). */
#ifndef REBIND_ARCHIVE_LIBARCHIVE_H
#define REBIND_ARCHIVE_LIBARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

#include "base/library.h"

/**
 * libarchive_load - make the functions below callable
 * @ret_reason: why not
 *
 * Return: 0 or -ELIBACC.
 */
int libarchive_load(const char **ret_reason);

#define LIBARCHIVE_FUNCTIONS(X)              \
	X(archive_entry_acl_add_entry)       \
	X(archive_entry_acl_next)            \
	X(archive_entry_acl_reset)           \
	X(archive_entry_acl_to_text)         \
	X(archive_entry_acl_types)           \
	X(archive_entry_atime)               \
	X(archive_entry_atime_is_set)        \
	X(archive_entry_atime_nsec)          \
	X(archive_entry_clear)               \
	X(archive_entry_fflags)              \
	X(archive_entry_filetype)            \
	X(archive_entry_free)                \
	X(archive_entry_gid)                 \
	X(archive_entry_hardlink)            \
	X(archive_entry_mtime)               \
	X(archive_entry_mtime_is_set)        \
	X(archive_entry_mtime_nsec)          \
	X(archive_entry_new)                 \
	X(archive_entry_pathname)            \
	X(archive_entry_perm)                \
	X(archive_entry_rdevmajor)           \
	X(archive_entry_rdevminor)           \
	X(archive_entry_set_atime)           \
	X(archive_entry_set_fflags)          \
	X(archive_entry_set_gid)             \
	X(archive_entry_set_hardlink)        \
	X(archive_entry_set_mode)            \
	X(archive_entry_set_mtime)           \
	X(archive_entry_set_pathname)        \
	X(archive_entry_set_rdev)            \
	X(archive_entry_set_size)            \
	X(archive_entry_set_symlink)         \
	X(archive_entry_set_uid)             \
	X(archive_entry_size)                \
	X(archive_entry_sparse_add_entry)    \
	X(archive_entry_sparse_count)        \
	X(archive_entry_symlink)             \
	X(archive_entry_uid)                 \
	X(archive_entry_xattr_add_entry)     \
	X(archive_entry_xattr_next)          \
	X(archive_entry_xattr_reset)         \
	X(archive_errno)                     \
	X(archive_error_string)              \
	X(archive_read_data_block)           \
	X(archive_read_free)                 \
	X(archive_read_header_position)      \
	X(archive_read_new)                  \
	X(archive_read_next_header)          \
	X(archive_read_open)                 \
	X(archive_read_support_filter_zstd)  \
	X(archive_read_support_format_tar)   \
	X(archive_set_error)                 \
	X(archive_write_add_filter_gzip)     \
	X(archive_write_add_filter_zstd)     \
	X(archive_write_close)               \
	X(archive_write_data)                \
	X(archive_write_free)                \
	X(archive_write_header)              \
	X(archive_write_new)                 \
	X(archive_write_open)                \
	X(archive_write_open_fd)             \
	X(archive_write_set_bytes_per_block) \
	X(archive_write_set_format_option)   \
	X(archive_write_set_format_pax)

struct libarchive_functions {
	LIBARCHIVE_FUNCTIONS(LIBRARY_FIELD)
};

/* What is called now: the library, or what stands in for it (archive/pax.h). */
extern const struct libarchive_functions *libarchive_called;

/**
 * libarchive_call - from now on, call the library, which libarchive_load() has loaded
 */
void libarchive_call(void);

#ifndef LIBARCHIVE_NO_NAMES
#define archive_entry_acl_add_entry	  libarchive_called->archive_entry_acl_add_entry
#define archive_entry_acl_next		  libarchive_called->archive_entry_acl_next
#define archive_entry_acl_reset		  libarchive_called->archive_entry_acl_reset
#define archive_entry_acl_to_text	  libarchive_called->archive_entry_acl_to_text
#define archive_entry_acl_types		  libarchive_called->archive_entry_acl_types
#define archive_entry_atime		  libarchive_called->archive_entry_atime
#define archive_entry_atime_is_set	  libarchive_called->archive_entry_atime_is_set
#define archive_entry_atime_nsec	  libarchive_called->archive_entry_atime_nsec
#define archive_entry_clear		  libarchive_called->archive_entry_clear
#define archive_entry_fflags		  libarchive_called->archive_entry_fflags
#define archive_entry_filetype		  libarchive_called->archive_entry_filetype
#define archive_entry_free		  libarchive_called->archive_entry_free
#define archive_entry_gid		  libarchive_called->archive_entry_gid
#define archive_entry_hardlink		  libarchive_called->archive_entry_hardlink
#define archive_entry_mtime		  libarchive_called->archive_entry_mtime
#define archive_entry_mtime_is_set	  libarchive_called->archive_entry_mtime_is_set
#define archive_entry_mtime_nsec	  libarchive_called->archive_entry_mtime_nsec
#define archive_entry_new		  libarchive_called->archive_entry_new
#define archive_entry_pathname		  libarchive_called->archive_entry_pathname
#define archive_entry_perm		  libarchive_called->archive_entry_perm
#define archive_entry_rdevmajor		  libarchive_called->archive_entry_rdevmajor
#define archive_entry_rdevminor		  libarchive_called->archive_entry_rdevminor
#define archive_entry_set_atime		  libarchive_called->archive_entry_set_atime
#define archive_entry_set_fflags	  libarchive_called->archive_entry_set_fflags
#define archive_entry_set_gid		  libarchive_called->archive_entry_set_gid
#define archive_entry_set_hardlink	  libarchive_called->archive_entry_set_hardlink
#define archive_entry_set_mode		  libarchive_called->archive_entry_set_mode
#define archive_entry_set_mtime		  libarchive_called->archive_entry_set_mtime
#define archive_entry_set_pathname	  libarchive_called->archive_entry_set_pathname
#define archive_entry_set_rdev		  libarchive_called->archive_entry_set_rdev
#define archive_entry_set_size		  libarchive_called->archive_entry_set_size
#define archive_entry_set_symlink	  libarchive_called->archive_entry_set_symlink
#define archive_entry_set_uid		  libarchive_called->archive_entry_set_uid
#define archive_entry_size		  libarchive_called->archive_entry_size
#define archive_entry_sparse_add_entry	  libarchive_called->archive_entry_sparse_add_entry
#define archive_entry_sparse_count	  libarchive_called->archive_entry_sparse_count
#define archive_entry_symlink		  libarchive_called->archive_entry_symlink
#define archive_entry_uid		  libarchive_called->archive_entry_uid
#define archive_entry_xattr_add_entry	  libarchive_called->archive_entry_xattr_add_entry
#define archive_entry_xattr_next	  libarchive_called->archive_entry_xattr_next
#define archive_entry_xattr_reset	  libarchive_called->archive_entry_xattr_reset
#define archive_errno			  libarchive_called->archive_errno
#define archive_error_string		  libarchive_called->archive_error_string
#define archive_read_data_block		  libarchive_called->archive_read_data_block
#define archive_read_free		  libarchive_called->archive_read_free
#define archive_read_header_position	  libarchive_called->archive_read_header_position
#define archive_read_new		  libarchive_called->archive_read_new
#define archive_read_next_header	  libarchive_called->archive_read_next_header
#define archive_read_open		  libarchive_called->archive_read_open
#define archive_read_support_filter_zstd  libarchive_called->archive_read_support_filter_zstd
#define archive_read_support_format_tar	  libarchive_called->archive_read_support_format_tar
#define archive_set_error		  libarchive_called->archive_set_error
#define archive_write_add_filter_gzip	  libarchive_called->archive_write_add_filter_gzip
#define archive_write_add_filter_zstd	  libarchive_called->archive_write_add_filter_zstd
#define archive_write_close		  libarchive_called->archive_write_close
#define archive_write_data		  libarchive_called->archive_write_data
#define archive_write_free		  libarchive_called->archive_write_free
#define archive_write_header		  libarchive_called->archive_write_header
#define archive_write_new		  libarchive_called->archive_write_new
#define archive_write_open		  libarchive_called->archive_write_open
#define archive_write_open_fd		  libarchive_called->archive_write_open_fd
#define archive_write_set_bytes_per_block libarchive_called->archive_write_set_bytes_per_block
#define archive_write_set_format_option	  libarchive_called->archive_write_set_format_option
#define archive_write_set_format_pax	  libarchive_called->archive_write_set_format_pax
#endif

#endif
