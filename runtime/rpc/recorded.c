// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/recorded.h"

#include <fcntl.h>

#include "base/caps.h"
#include "base/fd.h"
#include "runtime/rpc/pause.h"

uint32_t recorded_of(const struct image_info *info)
{
	return info->has_namespaces ? info->namespaces : PAUSE_NAMESPACES;
}

uint32_t recorded_namespaces(const char *images_dir)
{
	cleanup_findings struct findings findings = { 0 };
	struct image_info info;
	cleanup_fd int fd = caps_openat(AT_FDCWD, images_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || image_read_info(fd, &info, &findings) ? 0 : recorded_of(&info);
}
