// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/oci/cgroup-path.h"

#include <string.h>

#include "base/log.h"
#include "base/path.h"

static bool has_cgroup_namespace(const struct config *config)
{
	for (size_t i = 0; i < config->n_namespaces; i++)
		if (strcmp(config->namespaces[i].kind, "cgroup") == 0)
			return true;
	return false;
}

/* A part of a hierarchy, at or below the place where the configuration has its cgroups. */
static bool is_container_cgroup(const struct rebind_mount *m, const char *destination)
{
	return m->owner == REBIND_OWNER_INTERNAL && strncmp(m->fstype, "cgroup", 6) == 0 &&
	       m->root[1] && path_rest_below(m->mountpoint, destination);
}

/* How the kernel prints what is no controller: before those, and the name last. */
static bool is_controller(const char *option, size_t size)
{
	static const char *const others[] = { "noprefix", "clone_children", "cpuset_v2_mode",
					      "xattr", "favordynmods" };

	if (memchr(option, '=', size))
		return strncmp(option, "name=", 5) == 0;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (strlen(others[i]) == size && memcmp(option, others[i], size) == 0)
			return false;
	return size > 0;
}

/* One controller names a hierarchy. */
static int add_word(const struct rebind_mount *m, const char *path, struct strings *words)
{
	if (strcmp(m->fstype, "cgroup2") == 0)
		return strings_print(words, "cgroup2:%s", path);
	for (const char *option = m->options; *option;) {
		size_t size = strcspn(option, ",");

		if (is_controller(option, size))
			return strings_print(words, "%.*s:%s", (int)size, option, path);
		option += size + (option[size] == ',');
	}
	return 0;
}

static int take_one(const struct config *config, const struct rebind_mount *m,
		    struct strings *words)
{
	cleanup_free char *path = path_normalize(config->cgroups_path);

	if (!path)
		return -ENOMEM;
	return strcmp(path, m->root) == 0 ? 0 : add_word(m, path, words);
}

static void warn_of_unused(const struct config *config, const char *name)
{
	log_warn(
		"linux.cgroupsPath '%s' of '%s' is not used, the runtime knows what it stands for; "
		"--cgroup-root /PATH says which cgroup the container's mounts show",
		config->cgroups_path, name);
}

int cgroup_path_take(const struct config *config, const char *name, const struct rebind_tree *tree,
		     struct strings *words)
{
	cleanup_free char *destination =
		config->cgroup_mounted ? path_normalize(config->cgroup_mounted) : NULL;
	int err = 0;

	if (!config->cgroups_path || !*config->cgroups_path || !config->cgroup_mounted ||
	    has_cgroup_namespace(config))
		return 0;
	if (!destination)
		return -ENOMEM;
	for (size_t i = 0; i < rebind_tree_count(tree) && !err; i++) {
		struct rebind_mount m = { .size = sizeof(m) };

		rebind_tree_get(tree, i, &m);
		if (!is_container_cgroup(&m, destination))
			continue;
		if (*config->cgroups_path != '/') {
			warn_of_unused(config, name);
			return 0;
		}
		err = take_one(config, &m, words);
	}
	return err;
}
