// SPDX-License-Identifier: LGPL-2.1-or-later
/* The reader for text: libmount parses, nothing is looked up with it (its lookups are linear). */
#include <libmount.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "mnt/scan-reader.h"
#include "model/flags.h"

static void free_table(struct libmnt_table **table)
{
	mnt_unref_table(*table);
}

static void free_iter(struct libmnt_iter **iter)
{
	mnt_free_iter(*iter);
}

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static int refuse_line(struct libmnt_table *table, const char *name, int line)
{
	return -EBADMSG;
}

static const char *copy(struct mount_tree *tree, const char *text)
{
	return arena_intern(&tree->strings, text ? text : "", text ? strlen(text) : 0);
}

/*
 * libmount has unescaped the options; the model keeps them as mountinfo spells them, so that a comma
 * in a value is not a separator. Overlay writes such a comma with a backslash before it.
 */
static const char *escape_options(struct mount_tree *tree, const char *text)
{
	cleanup_free char *out = malloc(strlen(text) * 4 + 1);
	char *end = out;

	if (!out)
		return NULL;
	for (const char *p = text; *p; p++) {
		if (strchr(" \t\n\\", *p) || (*p == ',' && p > text && p[-1] == '\\'))
			end += sprintf(end, "\\%03o", (unsigned char)*p);
		else
			*end++ = *p;
	}
	return arena_intern(&tree->strings, out, (size_t)(end - out));
}

static int set_sb_options(struct mount_tree *tree, struct mount *m, const char *options)
{
	if (!options)
		return 0;
	while (*options) {
		size_t n = strcspn(options, ",");
		int flag = flags_sb_from_word(options, n);

		if (flag < 0)
			break;
		m->sb_flags |= (uint32_t)flag;
		options += n + (options[n] == ',');
	}
	m->options = escape_options(tree, options);
	return m->options ? 0 : -ENOMEM;
}

static int set_propagation(struct mount *m, const char *fields)
{
	while (fields && *fields) {
		size_t n = strcspn(fields, " ");
		char word[32];

		if (n >= sizeof(word))
			return -EBADMSG;
		memcpy(word, fields, n);
		word[n] = '\0';
		if (strcmp(word, "unbindable") == 0)
			m->unbindable = true;
		else if (sscanf(word, "shared:%u", &m->shared) != 1 &&
			 sscanf(word, "master:%u", &m->master) != 1 &&
			 strncmp(word, "propagate_from:", 15) != 0)
			return -EBADMSG;
		fields += n;
		fields += strspn(fields, " ");
	}
	return 0;
}

static int set_strings(struct mount_tree *tree, struct mount *m, struct libmnt_fs *fs)
{
	const char *target = mnt_fs_get_target(fs), *root = mnt_fs_get_root(fs);

	if (!target || !root)
		return -EBADMSG;
	m->fstype = copy(tree, mnt_fs_get_fstype(fs));
	m->source = copy(tree, mnt_fs_get_source(fs));
	m->mountpoint = arena_copy(&tree->strings, target, strlen(target));
	if (!m->fstype || !m->source || !m->mountpoint)
		return -ENOMEM;
	return scan_set_root(tree, m, root);
}

static int add_one(struct mount_tree *tree, struct libmnt_fs *fs)
{
	struct mount *m = tree_add(tree);
	dev_t dev = mnt_fs_get_devno(fs);
	const char *attributes = mnt_fs_get_vfs_options(fs);

	if (!m)
		return -ENOMEM;
	m->id = (uint32_t)mnt_fs_get_id(fs);
	m->parent_id = (uint32_t)mnt_fs_get_parent_id(fs);
	m->dev = MOUNT_DEV(major(dev), minor(dev));
	int err = set_strings(tree, m, fs);

	if (!err)
		err = set_sb_options(tree, m, mnt_fs_get_fs_options(fs));
	if (!err)
		err = set_propagation(m, mnt_fs_get_optional_fields(fs));
	if (!err && flags_attr_from_options(attributes ? attributes : "", &m->attributes, NULL))
		err = -EBADMSG;
	return err;
}

int scan_mountinfo(int fd, struct mount_tree *tree, struct tree_fault *fault)
{
	cleanup(free_table) struct libmnt_table *table = mnt_new_table();
	cleanup(free_iter) struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	cleanup_fd int own = dup(fd);
	cleanup(close_file) FILE *file = own < 0 || lseek(own, 0, SEEK_SET) < 0 ? NULL : fdopen(own, "r");
	struct libmnt_fs *fs;

	if (!file)
		return -errno;
	fd_take(&own);
	if (!table || !iter)
		return -ENOMEM;
	mnt_table_set_parser_errcb(table, refuse_line);
	if (mnt_table_parse_stream(table, file, "/proc/self/mountinfo"))
		return -EBADMSG;
	while (mnt_table_next_fs(table, iter, &fs) == 0) {
		int err = add_one(tree, fs);

		if (err == -EBADMSG)
			*fault = (struct tree_fault){ (uint32_t)mnt_fs_get_id(fs), "has a field unknown here" };
		if (err)
			return err;
	}
	return tree->n ? 0 : -EBADMSG;
}
