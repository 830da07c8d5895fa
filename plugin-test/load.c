// SPDX-License-Identifier: LGPL-2.1-or-later
/* Loading: what a plugin says of itself, before any code of its own is called. */
#include <stdio.h>
#include <string.h>

#include "plugin-test/kit.h"

struct listed {
	struct kit *kit;
	int n;
};

static void say_version(struct kit *kit, const struct hooks_plugin *plugin)
{
	kit_say(kit, true,
		"its descriptor is of generation 0.2.0, or its hooks have names of 0.1.0",
		"'%s', %u.%u.%u%s", plugin->name, plugin->version >> 16,
		plugin->version >> 8 & 0xff, plugin->version & 0xff,
		plugin->generation_1 ? ", functions by name" : "");
	kit_say(kit, true, "max_hooks is not above ours", "%u of %d", plugin->max_hooks,
		CR_PLUGIN_HOOK__MAX);
}

static void take_plugin(void *data, const struct hooks_plugin *plugin)
{
	struct listed *listed = data;
	char names[512] = "";

	listed->n++;
	listed->kit->hooks = plugin->hooks;
	for (unsigned int i = 0; i < CR_PLUGIN_HOOK__MAX; i++) {
		size_t n = strlen(names);

		if (plugin->hooks >> i & 1)
			snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
				 hooks_name(i));
	}
	kit_say(listed->kit, true, "it loads", "%s", plugin->file);
	say_version(listed->kit, plugin);
	kit_say(listed->kit, plugin->hooks, "it has a hook", "%s",
		plugin->hooks ? names
			      : "none: CR_PLUGIN_REGISTER_HOOK() or CR_PLUGIN_DESC is missing");
}

bool kit_test_loading(struct kit *kit)
{
	struct listed listed = { .kit = kit };

	kit_listen(kit);
	int n = hooks_list(kit->file, take_plugin, &listed);

	if (n >= 0 && listed.n == 0)
		return kit_last(kit, "it loads", "there is no plugin in '%s'", kit->file);
	if (n < 0)
		return kit_last(kit, "it loads", "%s", kit_why(kit, n));
	return kit->hooks;
}
