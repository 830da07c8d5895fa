/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plugin that was built without any header of ours: the ABI as it is documented, written down
 * here once more. What CRIU's own headers make of a plugin is this.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

struct descriptor {
	const char *name;
	int (*init)(int stage);
	void (*exit)(int stage, int ret);
	unsigned int version;
	unsigned int max_hooks;
	void *hooks[15];
};

extern int criu_get_image_dir(void);
extern void print_on_level(unsigned int level, const char *format, ...);
extern unsigned int log_get_loglevel(void);

#define error(text, ...) \
	print_on_level(1, "Error (%s:%d): " text, "foreign.c", __LINE__, ##__VA_ARGS__)

extern struct descriptor foreign __asm__("CR_PLUGIN_DESC");

static int note(const char *text)
{
	int fd = openat(criu_get_image_dir(), "foreign.txt", O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (fd < 0)
		return -errno;
	int err = write(fd, text, strlen(text)) < 0 ? -errno : 0;

	close(fd);
	return err;
}

static int init(int stage)
{
	if (log_get_loglevel() >= 3)
		print_on_level(3, "stage %d\n", stage);
	print_on_level(4, "nobody wants to know\n");
	return note("init ");
}

static void fini(int stage, int ret)
{
	if (stage == 2 && ret)
		error("undo: %d\n", ret);
	note("exit");
}

static int dump_file(int fd, int id)
{
	return fd >= 0 && id == 77 ? note("dump ") : -ENOTSUP;
}

static int restore_file(int id, bool *retry_needed)
{
	static int calls;

	if (id != 77)
		return -ENOTSUP;
	if (calls++ == 0) {
		*retry_needed = true;
		return -EAGAIN;
	}
	return open("/dev/null", O_RDWR);
}

struct descriptor foreign = {
	.name = "foreign",
	.init = init,
	.exit = fini,
	.version = 2 << 8,
	.max_hooks = 15,
	.hooks = { [2] = (void *)dump_file, [3] = (void *)restore_file },
};
