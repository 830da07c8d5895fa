// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a container could put where the C library looks for code: it says that it was loaded. */
#include <unistd.h>

static void __attribute__((constructor)) run(void)
{
	static const char text[] = "HOSTILE code of the new root runs\n";

	if (write(2, text, sizeof(text) - 1) < 0)
		_exit(66);
}
