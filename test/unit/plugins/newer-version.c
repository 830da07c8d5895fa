/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "criu-plugin.h"

cr_plugin_desc_t CR_PLUGIN_DESC = {
	"newer-version", NULL, NULL, CRIU_PLUGIN_GEN_VERSION(0, 3, 7), CR_PLUGIN_HOOK__MAX, { 0 },
};
