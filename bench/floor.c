// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel's own floor: flat binds made by hand, nothing checked. `floor SOURCES ROOT N` makes N
 * mounts ROOT/0, ROOT/1, ... of SOURCES/0, SOURCES/1, ... in a new mount namespace under ROOT; with
 * a fourth argument it sends the namespace's descriptor there, `-` stays alive instead.
 *
 * `floor read FILE` reads a file once: as a process, what a look at a mountinfo takes.
 */
#include <stdlib.h>

#include "bench/floor.h"

static int read_once(const char *name)
{
	char buf[4096];
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", name);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "read") == 0)
		return read_once(argv[2]);
	if (argc < 5)
		errx(2, "usage: floor SOURCES ROOT N SOCKET|-");
	int sock = strcmp(argv[4], "-") == 0 ? -1 : atoi(argv[4]);

	floor_make(argv[1], argv[2], atoi(argv[3]), sock);
	if (sock < 0)
		for (printf("ready\n"), fflush(stdout);;)
			pause();
	return 0;
}
