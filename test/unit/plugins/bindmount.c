/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The example as the unit tests load it. */
#include "../../../plugins/bindmount-example/bindmount-example.c"
