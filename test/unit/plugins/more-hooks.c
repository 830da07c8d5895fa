/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "criu-plugin.h"

cr_plugin_desc_t CR_PLUGIN_DESC = {
	"more-hooks", NULL, NULL, CRIU_PLUGIN_VERSION, CR_PLUGIN_HOOK__MAX + 1, { 0 },
};
