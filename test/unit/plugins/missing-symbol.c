/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "criu-plugin.h"

int nobody_has_this_function(int stage);

CR_PLUGIN_REGISTER("missing-symbol", nobody_has_this_function, NULL)
