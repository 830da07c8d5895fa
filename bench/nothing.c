// SPDX-License-Identifier: LGPL-2.1-or-later
/* The least that a container can run: nothing; with an argument, until it is killed. */
#include <unistd.h>

int main(int argc, char **argv)
{
	while (argc > 1)
		pause();
	return 0;
}
