// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

static struct finding *append(struct findings *findings)
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

int findings_add(struct findings *findings, const char *code, uint32_t mount_id, const char *path,
		 const char *help, const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	int n = vasprintf(&text, format, args);

	va_end(args);
	struct finding *finding = n < 0 ? NULL : append(findings);

	if (!finding) {
		findings->lost = true;
		return -EINVAL;
	}
	*finding = (struct finding){
		.code = code,
		.mount_id = mount_id,
		.path = path ? strdup(path) : NULL,
		.text = text,
		.help = help ? strdup(help) : NULL,
	};
	return -EINVAL;
}

int findings_append(struct findings *to, struct findings *from)
{
	to->lost |= from->lost;
	for (size_t i = 0; i < from->n; i++) {
		struct finding *finding = append(to);

		if (!finding)
			return -ENOMEM;
		*finding = from->list[i];
		from->list[i] = (struct finding){ 0 };
	}
	return 0;
}
