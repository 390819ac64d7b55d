/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <vnet/object.h>

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int vnet_object_copy(const struct vnet_object *object, struct vnet_object *ret_copy)
{
	struct vnet_object copy = *object;

	copy.message = malloc(object->size);
	if (!copy.message)
		return -ENOMEM;
	memcpy(copy.message, object->message, object->size);
	*ret_copy = copy;
	return 0;
}

void vnet_object_done(struct vnet_object *object)
{
	if (!object)
		return;
	free(object->message);
	*object = (struct vnet_object){ 0 };
}

static bool same_route(const struct vnet_object *a, const struct vnet_object *b)
{
	return a->table == b->table && a->metric == b->metric && a->type == b->type &&
	       a->protocol == b->protocol && a->index == b->index && a->nexthop == b->nexthop &&
	       a->gateway == b->gateway && a->several == b->several && a->hops == b->hops &&
	       vnet_cidr_equal(&a->to, &b->to) && vnet_ip_equal(&a->via, &b->via);
}

bool vnet_object_is_advertised(const struct vnet_object *object)
{
	return object->kind == VNET_OBJECT_ROUTE && object->to.ip.family == AF_INET6 &&
	       !object->to.prefix && object->protocol == RTPROT_RA && object->gateway &&
	       !object->several && object->table == RT_TABLE_MAIN && object->lifetime != UINT32_MAX;
}

bool vnet_object_same(const struct vnet_object *a, const struct vnet_object *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case VNET_OBJECT_ADDR:
		return a->index == b->index && vnet_cidr_equal(&a->to, &b->to) &&
		       vnet_ip_equal(&a->via, &b->via);
	case VNET_OBJECT_ROUTE:
		return same_route(a, b);
	case VNET_OBJECT_NEIGH:
		return a->index == b->index && vnet_ip_equal(&a->to.ip, &b->to.ip) &&
		       (a->flags & NTF_PROXY) == (b->flags & NTF_PROXY);
	case VNET_OBJECT_NEXTHOP:
		return a->nexthop == b->nexthop;
	}
	return false;
}
