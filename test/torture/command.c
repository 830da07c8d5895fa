// SPDX-License-Identifier: LGPL-2.1-or-later
/* The command line of an attempt. */
#include "attempt.h"

static const char *format(const char *text, const char *a)
{
	static char lines[16][2 * PATH_SIZE];
	static unsigned int next;
	char *line = lines[next++ % 16];

	snprintf(line, sizeof(lines[0]), text, a);
	return line;
}

static int add_ending(const struct state *s, const char **argv, int n)
{
	switch (s->attempt->ending) {
	case END_PIDFILE:
		argv[n++] = "--pidfile";
		argv[n++] = s->attempt->copies ? format("%s%%d", s->pidfile) : s->pidfile;
		break;
	case END_PIN:
		argv[n++] = "--pin";
		argv[n++] = s->attempt->copies ? format("%s%%d", s->pin) : s->pin;
		break;
	case END_PIN_DIR:
		argv[n++] = "--pin-dir";
		argv[n++] = s->pin;
		break;
	case END_SEND:
		argv[n++] = "--send-fd";
		argv[n++] = "3";
		break;
	case END_COMMAND:
		argv[n++] = "--";
		argv[n++] = "/inside";
		argv[n++] = "cwd";
		break;
	case END_DUMP:
	case ENDINGS:
		break;
	}
	return n;
}

static int add_restore(const struct state *s, const char **argv, int n)
{
	static const char *const keys[] = { "vol", "ro", "deep", "conf" };
	static char words[4][2 * PATH_SIZE], copies[16];

	argv[n++] = "restore";
	argv[n++] = "-D";
	argv[n++] = s->attempt->image	 ? s->attempt->image
		    : s->attempt->is_set ? format("%s/set", s->lab->dir)
					 : format("%s/img", s->lab->dir);
	argv[n++] = "--root";
	argv[n++] = format("%s/new", s->lab->dir);
	for (int i = 0; i < 4; i++) {
		snprintf(words[i], sizeof(words[i]), "mnt[%s]:%s/src/%s", keys[i], s->lab->dir,
			 keys[i]);
		argv[n++] = "--external";
		argv[n++] = words[i];
	}
	if (s->attempt->creates)
		argv[n++] = "--create-mountpoints";
	if (s->attempt->copies) {
		snprintf(copies, sizeof(copies), "%d", s->attempt->copies);
		argv[n++] = "--copies";
		argv[n++] = copies;
	}
	for (int i = 0; i < 8 && s->attempt->extra[i]; i++)
		argv[n++] = s->attempt->extra[i];
	return add_ending(s, argv, n);
}

static int add_dump(const struct state *s, const char **argv, int n)
{
	static const char *const words[] = { "mnt[/vol]:vol", "mnt[/conf]:conf", "mnt[/ro]:ro",
					     "mnt[/deep/er/vol]:deep" };
	static char pid[16];

	snprintf(pid, sizeof(pid), "%d",
		 (int)(s->attempt->is_set ? s->lab->set : s->lab->container));
	argv[n++] = "dump";
	argv[n++] = "-t";
	argv[n++] = pid;
	argv[n++] = "-D";
	argv[n++] = s->image;
	if (s->attempt->is_set)
		argv[n++] = "--all-mntns";
	for (int i = 0; i < 4; i++) {
		argv[n++] = "--external";
		argv[n++] = words[i];
	}
	return n;
}

void command_line(const struct state *s, const char **argv)
{
	int n = 0;

	for (int i = 0; i < 4 && s->attempt->prefix[i]; i++)
		argv[n++] = s->attempt->prefix[i];
	argv[n++] = s->attempt->rebind ? s->attempt->rebind : s->lab->rebind;
	n = s->attempt->ending == END_DUMP ? add_dump(s, argv, n) : add_restore(s, argv, n);
	argv[n] = NULL;
}
