/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libmount, loaded when the first mountinfo is read (base/library.h says why). */
#ifndef REBIND_MNT_SCAN_LIBMOUNT_H
#define REBIND_MNT_SCAN_LIBMOUNT_H

#include <libmount.h>

#include "base/library.h"

/**
 * libmount_load - make the functions below callable
 * @ret_reason: why not
 *
 * Return: 0 or -ELIBACC.
 */
int libmount_load(const char **ret_reason);

#define LIBMOUNT_FUNCTIONS(X)         \
	X(mnt_free_iter)              \
	X(mnt_fs_get_devno)           \
	X(mnt_fs_get_fstype)          \
	X(mnt_fs_get_id)              \
	X(mnt_fs_get_optional_fields) \
	X(mnt_fs_get_parent_id)       \
	X(mnt_fs_get_root)            \
	X(mnt_fs_get_source)          \
	X(mnt_fs_get_target)          \
	X(mnt_fs_get_vfs_options)     \
	X(mnt_new_iter)               \
	X(mnt_new_table)              \
	X(mnt_table_next_fs)          \
	X(mnt_table_get_userdata)     \
	X(mnt_table_parse_stream)     \
	X(mnt_table_set_parser_errcb) \
	X(mnt_table_set_userdata)     \
	X(mnt_unref_table)

struct libmount_functions {
	LIBMOUNT_FUNCTIONS(LIBRARY_FIELD)
};

extern struct libmount_functions libmount;

#ifndef LIBMOUNT_NO_NAMES
#define mnt_free_iter		   libmount.mnt_free_iter
#define mnt_fs_get_devno	   libmount.mnt_fs_get_devno
#define mnt_fs_get_fstype	   libmount.mnt_fs_get_fstype
#define mnt_fs_get_id		   libmount.mnt_fs_get_id
#define mnt_fs_get_optional_fields libmount.mnt_fs_get_optional_fields
#define mnt_fs_get_parent_id	   libmount.mnt_fs_get_parent_id
#define mnt_fs_get_root		   libmount.mnt_fs_get_root
#define mnt_fs_get_source	   libmount.mnt_fs_get_source
#define mnt_fs_get_target	   libmount.mnt_fs_get_target
#define mnt_fs_get_vfs_options	   libmount.mnt_fs_get_vfs_options
#define mnt_new_iter		   libmount.mnt_new_iter
#define mnt_new_table		   libmount.mnt_new_table
#define mnt_table_next_fs	   libmount.mnt_table_next_fs
#define mnt_table_get_userdata	   libmount.mnt_table_get_userdata
#define mnt_table_parse_stream	   libmount.mnt_table_parse_stream
#define mnt_table_set_parser_errcb libmount.mnt_table_set_parser_errcb
#define mnt_table_set_userdata	   libmount.mnt_table_set_userdata
#define mnt_unref_table		   libmount.mnt_unref_table
#endif

#endif
