// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/ns/request.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/fd.h"

#define HELP "give user, pid, net, ipc, uts or cgroup"

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

/* Which one a word of --join-ns is for; @ret_rest is what follows the colon. */
static size_t kind_of_word(const char *word, const char **ret_rest)
{
	const char *colon = strchr(word, ':');

	*ret_rest = colon ? colon + 1 : "";
	return **ret_rest ? ns_kind_named(word, (size_t)(colon - word)) : NS_KINDS;
}

/* What several findings advise is pasted as often. */
static bool is_repeated(const struct rebind_restore_options *o, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(o->join_ns[i], o->join_ns[n]) == 0)
			return true;
	return false;
}

static void check_join(const char *word, unsigned int *named, struct findings *findings)
{
	const char *rest;
	size_t i = kind_of_word(word, &rest);

	if (i == NS_KINDS)
		findings_add(findings, FINDING_USAGE, 0, NULL, HELP,
			     "--join-ns '%s' is not of the form NS:PID or NS:FILE", word);
	else if (*named & 1U << i)
		findings_add(findings, FINDING_USAGE, 0, NULL, NULL,
			     "--join-ns names a %s namespace twice", ns_kinds[i].name);
	else
		*named |= 1U << i;
}

static void check_new(const char *list, unsigned int joined, struct findings *findings)
{
	for (const char *p = list; p && *p; p += strcspn(p, ","), p += *p == ',') {
		size_t n = strcspn(p, ","), i = ns_kind_named(p, n);

		if (i == NS_KINDS)
			findings_add(findings, FINDING_USAGE, 0, NULL, HELP,
				     "--new-ns '%.*s' is no namespace", (int)n, p);
		else if (joined & 1U << i)
			findings_add(findings, FINDING_USAGE, 0, NULL, NULL,
				     "--new-ns and --join-ns both name a %s namespace",
				     ns_kinds[i].name);
		joined &= i == NS_KINDS ? ~0U : ~(1U << i);
	}
}

void ns_request_check(const struct rebind_restore_options *o, struct findings *findings)
{
	unsigned int joined = 0;

	for (size_t i = 0; i < o->n_join_ns; i++)
		if (!is_repeated(o, i))
			check_join(o->join_ns[i], &joined, findings);
	check_new(o->new_ns, joined, findings);
}

static void want_join(struct ns_request *ns_request, const char *word, struct findings *findings)
{
	const char *rest;
	size_t i = kind_of_word(word, &rest);
	char name[64];

	if (i == NS_KINDS || ns_request->join[i] >= 0)
		return;
	snprintf(name, sizeof(name), "/proc/%.20s/ns/%s", rest, ns_kinds[i].name);
	ns_request->join[i] = open(is_number(rest) ? name : rest, O_RDONLY | O_CLOEXEC);
	if (ns_request->join[i] < 0)
		findings_add(findings, FINDING_OPTION, 0, NULL, NULL,
			     "--join-ns '%s' cannot be opened: %s", word,
			     strerror(is_number(rest) && errno == ENOENT ? ESRCH : errno));
	else if (ioctl(ns_request->join[i], NS_GET_NSTYPE) != ns_kinds[i].flag)
		findings_add(
			findings, FINDING_OPTION, 0, NULL, "give a pid or a file of /proc/PID/ns",
			"--join-ns '%s' is not the file of a %s namespace", word, ns_kinds[i].name);
	/* setns(2): EINVAL for the user namespace that one is in; then there is nothing to join. */
	else if (i == NS_USER && ns_is_own(ns_request->join[i], "user"))
		fd_close(&ns_request->join[i]);
}

static void want_new(struct ns_request *ns_request, const char *list)
{
	while (list && *list) {
		size_t n = strcspn(list, ","), i = ns_kind_named(list, n);

		if (i < NS_KINDS)
			ns_request->make |= ns_kinds[i].flag;
		list += n + (list[n] == ',');
	}
}

void ns_request_read(const char *const *join, size_t n_join, const char *new_ns,
		     struct ns_request *ns_request, struct findings *findings)
{
	for (size_t i = 0; i < NS_KINDS; i++)
		ns_request->join[i] = -EBADF;
	for (size_t i = 0; i < n_join; i++)
		want_join(ns_request, join[i], findings);
	want_new(ns_request, new_ns);
}

bool ns_request_names(const struct rebind_restore_options *o, const char *kind)
{
	size_t n = strlen(kind);

	for (size_t i = 0; i < o->n_join_ns; i++)
		if (strncmp(o->join_ns[i], kind, n) == 0 && o->join_ns[i][n] == ':')
			return true;
	for (const char *p = o->new_ns; p && *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == n && strncmp(p, kind, n) == 0)
			return true;
	return false;
}

void ns_request_close(struct ns_request *ns_request)
{
	for (size_t i = 0; i < NS_KINDS; i++)
		fd_close(&ns_request->join[i]);
}
