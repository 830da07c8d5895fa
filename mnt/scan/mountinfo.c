// SPDX-License-Identifier: LGPL-2.1-or-later
/* The reader for text: libmount parses, nothing is looked up with it (its lookups are linear). */
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "mnt/scan/libmount.h"
#include "mnt/scan/reader.h"
#include "model/flags.h"

static void free_table(struct libmnt_table **table)
{
	mnt_unref_table(*table);
}

static void free_iter(struct libmnt_iter **iter)
{
	mnt_free_iter(*iter);
}

static int refuse_line(struct libmnt_table *table, const char *name, int line)
{
	struct tree_fault *fault = mnt_table_get_userdata(table);

	fault->line = (uint32_t)line;
	return -EBADMSG;
}

static const char *copy(struct mount_tree *tree, const char *text)
{
	return arena_intern(&tree->strings, text ? text : "", text ? strlen(text) : 0);
}

/* Where the superblock's options stand in a line: the third field behind the hyphen; or its end. */
static const char *sb_options(const char *line, const char *end)
{
	const char *p = memmem(line, (size_t)(end - line), " - ", 3);

	p = p ? p + 3 : end;
	for (int field = 0; field < 2 && p < end; field++) {
		p = memchr(p, ' ', (size_t)(end - p));
		p = p ? p + 1 : end;
	}
	return p;
}

/*
 * libmount has unescaped the options, so that a comma in a value would be a separator; the model
 * keeps them as mountinfo spells them.
 */
int scan_set_sb_options(struct mount_tree *tree, struct mount *m, const char *options,
			const char *end)
{
	while (options < end) {
		size_t n = strcspn(options, ",\n");
		int flag = flags_sb_from_word(options, n);

		if (flag < 0)
			break;
		m->sb_flags |= (uint32_t)flag;
		options += n + (options[n] == ',');
	}
	m->options = arena_intern(&tree->strings, options, (size_t)(end - options));
	return m->options ? 0 : -ENOMEM;
}

/* Of fields that are not known the first such mount is noted: there may be more in time. */
int scan_set_propagation(struct mount *m, const char *fields, uint32_t *strange)
{
	while (fields && *fields) {
		size_t n = strcspn(fields, " ");
		bool known = true;
		char word[32];

		if (n >= sizeof(word))
			return -EBADMSG;
		memcpy(word, fields, n);
		word[n] = '\0';
		if (strcmp(word, "unbindable") == 0)
			m->unbindable = true;
		else if (strncmp(word, "shared:", 7) == 0 || strncmp(word, "master:", 7) == 0)
			known = sscanf(word, "shared:%u", &m->shared) == 1 ||
				sscanf(word, "master:%u", &m->master) == 1;
		else if (strncmp(word, "propagate_from:", 15) != 0 && !*strange)
			*strange = m->id;
		if (!known)
			return -EBADMSG;
		fields += n;
		fields += strspn(fields, " ");
	}
	return 0;
}

static int set_attributes(struct mount *m, const char *words, struct tree_fault *fault)
{
	const char *unknown;

	if (!flags_attr_from_options(words, &m->attributes, &unknown))
		return 0;
	cleanup_free char *word = strndup(unknown, strcspn(unknown, ","));
	cleanup_free char *shown = word ? path_printable(word) : NULL;

	if (!shown)
		return -ENOMEM;
	snprintf(fault->text, sizeof(fault->text),
		 "has the per-mount flag '%.40s', which is unknown here", shown);
	fault->reason = fault->text;
	return -EBADMSG;
}

/* A saved table can have any word there. */
static int refuse_mountpoint(const char *target, struct tree_fault *fault)
{
	cleanup_free char *shown = path_printable(target);

	if (!shown)
		return -ENOMEM;
	snprintf(fault->text, sizeof(fault->text),
		 "has the mountpoint '%.40s', which is not an absolute path", shown);
	fault->reason = fault->text;
	return -EBADMSG;
}

static int set_strings(struct mount_tree *tree, struct mount *m, struct libmnt_fs *fs,
		       struct tree_fault *fault)
{
	const char *target = mnt_fs_get_target(fs), *root = mnt_fs_get_root(fs);

	if (!target || !root)
		return -EBADMSG;
	if (target[0] != '/')
		return refuse_mountpoint(target, fault);
	m->fstype = copy(tree, mnt_fs_get_fstype(fs));
	m->source = copy(tree, mnt_fs_get_source(fs));
	m->mountpoint = arena_copy(&tree->strings, target, strlen(target));
	if (!m->fstype || !m->source || !m->mountpoint)
		return -ENOMEM;
	return scan_set_root(tree, m, root);
}

/* @line: the text that @fs was made of */
static int add_one(struct mount_tree *tree, struct libmnt_fs *fs, const char *line,
		   struct tree_fault *fault)
{
	struct mount *m = tree_add(tree);
	dev_t dev = mnt_fs_get_devno(fs);
	const char *attributes = mnt_fs_get_vfs_options(fs), *end = line + strcspn(line, "\n");

	if (!m)
		return -ENOMEM;
	m->id = (uint32_t)mnt_fs_get_id(fs);
	m->parent_id = (uint32_t)mnt_fs_get_parent_id(fs);
	m->dev = MOUNT_DEV(major(dev), minor(dev));
	int err = set_strings(tree, m, fs, fault);

	if (!err)
		err = scan_set_sb_options(tree, m, sb_options(line, end), end);
	if (!err)
		err = scan_set_propagation(m, mnt_fs_get_optional_fields(fs), &fault->strange);
	return err ? err : set_attributes(m, attributes ? attributes : "", fault);
}

/* The next line that is none of those that libmount leaves out. */
static const char *next_line(const char *text)
{
	while (*text == '\n' || *text == ' ' || *text == '\t' || *text == '#')
		text += *text == '#' ? strcspn(text, "\n") : 1;
	return text;
}

static uint32_t line_of(const char *text, const char *at)
{
	uint32_t line = 1;

	while ((text = memchr(text, '\n', (size_t)(at - text)))) {
		line++;
		text++;
	}
	return line;
}

static int add_all(struct mount_tree *tree, struct libmnt_table *table, const char *text,
		   struct tree_fault *fault)
{
	const char *begin = text;
	cleanup(free_iter) struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;

	if (!iter)
		return -ENOMEM;
	while (mnt_table_next_fs(table, iter, &fs) == 0) {
		text = next_line(text);
		int err = add_one(tree, fs, text, fault);

		if (err == -EBADMSG) {
			fault->id = (uint32_t)mnt_fs_get_id(fs);
			fault->line = line_of(begin, text);
			if (fault->reason != fault->text)
				fault->reason = "has a field unknown here";
		}
		if (err)
			return err;
		text += strcspn(text, "\n");
	}
	return tree->n ? 0 : -EBADMSG;
}

/* The kernel ends no table's every line with CR LF: this one has been on Windows. */
static bool has_crlf(const char *text)
{
	bool any = false;

	for (const char *lf; (lf = strchr(text, '\n')); text = lf + 1) {
		if (lf == text || lf[-1] != '\r')
			return false;
		any = true;
	}
	return any;
}

/* Return: the size without what Windows adds: its mark before UTF-8, the CR before each LF. */
static size_t strip(char *text)
{
	const char *from = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
	bool crlf = has_crlf(from);
	char *to = text;

	for (; *from; from++)
		if (!crlf || *from != '\r' || (from[1] && from[1] != '\n'))
			*to++ = *from;
	*to = '\0';
	return (size_t)(to - text);
}

static const char *why_no_text(const char *text, size_t size)
{
	if (!size)
		return "it is empty";
	if (size > 1 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
		return "it is UTF-16; convert it to UTF-8";
	if (strlen(text) != size || strstr(text, "\\000"))
		return "it has a zero byte, which is in no path and no option";
	return NULL;
}

/* What stands in a line that cannot be read, for a message. */
static void quote_line(const char *text, struct tree_fault *fault)
{
	for (uint32_t line = 1; line < fault->line && *text; line++) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	cleanup_free char *begin = strndup(text, strcspn(text, "\n"));
	cleanup_free char *shown = begin ? path_printable(begin) : NULL;

	if (!shown)
		return;
	snprintf(fault->text, sizeof(fault->text), "is not a line of mountinfo: '%.48s%s'", shown,
		 strlen(shown) > 48 ? "..." : "");
	fault->reason = fault->text;
}

static int parse(int fd, struct mount_tree *tree, struct tree_fault *fault)
{
	cleanup(free_table) struct libmnt_table *table = mnt_new_table();
	cleanup_free char *text = NULL;
	size_t size;
	int err = lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd_slurp(fd, &text, &size);

	if (err)
		return err;
	const char *why = why_no_text(text, size);

	if (why) {
		fault->reason = why;
		return -EBADMSG;
	}
	size = strip(text);
	cleanup_file FILE *file = size ? fmemopen(text, size, "r") : NULL;

	if (!size)
		fault->reason = "it is empty";
	if (!table || !file)
		return size ? -ENOMEM : -EBADMSG;
	mnt_table_set_userdata(table, fault);
	mnt_table_set_parser_errcb(table, refuse_line);
	if (mnt_table_parse_stream(table, file, "/proc/self/mountinfo")) {
		if (fault->line)
			quote_line(text, fault);
		return -EBADMSG;
	}
	return add_all(tree, table, text, fault);
}

/* To be called with a text that was parsed: there is such a line. */
int scan_mountinfo_line(int fd, uint32_t index, uint32_t *ret_line)
{
	cleanup_free char *text = NULL;
	size_t size;
	int err = lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd_slurp(fd, &text, &size);

	if (err)
		return err;
	strip(text);
	const char *at = next_line(text);

	for (; index && *at; index--)
		at = next_line(at + strcspn(at, "\n"));
	*ret_line = line_of(text, at);
	return 0;
}

int scan_mountinfo(int fd, struct mount_tree *tree, struct tree_fault *fault)
{
	const char *reason;
	int err = libmount_load(&reason);

	if (!err)
		return parse(fd, tree, fault);
	log_error(0, "libmount, which reads mount tables, cannot be loaded: %s", reason);
	return err;
}
