// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A program with threads that uses the library: library MODE IMAGE ROOT SOURCES SCRATCH [N]
 *
 *   threads	two threads restore, compare and dump N times each, at the same time
 *   busy	one restores N times, while 50 threads allocate memory and load locales
 *   ignore	SIGCHLD is ignored; reap: another thread waits for any child; handler: SIGCHLD has one
 *   subreaper	it is one
 *
 * In each, what belongs to the process is the same afterwards, and no child is left.
 */
#include "library.h"

#include <dirent.h>
#include <locale.h>

/* ---- what belongs to the process ---- */

static void read_state(char *buf, size_t size)
{
	static const char *const kept[] = { "Umask:",  "Groups:",     "SigBlk:", "SigIgn:",
					    "SigCgt:", "CapInh:",     "CapPrm:", "CapEff:",
					    "CapAmb:", "NoNewPrivs:", "Seccomp:" };
	static const char *const links[] = {
		"cwd", "root", "ns/mnt", "ns/user", "ns/pid", "ns/net"
	};
	FILE *status = fopen("/proc/self/status", "re");
	char line[512], name[64];
	struct rlimit files;
	size_t n = 0;

	MUST(status);
	while (fgets(line, sizeof(line), status))
		for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
			if (strncmp(line, kept[i], strlen(kept[i])) == 0)
				n += (size_t)snprintf(buf + n, size - n, "%s", line);
	fclose(status);
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		snprintf(name, sizeof(name), "/proc/self/%s", links[i]);
		ssize_t got = readlink(name, line, sizeof(line) - 1);

		MUST(got > 0);
		line[got] = '\0';
		n += (size_t)snprintf(buf + n, size - n, "%s\n", line);
	}
	MUST(getrlimit(RLIMIT_NOFILE, &files) == 0);
	n += (size_t)snprintf(buf + n, size - n, "files %llu\n",
			      (unsigned long long)files.rlim_cur);
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			n += (size_t)snprintf(buf + n, size - n, "fd %d\n", fd);
	for (char **variable = environ; *variable; variable++)
		n += (size_t)snprintf(buf + n, size - n, "%s\n", *variable);
	MUST(n < size);
}

/* ---- one operation after another ---- */

/* A user of the library: its log may have lines of its own operations alone. */
struct user {
	struct place place;
	struct rebind *rebind;
	pthread_t thread;
	const char *others; /* text that only the other's lines have */
	int rounds, number;
	atomic_int lines;
};

static void take_line(void *data, enum rebind_log_level level, const char *line)
{
	struct user *user = data;

	MUST(pthread_equal(pthread_self(), user->thread));
	if (user->others && strstr(line, user->others))
		DIE("a line of another's: %s", line);
	user->lines++;
}

static struct rebind_namespace *restore(struct user *user, struct rebind_report *report)
{
	char text[4][512];
	const char *words[4];
	struct rebind_namespace *ns = NULL;
	const struct rebind_restore_options how = {
		.size = sizeof(how),
		.images_dir = user->place.image,
		.root = user->place.root,
		.external = words,
		.n_external = 4,
	};

	place_externals(&user->place, text, words);
	int err = rebind_restore(user->rebind, &how, report, &ns);

	if (err) {
		print_report(report);
		DIE("thread %d: the restore failed: %d", user->number, err);
	}
	return ns;
}

static void must_equal(struct user *user, int ns_fd, struct rebind_report *report)
{
	struct rebind_tree *left, *right;

	MUST(rebind_tree_open(user->rebind, user->place.image, 0, report, &left) == 0);
	int err = rebind_tree_open_fd(user->rebind, ns_fd, 0, report, &right);

	if (err) {
		print_report(report);
		DIE("thread %d: the namespace cannot be read: %d", user->number, err);
	}
	int differs = rebind_compare(user->rebind, left, right, REBIND_COMPARE_CONTENTS, report);

	if (differs) {
		print_report(report);
		DIE("thread %d: the namespace is not that of its image: %d", user->number, differs);
	}
	rebind_tree_free(left);
	rebind_tree_free(right);
}

static void remove_image(const char *name)
{
	DIR *dir = opendir(name);
	struct dirent *entry;

	MUST(dir);
	while ((entry = readdir(dir)))
		if (*entry->d_name != '.')
			MUST(unlinkat(dirfd(dir), entry->d_name, 0) == 0);
	closedir(dir);
	MUST(rmdir(name) == 0);
}

/* The namespace, which no process is in, becomes an image again. */
static void dump(struct user *user, int ns_fd, struct rebind_report *report)
{
	static const char *const external[] = { "mnt[/vol]:vol", "mnt[/etc/conf]:conf",
						"mnt[/ro]:ro", "mnt[/deep/er/vol]:deep" };
	char dir[512];

	snprintf(dir, sizeof(dir), "%s/image-%d", user->place.scratch, user->number);
	MUST(mkdir(dir, 0700) == 0);
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct rebind_dump_options how = {
		.size = sizeof(how),
		.mntns_fd = ns_fd,
		.images_dir_fd = fd,
		.external = external,
		.n_external = 4,
	};
	int err = rebind_dump(user->rebind, &how, report);

	close(fd);
	if (err) {
		print_report(report);
		DIE("thread %d: the dump failed: %d", user->number, err);
	}
	struct user own = { .place.image = dir, .rebind = user->rebind, .number = user->number };

	must_equal(&own, ns_fd, report);
	remove_image(dir);
}

static void *work(void *data)
{
	struct user *user = data;

	user->thread = pthread_self();
	user->rebind = rebind_new();
	rebind_set_log(user->rebind, take_line, user, REBIND_LOG_DEBUG);
	for (int i = 0; i < user->rounds; i++) {
		struct rebind_report *report = rebind_report_new();
		struct rebind_namespace *ns = restore(user, report);

		must_equal(user, rebind_namespace_fd(ns), report);
		if (i % 5 == 0)
			dump(user, rebind_namespace_fd(ns), report);
		if (i % 2)
			MUST(rebind_namespace_keep_fd(ns) >= 0);
		rebind_namespace_free(ns);
		MUST(rebind_report_n_findings(report) == 0);
		MUST(!rebind_report_error(report));
		rebind_report_free(report);
	}
	rebind_free(user->rebind);
	MUST(user->lines > 0);
	return NULL;
}

static void run_threads(const struct place *place, int rounds)
{
	char root[512], sources[512], image[512];
	pthread_t thread;
	struct user first = { *place, .rounds = rounds, .number = 1, .others = "/other" };
	struct user second = { .rounds = rounds, .number = 2, .others = place->root };

	/* The other one's are beside: "ROOT" and "other/...". */
	snprintf(root, sizeof(root), "%s/other/new", place->scratch);
	snprintf(sources, sizeof(sources), "%s/other/src", place->scratch);
	snprintf(image, sizeof(image), "%s/other/img", place->scratch);
	second.place = (struct place){ image, root, sources, place->scratch };
	MUST(pthread_create(&thread, NULL, work, &second) == 0);
	work(&first);
	MUST(pthread_join(thread, NULL) == 0);
}

static void run_once(const struct place *place, int rounds)
{
	struct user user = { *place, .rounds = rounds, .number = 1 };

	work(&user);
}

/* ---- a busy process ---- */

static atomic_bool over;

static void *keep_busy(void *data)
{
	static const char *const names[] __attribute__((unused)) = { "C.UTF-8", "C" };

	for (unsigned int i = 0; !over; i++) {
		void *small = malloc(i % 2000 + 1), *large = calloc(1, 200000);

		free(small);
		free(large);
#ifndef __SANITIZE_THREAD__ /* which does not see the locks of the C library */
		if (i % 64 == 0) {
			locale_t locale = newlocale(LC_ALL_MASK, names[i / 64 % 2], NULL);

			if (locale)
				freelocale(locale);
		}
#endif
		if (i % 16 == 0)
			usleep(100);
	}
	return NULL;
}

static void run_busy(const struct place *place, int rounds)
{
	enum { THREADS = 50 };
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		MUST(pthread_create(&threads[i], NULL, keep_busy, NULL) == 0);
	run_once(place, rounds);
	over = true;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* ---- children ---- */

static atomic_int signals;

static void count(int number)
{
	signals++;
}

static void *reap_any(void *data)
{
	while (!over)
		if (waitpid(-1, NULL, WNOHANG) <= 0)
			usleep(200);
	return NULL;
}

/* A command's status is lost only where the caller has arranged for that. */
static void run_command(const struct place *place, int want)
{
	char *const command[] = { "/inside", "exit", "7", NULL };
	struct rebind_report *report = rebind_report_new();
	struct user user = { *place, .number = 1, .rebind = NULL };
	struct rebind_namespace *ns = restore(&user, report);
	int status = 99;

	MUST(rebind_namespace_run(ns, command, &status) == 0);
	if (status != want && !(want == -1 && status == 7))
		DIE("the status of the command is %d, not %d", status, want);
	rebind_namespace_free(ns);
	rebind_report_free(report);
}

static void run_children(const char *mode, const struct place *place, int rounds)
{
	struct sigaction action = { .sa_handler = count }, now;
	bool ignores = strcmp(mode, "ignore") == 0, reaps = strcmp(mode, "reap") == 0;
	pthread_t thread;

	if (ignores)
		action.sa_handler = SIG_IGN;
	if (strcmp(mode, "subreaper") == 0)
		MUST(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	else
		MUST(sigaction(SIGCHLD, &action, NULL) == 0);
	if (reaps)
		MUST(pthread_create(&thread, NULL, reap_any, NULL) == 0);
	run_once(place, rounds);
	run_command(place, ignores ? -1 : reaps ? -1 : 7);
	over = true;
	if (reaps)
		pthread_join(thread, NULL);
	MUST(sigaction(SIGCHLD, NULL, &now) == 0);
	MUST(strcmp(mode, "subreaper") == 0 || now.sa_handler == action.sa_handler);
	MUST(strcmp(mode, "handler") || signals > 0);
}

static void *do_nothing(void *data)
{
	return data;
}

int main(int argc, char **argv)
{
	static char before[65536], after[65536];

	if (argc < 6)
		return 2;
	const struct place place = { argv[2], argv[3], argv[4], argv[5] };
	int rounds = argc > 6 ? atoi(argv[6]) : 1;

	/* The C library has a handler of its own from the first thread on. */
	pthread_t first;

	MUST(pthread_create(&first, NULL, do_nothing, NULL) == 0 && pthread_join(first, NULL) == 0);
	read_state(before, sizeof(before));
	if (strcmp(argv[1], "threads") == 0)
		run_threads(&place, rounds);
	else if (strcmp(argv[1], "busy") == 0)
		run_busy(&place, rounds);
	else
		run_children(argv[1], &place, rounds);
	signal(SIGCHLD, SIG_DFL);
	read_state(after, sizeof(after));
	if (strcmp(before, after))
		DIE("what belongs to the process has changed:\n%s---\n%s", before, after);
	/* None is left, dead or alive. */
	MUST(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	return 0;
}
