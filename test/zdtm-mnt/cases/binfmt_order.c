// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void write_format(const char *text)
{
	int fd = open("/formats/register", O_WRONLY | O_CLOEXEC);

	expect(fd >= 0, "register: %s", strerror(errno));
	expect(write(fd, text, strlen(text)) > 0, "'%s': %s", text, strerror(errno));
	close(fd);
}

static void make_program(const char *path)
{
	make_file(path, "MAGIC\n");
	expect(chmod(path, 0755) == 0, "%s: %s", path, strerror(errno));
}

/* Which interpreter runs is told by the exit status: busybox goes by the name it is called by. */
static int run(const char *path)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execl(path, path, NULL);
		_exit(126);
	}
	expect(pid > 0 && waitpid(pid, &status, 0) == pid, "%s: %s", path, strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void build(void)
{
	mount_new("binfmt_misc", "/formats", 0, NULL);
	make_link("/tools/true", "/bin/busybox");
	make_link("/tools/false", "/bin/busybox");
	make_program("/program.one");
	make_program("/program.two");
	make_program("/program.three");
	make_program("/program.four");
	write_format(":a1:E::one::/tools/true:");
	write_format(":z1:E::one::/tools/false:");
	write_format(":z2:E::two::/tools/false:");
	write_format(":a2:E::two::/tools/true:");
	/* The magic is that of all of them: of these it is the newest but for the last. */
	write_format(":old:E::three::/tools/true:");
	write_format(":magic:M::MAGIC::/tools/false:");
	write_format(":new:E::four::/tools/true:");
	write_format(":a3:E::one::/tools/true:");
	write_format(":a4:E::two::/tools/true:");
	/* Registered again it is the newest. */
	int fd = open("/formats/z1", O_WRONLY | O_CLOEXEC);

	expect(fd >= 0 && write(fd, "-1", 2) == 2, "z1: %s", strerror(errno));
	close(fd);
	write_format(":z1:E::one::/tools/false:");
}

static void check(void)
{
	expect(run("/program.one") == 1, "of several formats not the newest is asked first");
	expect(run("/program.two") == 0, "of several formats not the newest is asked first");
	expect(run("/program.three") == 1, "the older one comes before the magic");
	expect(run("/program.four") == 0, "the magic comes before the newer one");
}

const struct zdtm_case zdtm_case = {
	.about = "Of several formats that fit a file the same one runs it as before.",
	.build = build,
	.check = check,
	.flavours = FLAVOUR_USERNS, /* the other one's are the host's */
};
