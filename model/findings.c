// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FINDING_WORD(code, word) [code] = word,
static const char *const words[] = { FINDING_CODES(FINDING_WORD) };

const char *finding_word(enum finding_code code)
{
	return words[code];
}

enum finding_code finding_code_of(const char *word)
{
	for (size_t i = 1; i < ARRAY_SIZE(words) && word; i++)
		if (strcmp(words[i], word) == 0)
			return (enum finding_code)i;
	return FINDING_NONE;
}

void findings_free(struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		free(findings->list[i].path);
		free(findings->list[i].text);
		free(findings->list[i].help);
	}
	free(findings->list);
	*findings = (struct findings){ 0 };
}

static struct finding *findings_do_append(struct findings *findings)
{
	if ((findings->n & (findings->n - 1)) == 0) {
		size_t room = findings->n ? findings->n * 2 : 1;
		struct finding *list = realloc(findings->list, room * sizeof(*list));

		if (!list)
			return NULL;
		findings->list = list;
	}
	return &findings->list[findings->n++];
}

/* Advice begins with a verb: an option alone is one to pass. */
static char *spoken(const char *help)
{
	char *text;

	if (*help != '-')
		return strdup(help);
	return asprintf(&text, "pass %s", help) < 0 ? NULL : text;
}

int findings_add(struct findings *findings, enum finding_code code, uint32_t mount_id,
		 const char *path, const char *help, const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	int n = vasprintf(&text, format, args);

	va_end(args);
	struct finding *finding = n < 0 ? NULL : findings_do_append(findings);

	if (!finding) {
		findings->lost = true;
		return -EINVAL;
	}
	*finding = (struct finding){
		.size = sizeof(*finding),
		.number = code,
		.code = finding_word(code),
		.mount_id = mount_id,
		.path = path ? strdup(path) : NULL,
		.text = text,
		.help = help ? spoken(help) : NULL,
	};
	return -EINVAL;
}

int findings_append(struct findings *to, struct findings *from)
{
	to->lost |= from->lost;
	for (size_t i = 0; i < from->n; i++) {
		struct finding *finding = findings_do_append(to);

		if (!finding)
			return -ENOMEM;
		*finding = from->list[i];
		from->list[i] = (struct finding){ 0 };
	}
	return 0;
}

/* A slash is less than any other byte: what is below a mount follows it. */
static int compare_paths(const char *left, const char *right)
{
	while (*left && *left == *right) {
		left++;
		right++;
	}
	int l = *left == '/' ? 1 : (unsigned char)*left + (*left != '\0');
	int r = *right == '/' ? 1 : (unsigned char)*right + (*right != '\0');

	return l - r;
}

struct sort_item {
	struct finding finding;
	size_t at; /* where it stood */
};

static int by_path(const void *a, const void *b)
{
	const struct sort_item *left = a, *right = b;
	const char *l = left->finding.mount_id ? left->finding.path : NULL;
	const char *r = right->finding.mount_id ? right->finding.path : NULL;
	int order = !l || !r ? (l != NULL) - (r != NULL) : compare_paths(l, r);

	return order ? order : left->at < right->at ? -1 : 1;
}

void findings_sort(struct findings *findings)
{
	cleanup_free struct sort_item *items = calloc(findings->n + 1, sizeof(*items));

	for (size_t i = 0; items && i < findings->n; i++)
		items[i] = (struct sort_item){ findings->list[i], i };
	if (items)
		qsort(items, findings->n, sizeof(*items), by_path);
	for (size_t i = 0; items && i < findings->n; i++)
		findings->list[i] = items[i].finding;
}
