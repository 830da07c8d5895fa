// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/waiting.h"

#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "runtime/rpc/connection.h"

struct client waiting_take(struct waiting *w, size_t i)
{
	struct client client = w->clients[i];

	w->n--;
	memmove(&w->clients[i], &w->clients[i + 1], (w->n - i) * sizeof(w->clients[0]));
	return client;
}

static void let_go(struct client client, const char *why)
{
	log_info("a client of user %u is let go: %s", (unsigned int)client.uid, why);
	connection_refuse(client.sock, -ETIMEDOUT, why);
	fd_close(&client.sock);
}

static size_t count_user(const struct waiting *w, uid_t uid)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		n += w->clients[i].uid == uid;
	return n;
}

/* The user with the most of them. */
static uid_t find_greatest(const struct waiting *w)
{
	size_t most = 0;
	uid_t found = 0;

	for (size_t i = 0; i < w->n; i++) {
		size_t n = count_user(w, w->clients[i].uid);

		if (n > most) {
			most = n;
			found = w->clients[i].uid;
		}
	}
	return found;
}

/* Return: was one of this user's silent, and is gone. */
static bool drop_silent(struct waiting *w, uid_t uid)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->clients[i].uid == uid && !w->clients[i].has_asked) {
			let_go(waiting_take(w, i), "others wait, and it has sent no request");
			return true;
		}
	return false;
}

static bool make_room(struct waiting *w, uid_t uid)
{
	if (count_user(w, uid) >= WAITING_USER_MAX)
		return drop_silent(w, uid);
	if (w->n < WAITING_MAX)
		return true;
	return drop_silent(w, find_greatest(w)) || drop_silent(w, uid);
}

void waiting_add(struct waiting *w, int sock, uid_t uid, int64_t now)
{
	struct client client = { .sock = sock, .uid = uid, .since = now };

	if (make_room(w, uid))
		w->clients[w->n++] = client;
	else
		let_go(client, "too many requests wait already");
}

int waiting_expire(struct waiting *w, int64_t now)
{
	for (size_t i = 0; i < w->n; i++) {
		int64_t left = w->clients[i].since + WAITING_MS - now;

		if (w->clients[i].has_asked)
			continue;
		if (left > 0)
			return (int)left;
		let_go(waiting_take(w, i--), "it has sent no request within 10 seconds");
	}
	return -1;
}

void waiting_end(struct waiting *w)
{
	while (w->n)
		fd_close(&w->clients[--w->n].sock);
}
