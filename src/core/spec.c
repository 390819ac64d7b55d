/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <vnet/spec.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <vnet/mode.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "core/options.h"

/* The largest value of a type that a row may have. */
union value {
	bool flag;
	uint32_t number;
	struct vnet_mac mac;
	struct vnet_ip ip;
	struct vnet_cidr cidr;
	struct vnet_range range;
	struct vnet_host host;
	char domain[VNET_DOMAIN];
	struct vnet_boot boot;
	struct vnet_dhcp_option option;
	char name[VNET_NAME_SIZE];
	struct vnet_port port;
};

enum { LIST_MAX = 4096 }; /* elements: far beyond use, well below what fits in memory */

static void *field(struct vnet_spec *spec, enum vnet_key key)
{
	return (char *)spec + vn_options[key].offset;
}

static const void *const_field(const struct vnet_spec *spec, enum vnet_key key)
{
	return (const char *)spec + vn_options[key].offset;
}

void vnet_spec_init(struct vnet_spec *ret_spec, enum vnet_mode_id mode)
{
	memset(ret_spec, 0, sizeof(*ret_spec));
	ret_spec->mode = mode;
}

void vnet_spec_done(struct vnet_spec *spec)
{
	if (!spec)
		return;
	for (int key = 0; key < VNET_KEY_COUNT; key++) {
		if (vn_options[key].list)
			free(((struct vnet_list *)field(spec, (enum vnet_key)key))->items);
	}
	memset(spec, 0, sizeof(*spec));
}

static int list_copy(struct vnet_list *list, size_t size)
{
	void *items;

	if (!list->items)
		return 0;
	items = malloc(list->count * size);
	if (items)
		memcpy(items, list->items, list->count * size);
	list->items = items;
	return items ? 0 : -ENOMEM;
}

int vnet_spec_copy(const struct vnet_spec *from, struct vnet_spec *ret_spec)
{
	struct vnet_spec copy = *from;
	int r = 0;

	for (int key = 0; key < VNET_KEY_COUNT; key++) {
		if (vn_options[key].list &&
		    list_copy(field(&copy, (enum vnet_key)key), vn_type_size(vn_options[key].type)))
			r = -ENOMEM;
	}
	if (r < 0) {
		vnet_spec_done(&copy);
		return r;
	}
	*ret_spec = copy;
	return 0;
}

int vnet_key_info(enum vnet_key key, struct vnet_key_info *ret_info)
{
	const struct vn_option *opt;
	struct vnet_key_info info;

	if (key >= VNET_KEY_COUNT)
		return -EINVAL;
	opt = &vn_options[key];
	info = (struct vnet_key_info){
		.arg = opt->arg,
		.help = opt->help,
		.dflt = opt->dflt,
		.list = opt->list,
		.chosen = opt->hidden,
	};
	(void)vn_format(info.name, sizeof(info.name), "%s%s", vn_scope_prefix(opt->scope),
			opt->key);
	*ret_info = info;
	return 0;
}

size_t vnet_spec_count(const struct vnet_spec *spec, enum vnet_key key)
{
	if (!vnet_spec_has(spec, key))
		return 0;
	if (!vn_options[key].list)
		return 1;
	return ((const struct vnet_list *)const_field(spec, key))->count;
}

const void *vn_spec_value(const struct vnet_spec *spec, enum vnet_key key, size_t i)
{
	const struct vn_option *opt = &vn_options[key];

	if (!opt->list)
		return const_field(spec, key);
	return (const char *)((const struct vnet_list *)const_field(spec, key))->items +
	       i * vn_type_size(opt->type);
}

bool vnet_spec_same(const struct vnet_spec *a, const struct vnet_spec *b, enum vnet_key key)
{
	size_t n = vnet_spec_count(a, key);

	if (vnet_spec_has(a, key) != vnet_spec_has(b, key) || vnet_spec_count(b, key) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!vn_value_equal(&vn_options[key], vn_spec_value(a, key, i),
				    vn_spec_value(b, key, i)))
			return false;
	}
	return true;
}

bool vnet_spec_equal(const struct vnet_spec *a, const struct vnet_spec *b)
{
	if (a->mode != b->mode || strcmp(a->name, b->name) != 0)
		return false;
	for (int key = 0; key < VNET_KEY_COUNT; key++) {
		if (!vnet_spec_same(a, b, (enum vnet_key)key))
			return false;
	}
	return true;
}

static void drop_one(struct vnet_spec *spec, enum vnet_key key)
{
	const struct vn_option *opt = &vn_options[key];

	if (opt->list) {
		free(((struct vnet_list *)field(spec, key))->items);
		memset(field(spec, key), 0, sizeof(struct vnet_list));
	} else {
		memset(field(spec, key), 0, vn_type_size(opt->type));
	}
	spec->set &= ~(1ULL << key);
}

static void drop(struct vnet_spec *spec, enum vnet_key key)
{
	drop_one(spec, key);
	if (key == VNET_KEY_UPLINK) /* what is said about it goes with it */
		drop_one(spec, VNET_KEY_UPLINK_DHCP);
}

void vnet_spec_drop_dhcp(struct vnet_spec *spec)
{
	for (int key = 0; key < VNET_KEY_COUNT; key++) {
		if (vn_options[key].scope == VN_SCOPE_DHCP)
			drop(spec, (enum vnet_key)key);
	}
}

int vnet_spec_defaults(struct vnet_spec *spec, uint64_t keys, struct vnet_error *err)
{
	int r = 0;

	for (int key = 0; key < VNET_KEY_COUNT && r == 0; key++) {
		const struct vn_option *opt = &vn_options[key];

		if (!(keys >> key & 1) || opt->scope != VN_SCOPE_NETWORK || !opt->dflt ||
		    spec->foreign || vnet_spec_has(spec, (enum vnet_key)key))
			continue;
		r = vnet_spec_edit(spec, (enum vnet_key)key, '=', opt->dflt, err);
	}
	return r;
}

static int list_find(const struct vnet_spec *spec, enum vnet_key key, const void *value)
{
	size_t n = vnet_spec_count(spec, key);

	for (size_t i = 0; i < n; i++) {
		if (vn_value_equal(&vn_options[key], vn_spec_value(spec, key, i), value))
			return (int)i;
	}
	return -1;
}

static int list_append(struct vnet_spec *spec, enum vnet_key key, const void *value,
		       const char *text, struct vnet_error *err)
{
	const struct vn_option *opt = &vn_options[key];
	struct vnet_list *list = field(spec, key);
	size_t size = vn_type_size(opt->type);
	void *items;

	if (list_find(spec, key, value) >= 0)
		return vnet_error_set(err, -EEXIST, "%s '%.80s' is given twice", opt->key, text);
	if (list->count >= LIST_MAX)
		return vnet_error_set(err, -E2BIG, "more than %d values for %s", LIST_MAX,
				      opt->key);
	items = realloc(list->items, (list->count + 1) * size);
	if (!items)
		return vnet_error_set(err, -ENOMEM, "out of memory");
	memcpy((char *)items + list->count * size, value, size);
	list->items = items;
	list->count++;
	spec->set |= 1ULL << key;
	return 0;
}

static int list_remove(struct vnet_spec *spec, enum vnet_key key, const void *value,
		       const char *text, struct vnet_error *err)
{
	const struct vn_option *opt = &vn_options[key];
	struct vnet_list *list = field(spec, key);
	size_t size = vn_type_size(opt->type);
	int i = list_find(spec, key, value);
	char *items = list->items;

	if (i < 0)
		return vnet_error_set(err, -ENOENT, "%s '%.80s' is not there to remove", opt->key,
				      text);
	memmove(items + (size_t)i * size, items + ((size_t)i + 1) * size,
		(list->count - (size_t)i - 1) * size);
	if (--list->count == 0)
		drop(spec, key);
	return 0;
}

int vnet_spec_edit(struct vnet_spec *spec, enum vnet_key key, char how, const char *text,
		   struct vnet_error *err)
{
	const struct vn_option *opt;
	union value value;
	int r;

	if (key >= VNET_KEY_COUNT || !how || !strchr("=+-0", how) ||
	    (how == '-' && !vn_options[key].list) || (how != '0' && !text))
		return vnet_error_set(err, -EINVAL, "key %d: there is no such edit of it",
				      (int)key);
	opt = &vn_options[key];
	assert(vn_type_size(opt->type) <= sizeof(value));
	memset(&value, 0, sizeof(value));
	if (how == '0' && opt->type != VN_TYPE_FLAG) {
		drop(spec, key);
		return 0;
	}
	r = vn_value_parse(opt, how == '0' ? "no" : text, &value, err);
	if (r < 0)
		return r;
	if (opt->list && how == '-')
		return list_remove(spec, key, &value, text, err);
	if (opt->list) {
		if (how == '=')
			drop(spec, key);
		return list_append(spec, key, &value, text, err);
	}
	memcpy(field(spec, key), &value, vn_type_size(opt->type));
	spec->set |= 1ULL << key;
	return 0;
}

/* ---- the record ---- */

int vnet_spec_print(const struct vnet_spec *spec, char **ret_text)
{
	struct vn_text text = { 0 };

	vn_text_add(&text, "vnet 1 %s %s\n", vnet_mode_get(spec->mode)->name, spec->name);
	for (int key = 0; key < VNET_KEY_COUNT; key++) {
		const struct vn_option *opt = &vn_options[key];
		size_t n = vnet_spec_count(spec, (enum vnet_key)key);

		for (size_t i = 0; i < n; i++) {
			vn_text_add(&text, "%s%s ", vn_scope_prefix(opt->scope), opt->key);
			vn_value_print(opt, vn_spec_value(spec, (enum vnet_key)key, i), &text);
			vn_text_add(&text, "\n");
		}
	}
	return vn_text_take(&text, ret_text);
}

int vnet_spec_text(const struct vnet_spec *spec, enum vnet_key key, size_t i, char **ret_text)
{
	struct vn_text text = { 0 };

	if (key >= VNET_KEY_COUNT || i >= vnet_spec_count(spec, key))
		return -ENOENT;
	vn_value_print(&vn_options[key], vn_spec_value(spec, key, i), &text);
	return vn_text_take(&text, ret_text);
}

int vnet_key_find(const char *name, enum vnet_key *ret_key)
{
	for (int key = 0; key < VNET_KEY_COUNT; key++) {
		const char *prefix = vn_scope_prefix(vn_options[key].scope);
		size_t len = strlen(prefix);

		if (!strncmp(name, prefix, len) && !strcmp(name + len, vn_options[key].key)) {
			*ret_key = (enum vnet_key)key;
			return 0;
		}
	}
	return -ENOENT;
}

static int parse_line(struct vnet_spec *spec, char *line, struct vnet_error *err)
{
	char *value = strchr(line, ' ');
	enum vnet_key key;

	if (!value)
		return vnet_error_set(err, -EBADMSG, "record: line '%.60s' has no value", line);
	*value++ = '\0';
	if (vnet_key_find(line, &key) < 0)
		return vnet_error_set(err, -EBADMSG, "record: unknown key '%.60s'", line);
	if (vnet_spec_has(spec, key) && !vn_options[key].list)
		return vnet_error_set(err, -EBADMSG, "record: '%.60s' comes twice", line);
	return vnet_spec_edit(spec, key, vn_options[key].list ? '+' : '=', value, err);
}

static int parse_head(char *line, struct vnet_spec *ret_spec, struct vnet_error *err)
{
	static const char magic[] = "vnet 1 ";
	const struct vnet_mode *mode;
	char *name;

	if (!line || strncmp(line, magic, sizeof(magic) - 1) != 0)
		return vnet_error_set(err, -EBADMSG, "record: does not begin with 'vnet 1'");
	line += sizeof(magic) - 1;
	name = strchr(line, ' ');
	if (!name)
		return vnet_error_set(err, -EBADMSG, "record: names no network");
	*name++ = '\0';
	mode = vnet_mode_find(line);
	if (!mode)
		return vnet_error_set(err, -EBADMSG, "record: unknown mode '%.20s'", line);
	vnet_spec_init(ret_spec, mode->id);
	return vnet_name_parse(name, ret_spec->name, err);
}

int vnet_spec_parse(const char *text, struct vnet_spec *ret_spec, struct vnet_error *err)
{
	auto_free char *copy = strdup(text);
	char *rest = copy;
	struct vnet_spec spec;
	char *line;
	int r;

	if (!copy)
		return vnet_error_set(err, -ENOMEM, "out of memory");
	r = parse_head(vn_line_next(&rest), &spec, err);
	if (r < 0)
		return r;
	while (r == 0 && (line = vn_line_next(&rest)))
		r = parse_line(&spec, line, err);
	/* Without it, every link of group 0 would look like one of the network's. */
	if (r == 0 && !vnet_spec_has(&spec, VNET_KEY_GROUP))
		r = vnet_error_set(err, -EBADMSG, "record: names no group");
	if (r < 0) {
		vnet_spec_done(&spec);
		return r;
	}
	*ret_spec = spec;
	return 0;
}
