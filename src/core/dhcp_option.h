/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_DHCP_OPTION_H
#define VN_CORE_DHCP_OPTION_H

#include <vnet/spec.h>

#include "base/text.h"

struct vn_option;

/* A value of --option: as vn_value_parse() and vn_value_print() have it. */
int vn_dhcp_option_parse(const struct vn_option *opt, const char *s, void *ret,
			 struct vnet_error *err);
void vn_dhcp_option_print(const void *value, struct vn_text *text);

/* The line of dnsmasq's configuration that has it sent. */
void vn_dhcp_option_conf(const struct vnet_dhcp_option *option, struct vn_text *text);

/* @s in the quotes of dnsmasq's configuration, in which nothing has a meaning. */
void vn_dhcp_quote(const char *s, struct vn_text *text);

#endif /* VN_CORE_DHCP_OPTION_H */
