// SPDX-License-Identifier: LGPL-2.1-or-later
/* The formats that a record has for a binfmt_misc. */
#include <string.h>

#include "image/convert-part.h"
#include "model/filesystem.h"
#include "model/format.h"

static void check_texts(struct convert *to, const struct mount *m, const Rebind__BinfmtEntry *entry)
{
	convert_check_unknown(to, m, &entry->base);
	convert_check_text(to, m, "format's name", &entry->name);
	convert_check_text(to, m, "format's interpreter", &entry->interpreter);
	convert_check_text(to, m, "format's flags", &entry->flags);
	if (entry->has_extension)
		convert_check_text(to, m, "format's extension", &entry->extension);
}

static int copy_bytes(struct convert *to, const ProtobufCBinaryData *bytes, const uint8_t **ret,
		      uint32_t *ret_size)
{
	const char *copy = NULL;
	int err = convert_copy_text(to, bytes, &copy);

	*ret = (const uint8_t *)copy;
	*ret_size = (uint32_t)bytes->len;
	return err;
}

static int read_format(struct convert *to, const struct mount *m, const Rebind__BinfmtEntry *entry,
		       struct mount_format *ret)
{
	int err = convert_copy_text(to, &entry->name, &ret->name);

	if (!err)
		err = convert_copy_text(to, &entry->interpreter, &ret->interpreter);
	if (!err)
		err = convert_copy_text(to, &entry->flags, &ret->flags);
	if (!err && entry->has_extension)
		err = convert_copy_text(to, &entry->extension, &ret->extension);
	if (!err && entry->has_magic)
		err = copy_bytes(to, &entry->magic, &ret->magic, &ret->n_magic);
	if (!err && entry->has_mask)
		err = copy_bytes(to, &entry->mask, &ret->mask, &ret->n_mask);
	if (err)
		return err;
	ret->enabled = entry->enabled;
	ret->offset = entry->offset;
	check_texts(to, m, entry);
	const char *fault = format_fault(ret);

	if (fault)
		bad_mount(to, m, FINDING_IMAGE_FORMAT, NULL,
			  "has the format '%s', which cannot be registered: it %s", WHO(to, m),
			  ret->name, fault);
	return 0;
}

int convert_formats(struct convert *to, const Rebind__RebindMount *extra, struct mount *m)
{
	int err = 0;

	if (!extra->n_binfmt && !extra->has_binfmt_disabled)
		return 0;
	if (filesystem_type_of(m->fstype) != FILESYSTEM_TYPE_BINFMT_MISC ||
	    extra->n_binfmt > FORMATS_MAX) {
		bad_mount(to, m, FINDING_IMAGE_FORMAT, NULL,
			  "has %zu formats: only a binfmt_misc has any, and at most %d", WHO(to, m),
			  extra->n_binfmt, FORMATS_MAX);
		return 0;
	}
	m->formats = calloc(1, sizeof(*m->formats));
	if (!m->formats)
		return -ENOMEM;
	m->formats->disabled = extra->binfmt_disabled;
	m->formats->list = calloc(extra->n_binfmt + 1, sizeof(*m->formats->list));
	if (!m->formats->list)
		return -ENOMEM;
	m->formats->n = (uint32_t)extra->n_binfmt;
	for (size_t i = 0; i < extra->n_binfmt && !err; i++)
		err = read_format(to, m, extra->binfmt[i], &m->formats->list[i]);
	return err;
}
