// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/compat-options.h"

#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/errors.h"

static int compat_options_add(struct strings *external, const char *text)
{
	if (text && strings_add(external, text, strlen(text)) == 0)
		return 0;
	errors_say("%s", strerror(ENOMEM));
	return STATUS_FAILED;
}

/* "K:V" to "mnt[K]:V". CRIU ends the key at the first colon. */
static int add_mapping(const char *verb, const char *mapping, struct strings *external)
{
	cleanup_free char *text = NULL;
	size_t n = strcspn(mapping, ":");

	if (n == 0 || !mapping[n] || !mapping[n + 1])
		return usage_error(verb, "option --ext-mount-map takes KEY:VALUE or auto, not '%s'",
				   mapping);
	if (asprintf(&text, "mnt[%.*s]:%s", (int)n, mapping, mapping + n + 1) < 0)
		text = NULL;
	return compat_options_add(external, text);
}

int compat_options_translate(const struct compat_options_words *older, const char *verb,
			     struct strings *external)
{
	bool automatic = false, is_dump = strstr(verb, "dump") != NULL;
	bool flags = older->sharing || older->masters;

	for (size_t i = 0; i < older->ext_mount_map.n; i++) {
		const char *mapping = older->ext_mount_map.list[i];
		int status = 0;

		if (strcmp(mapping, "auto") == 0)
			automatic = true;
		else
			status = add_mapping(verb, mapping, external);
		if (status)
			return status;
	}
	/* On restore mnt[] consents to paths that an image names: no other word implies it. */
	if (!is_dump && flags && !automatic)
		return usage_error(verb, "option --enable-external-%s needs --ext-mount-map auto",
				   older->sharing ? "sharing" : "masters");
	if (!automatic && !flags)
		return 0;
	if (!is_dump || !flags)
		return compat_options_add(external, "mnt[]");
	return compat_options_add(external, older->sharing && older->masters ? "mnt[]:sm"
					    : older->sharing		     ? "mnt[]:s"
									     : "mnt[]:m");
}
