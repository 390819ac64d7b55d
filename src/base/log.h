/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_BASE_LOG_H
#define VN_BASE_LOG_H

#include <vnet/log.h>

/* Send a line to the sink; errno is kept. */
void vn_log(enum vnet_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif /* VN_BASE_LOG_H */
