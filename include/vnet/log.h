/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VNET_LOG_H
#define VNET_LOG_H

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* What a line is about; WARNING is for the user's eyes, DEBUG for who looks for a fault. */
enum vnet_log_level {
	VNET_LOG_WARNING,
	VNET_LOG_DEBUG, /* each operation */
};

/* Called with one line without its end and the @arg of vnet_log_set(); must not call back. */
typedef void vnet_log_fn(void *arg, enum vnet_log_level level, const char *line);

/*
 * Send what the library has to tell to @fn; NULL: nowhere, which is the default.
 * The only state that the library keeps; set it before threads start.
 */
void vnet_log_set(vnet_log_fn *fn, void *arg);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif /* VNET_LOG_H */
