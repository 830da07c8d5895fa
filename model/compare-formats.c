// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/compare-formats.h"

#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "model/format.h"

static const struct mount_formats nothing;

static int by_name(const void *left, const void *right)
{
	const struct mount_format *const *l = left, *const *r = right;

	return strcmp((*l)->name, (*r)->name);
}

/* Pointers to all of them, sorted by their names. */
static const struct mount_format **sorted(const struct mount_formats *formats)
{
	const struct mount_format **list = calloc((size_t)formats->n + 1, sizeof(*list));

	for (uint32_t i = 0; list && i < formats->n; i++)
		list[i] = &formats->list[i];
	if (list)
		qsort(list, formats->n, sizeof(*list), by_name);
	return list;
}

/* NULL: there is none. */
static void compare_one(const char *path, const char *name, const struct mount_format *left,
			const struct mount_format *right, struct differences *out)
{
	cleanup_free char *place = path_join(path, name);
	cleanup_free char *l = left ? format_text(left) : strdup("-");
	cleanup_free char *r = right ? format_text(right) : strdup("-");

	if (!place || !l || !r)
		out->lost = true;
	else if (strcmp(l, r) != 0)
		differences_add(out, place, "format", l, r);
}

/* Return: have both the same names? */
static bool merge(const char *path, const struct mount_format **left,
		  const struct mount_format **right, struct differences *out)
{
	bool same = true;

	while (*left || *right) {
		int order = !*left ? 1 : !*right ? -1 : strcmp((*left)->name, (*right)->name);

		compare_one(path, order <= 0 ? (*left)->name : (*right)->name,
			    order <= 0 ? *left : NULL, order >= 0 ? *right : NULL, out);
		same = same && order == 0;
		left += order <= 0;
		right += order >= 0;
	}
	return same;
}

/* Of several that fit a file the kernel takes the newest. */
static void compare_order(const char *path, const struct mount_formats *left,
			  const struct mount_formats *right, struct differences *out)
{
	uint32_t i = left->n;

	while (i > 0 && strcmp(left->list[i - 1].name, right->list[i - 1].name) == 0)
		i--;
	if (!i)
		return;
	cleanup_free char *l = NULL, *r = NULL;

	if (asprintf(&l, "number %u is %s", left->n - i + 1, left->list[i - 1].name) < 0 ||
	    asprintf(&r, "number %u is %s", left->n - i + 1, right->list[i - 1].name) < 0)
		out->lost = true;
	else
		differences_add(out, path, "order of formats", l, r);
}

int compare_formats(const char *path, const struct mount_formats *left,
		    const struct mount_formats *right, struct differences *differences)
{
	left = left ? left : &nothing;
	right = right ? right : &nothing;
	if (left->unknown || right->unknown)
		return 0;
	cleanup_free const struct mount_format **l = sorted(left), **r = sorted(right);

	if (!l || !r)
		return -ENOMEM;
	if (left->disabled != right->disabled)
		differences_add(differences, path, "formats",
				left->disabled ? "disabled" : "enabled",
				right->disabled ? "disabled" : "enabled");
	if (merge(path, l, r, differences))
		compare_order(path, left, right, differences);
	return 0;
}
