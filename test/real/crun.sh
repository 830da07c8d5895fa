#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# test/real/crun.sh BUILD_DIR [--show]: test/real/runc.sh with Debian's crun.
REBIND_RUNTIME=crun exec "$(dirname "$0")/runc.sh" "$@"
