/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plugin's way into its host's log. Part of the plugin ABI (criu-plugin.h).
 *
 * Messages end with a newline. A plugin may define LOG_PREFIX, a string literal that precedes each;
 * rebind puts the plugin's name in front by itself.
 */
#ifndef CRIU_LOG_H
#define CRIU_LOG_H

#include <errno.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* <syslog.h> has some of these names with other numbers: what is below does not rely on them. */
#ifndef LOG_UNSET
#define LOG_UNSET (-1)
#endif
#ifndef LOG_MSG
#define LOG_MSG 0
#endif
#ifndef LOG_ERROR
#define LOG_ERROR 1
#endif
#ifndef LOG_WARN
#define LOG_WARN 2
#endif
#ifndef LOG_INFO
#define LOG_INFO 3
#endif
#ifndef LOG_DEBUG
#define LOG_DEBUG 4
#endif

/**
 * print_on_level - write to the host's log
 * @level: 0 message, 1 error, 2 warning, 3 information, 4 debugging
 */
void print_on_level(unsigned int level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * log_get_loglevel - the highest level that is written at all
 */
unsigned int log_get_loglevel(void);

#ifndef LOG_PREFIX
#define LOG_PREFIX
#endif

#define pr_msg(fmt, ...)    print_on_level(0, fmt, ##__VA_ARGS__)
#define pr_err(fmt, ...)    print_on_level(1, LOG_PREFIX fmt, ##__VA_ARGS__)
#define pr_warn(fmt, ...)   print_on_level(2, LOG_PREFIX fmt, ##__VA_ARGS__)
#define pr_info(fmt, ...)   print_on_level(3, LOG_PREFIX fmt, ##__VA_ARGS__)
#define pr_debug(fmt, ...)  print_on_level(4, LOG_PREFIX fmt, ##__VA_ARGS__)
/* The text of errno and the newline are added. */
#define pr_perror(fmt, ...) pr_err(fmt ": %s\n", ##__VA_ARGS__, strerror(errno))

#ifdef __cplusplus
}
#endif

#endif
