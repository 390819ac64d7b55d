/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <vnet/mode.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/names.h"
#include "base/text.h"

extern const struct vnet_mode vn_mode_bridge;

static const struct vnet_mode *const modes[] = {
	[VNET_MODE_BRIDGE] = &vn_mode_bridge,
};

static_assert(sizeof(modes) / sizeof(modes[0]) == VNET_MODE_COUNT, "modes[] covers vnet_mode_id");

const struct vnet_mode *vnet_mode_get(enum vnet_mode_id id)
{
	assert(id < VNET_MODE_COUNT);
	return modes[id];
}

const struct vnet_mode *vnet_mode_find(const char *name)
{
	for (int id = 0; id < VNET_MODE_COUNT; id++) {
		if (!strcmp(modes[id]->name, name))
			return modes[id];
	}
	return NULL;
}

/* Far above what the kernel chooses by itself, and within a positive int. */
enum { FIRST_INDEX = 1 << 20 };

int32_t vnet_plan_free_index(const struct vnet_plan *plan, const struct vnet_snapshot *snap)
{
	int32_t index = FIRST_INDEX;

	for (int ns = 0; ns < VNET_NS_COUNT; ns++) {
		for (size_t i = 0; i < snap->ns[ns].n_links; i++) {
			if (snap->ns[ns].links[i].index >= index)
				index = snap->ns[ns].links[i].index + 1;
		}
	}
	for (size_t i = 0; i < plan->n_ops; i++) {
		const struct vnet_op *op = &plan->ops[i];

		if (op->kind != VNET_OP_LINK_ADD)
			continue;
		if (op->u.link.link.index >= index)
			index = op->u.link.link.index + 1;
		if (op->u.link.peer.index >= index)
			index = op->u.link.peer.index + 1;
	}
	return index;
}

void vnet_dhcp_link_name(const char *net, char ret_name[VNET_NAME_SIZE])
{
	static const char prefix[] = "vnd-";
	/* RFC 4648 base32 without its capitals: eight digits, 40 bits */
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint64_t hash = vn_hash(0, net);
	size_t len = sizeof(prefix) - 1;

	static_assert(sizeof(prefix) + 8 <= VNET_NAME_SIZE, "the name fits");
	memset(ret_name, 0, VNET_NAME_SIZE);
	memcpy(ret_name, prefix, len);
	for (int i = 0; i < 8; i++, hash >>= 5)
		ret_name[len + (size_t)i] = digits[hash & 31];
}

struct vnet_mac vnet_mac_stable(const struct vnet_snapshot *snap, const char *net, const char *role)
{
	uint64_t hash = vn_hash(vn_hash(snap->seed, net), role);
	struct vnet_mac mac;

	for (int i = 0; i < 6; i++, hash >>= 8)
		mac.bytes[i] = (uint8_t)hash;
	mac.bytes[0] = (uint8_t)((mac.bytes[0] & 0xfc) | 0x02); /* local, of one station */
	return mac;
}

bool vnet_has_inet6(const struct vnet_list *addrs)
{
	for (uint32_t i = 0; i < addrs->count; i++) {
		if (vnet_cidrs(addrs)[i].ip.family == AF_INET6)
			return true;
	}
	return false;
}

/* fe80:: and the MAC as a modified EUI-64: RFC 4291, section 2.5.6 and appendix A. */
struct vnet_cidr vnet_link_local(const struct vnet_mac *mac)
{
	const uint8_t *m = mac->bytes;

	return (struct vnet_cidr){
		.ip = {
			.family = AF_INET6,
			.bytes = { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, m[0] ^ 2, m[1], m[2], 0xff, 0xfe,
				   m[3], m[4], m[5] },
		},
		.prefix = 64,
	};
}

void vnet_plan_record(struct vnet_plan *plan, const struct vnet_spec *spec, bool want,
		      const struct vnet_snapshot *snap)
{
	char path[VNET_PATH_SIZE];
	const struct vnet_file *file;
	char *text = NULL;

	if (vn_name_path(snap->run_dir, spec->name, VN_NAME_RECORD, path) < 0) {
		plan->failed = plan->failed ? plan->failed : -ENAMETOOLONG;
		return;
	}
	file = vnet_file_by_path(snap, path);
	if (!want) {
		if (file && file->content)
			vnet_plan_file_del(plan, path);
		return;
	}
	if (vnet_spec_print(spec, &text) < 0) {
		plan->failed = plan->failed ? plan->failed : -ENOMEM;
		return;
	}
	if (!file || !file->content || strcmp(file->content, text) != 0)
		vnet_plan_file_write(plan, path, text, 0644);
	free(text);
}
