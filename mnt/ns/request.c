// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/ns/request.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

static void want_join(struct ns_request *ns_request, const char *word, struct findings *findings)
{
	const char *colon = strchr(word, ':');
	size_t i = colon ? ns_kind_named(word, (size_t)(colon - word)) : NS_KINDS;
	char name[64];

	if (i == NS_KINDS || !colon[1]) {
		findings_add(findings, FINDING_OPTION, 0, NULL, "user, pid, net, ipc, uts, cgroup",
			     "--join-ns '%s' is not of the form NS:PID or NS:FILE", word);
		return;
	}
	if (ns_request->join[i] >= 0) {
		findings_add(findings, FINDING_OPTION, 0, NULL, NULL,
			     "--join-ns names a %s namespace twice", ns_kinds[i].name);
		return;
	}
	snprintf(name, sizeof(name), "/proc/%.20s/ns/%s", colon + 1, ns_kinds[i].name);
	ns_request->join[i] = open(is_number(colon + 1) ? name : colon + 1, O_RDONLY | O_CLOEXEC);
	if (ns_request->join[i] < 0)
		findings_add(findings, FINDING_OPTION, 0, NULL, NULL,
			     "--join-ns '%s' cannot be opened: %s", word, strerror(errno));
	/* setns(2): EINVAL for the user namespace that one is in; then there is nothing to join. */
	else if (i == NS_USER && ns_is_own(ns_request->join[i], "user"))
		fd_close(&ns_request->join[i]);
}

static void want_new(struct ns_request *ns_request, const char *list, struct findings *findings)
{
	while (list && *list) {
		size_t n = strcspn(list, ","), i = ns_kind_named(list, n);

		if (i == NS_KINDS)
			findings_add(findings, FINDING_OPTION, 0, NULL,
				     "user, pid, net, ipc, uts, cgroup",
				     "--new-ns '%.*s' is no namespace", (int)n, list);
		else if (ns_request->join[i] >= 0)
			findings_add(findings, FINDING_OPTION, 0, NULL, NULL,
				     "--new-ns and --join-ns both name a %s namespace",
				     ns_kinds[i].name);
		else
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
	want_new(ns_request, new_ns, findings);
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
