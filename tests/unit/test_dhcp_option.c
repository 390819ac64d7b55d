/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What leases may carry besides: what is taken, what not, and what dnsmasq gets to read. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <vnet/spec.h>

#include "core/dhcp_option.h"
#include "core/options.h"
#include "lib/gen.h"

enum {
	LINE_MAX_DNSMASQ = 1024, /* its MAXDNAME, less the NUL */
	NOISE = 200000,
};

static const struct {
	const char *text;
	const char *line; /* NULL: refused */
} cases[] = {
	/* by their number */
	{ "2=-3600", "dhcp-option=2,-3600i\n" },
	{ "2=3600", "dhcp-option=2,3600i\n" },
	{ "2=--1", NULL },
	{ "2=2147483648", NULL },
	{ "13=65535", "dhcp-option=13,65535s\n" },
	{ "13=65536", NULL },
	{ "13=-1", NULL },
	{ "13=1b", NULL },
	{ "19=1", "dhcp-option=19,1b\n" },
	{ "19=256", NULL },
	{ "19=yes", NULL },
	{ "25=00:44:01:28", "dhcp-option=25,00:44:01:28\n" },
	{ "25=68", NULL },
	{ "25=68,296", NULL },
	{ "35=4294967295", "dhcp-option=35,4294967295i\n" },
	{ "35=4294967296", NULL },
	{ "42=10.1.1.1", "dhcp-option=42,10.1.1.1\n" },
	{ "42=10.1.1.1,10.1.1.2", "dhcp-option=42,10.1.1.1,10.1.1.2\n" },
	{ "42=10.1.1.1,", NULL },
	{ "42=,10.1.1.1", NULL },
	{ "42=10.1.1.1,,10.1.1.2", NULL },
	{ "42=10.1.1.1 ,10.1.1.2", NULL },
	{ "42=0.0.0.0", NULL },
	{ "42=10.1.1.1/24", NULL },
	{ "42=fd00::1", NULL },
	{ "42=ntp.example", NULL },
	{ "42=0a:01:01:01", NULL },
	{ "33=10.1.1.1,10.1.1.2", "dhcp-option=33,10.1.1.1,10.1.1.2\n" },
	{ "33=10.1.1.1", NULL },
	{ "121=0.0.0.0/0,10.1.1.1", "dhcp-option=121,0.0.0.0/0,10.1.1.1\n" },
	{ "121=10.0.0.0/8,0.0.0.0,10.2.0.0/16,10.1.1.1",
	  "dhcp-option=121,10.0.0.0/8,0.0.0.0,10.2.0.0/16,10.1.1.1\n" },
	{ "121=10.0.0.0/8", NULL },
	{ "121=10.0.0.0/33,10.1.1.1", NULL },
	{ "121=10.0.0.0/,10.1.1.1", NULL },
	{ "121=10.0.0.0,10.1.1.1", NULL },
	{ "121=10.0.0.0/8,10.1.1.1/8", NULL },
	{ "119=lab.example,example", "dhcp-option=119,lab.example,example\n" },
	{ "119=lab..example", NULL },
	{ "119=", NULL },
	{ "17=10.1.1.1:/a b,c#\"\\", "dhcp-option=17,\"10.1.1.1:/a b,c#\\\"\\\\\"\n" },
	{ "17=123", "dhcp-option=17,\"123\"\n" },
	{ "17=a\nb", NULL },
	{ "17=a\tb", NULL },
	{ "17=\xc3\xa4", NULL },
	{ "210=12", "dhcp-option=210,31:32\n" },
	{ "211=30", "dhcp-option=211,30i\n" },
	{ "211=soon", NULL },
	/* by their letters */
	{ "224=0", "dhcp-option=224,0b\n" },
	{ "224=255", "dhcp-option=224,255b\n" },
	{ "224=256", "dhcp-option=224,256s\n" },
	{ "224=65536", "dhcp-option=224,65536i\n" },
	{ "224=4294967296", NULL },
	{ "224=-1", "dhcp-option=224,2d:31\n" },
	{ "224=01:fF", "dhcp-option=224,01:fF\n" },
	{ "224=01:", NULL },
	{ "224=01:2", NULL },
	{ "224=:01", NULL },
	{ "224=::", NULL },
	{ "224=1.2.3", NULL },
	{ "224=1.2.3.4", "dhcp-option=224,1.2.3.4\n" },
	{ "224=1,2", "dhcp-option=224,31:2c:32\n" },
	{ "224=12b", "dhcp-option=224,31:32:62\n" },
	{ "224=a", "dhcp-option=224,97b\n" },
	{ "224=a=b", "dhcp-option=224,61:3d:62\n" },
	{ "224=\"\\", "dhcp-option=224,22:5c\n" },
	{ "224=a\nb", NULL },
	{ "224=\x7f", NULL },
	/* numbers */
	{ "", NULL },
	{ "=", NULL },
	{ "=1", NULL },
	{ "42", NULL },
	{ "42=", NULL },
	{ "0=1", NULL },
	{ "255=1", NULL },
	{ "256=1", NULL },
	{ "-1=1", NULL },
	{ "0x2a=10.1.1.1", NULL },
	{ " 42=10.1.1.1", NULL },
	{ "42 =10.1.1.1", NULL },
	{ "4200000000000000000000=1", NULL },
	{ "ntp=10.1.1.1", NULL },
	{ "254=1", "dhcp-option=254,1b\n" },
};

static int edit(struct vnet_spec *spec, enum vnet_key key, const char *text)
{
	return vnet_spec_edit(spec, key, '=', text, NULL);
}

static char *printed(const struct vnet_spec *spec, enum vnet_key key)
{
	struct vn_text text = { 0 };
	char *string;

	vn_value_print(&vn_options[key], vn_spec_value(spec, key, 0), &text);
	assert_int_equal(vn_text_take(&text, &string), 0);
	return string;
}

static char *line_of(const struct vnet_spec *spec)
{
	struct vn_text text = { 0 };
	char *line;

	vn_dhcp_option_conf(vn_spec_value(spec, VNET_KEY_DHCP_OPTION, 0), &text);
	assert_int_equal(vn_text_take(&text, &line), 0);
	return line;
}

/* What is taken is printed as it was given, and makes one line that dnsmasq has room for. */
static void check_taken(const struct vnet_spec *spec, const char *text, const char *want)
{
	char *back = printed(spec, VNET_KEY_DHCP_OPTION);
	char *line = line_of(spec);
	size_t len = strlen(line);

	assert_string_equal(back, text);
	if (want)
		assert_string_equal(line, want);
	assert_in_range(len, 1, LINE_MAX_DNSMASQ);
	for (size_t i = 0; i < len - 1; i++)
		assert_in_range(line[i], ' ', '~');
	assert_int_equal(line[len - 1], '\n');
	free(back);
	free(line);
}

static void options(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vnet_spec spec;
		int r;

		vnet_spec_init(&spec, VNET_MODE_BRIDGE);
		r = edit(&spec, VNET_KEY_DHCP_OPTION, cases[i].text);
		if (!!r == !!cases[i].line)
			fail_msg("'%s': %d", cases[i].text, r);
		if (!r)
			check_taken(&spec, cases[i].text, cases[i].line);
		vnet_spec_done(&spec);
	}
}

/* What vnet itself sets, and what is the protocol's, is refused whatever the value. */
static void reserved(void **state)
{
	static const uint8_t numbers[] = { 1,  3,  6,  12, 15, 26, 28, 50, 51, 52, 53, 54, 55,
					   56, 57, 58, 59, 60, 61, 66, 67, 80, 81, 82, 118 };
	static const char *const values[] = { "1", "10.1.1.1", "01:02", "text" };
	char text[32];
	size_t next = 0;

	(void)state;
	for (unsigned int n = 1; n <= 254; n++) {
		bool taken = false;

		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			struct vnet_spec spec;

			vnet_spec_init(&spec, VNET_MODE_BRIDGE);
			(void)snprintf(text, sizeof(text), "%u=%s", n, values[i]);
			if (edit(&spec, VNET_KEY_DHCP_OPTION, text) == 0)
				taken = true;
			vnet_spec_done(&spec);
		}
		if (next < sizeof(numbers) && n == numbers[next]) {
			assert_false(taken);
			next++;
		} else if (n != 119 && n != 121 && n != 249 && n != 21 && n != 33) {
			assert_true(taken);
		}
	}
	assert_int_equal(next, sizeof(numbers));
}

static void lengths(void **state)
{
	char text[VNET_OPTION_VALUE + 8];
	struct vnet_spec spec;

	(void)state;
	for (size_t i = 0; i < 2; i++) { /* as bytes, and in quotes with each letter doubled */
		size_t head = (size_t)snprintf(text, sizeof(text), "%s", i ? "17=" : "224=");

		memset(text + head, '"', sizeof(text) - head);
		text[head + VNET_OPTION_VALUE - 1] = '\0';
		vnet_spec_init(&spec, VNET_MODE_BRIDGE);
		assert_int_equal(edit(&spec, VNET_KEY_DHCP_OPTION, text), 0);
		check_taken(&spec, text, NULL);
		text[head + VNET_OPTION_VALUE - 1] = '"';
		text[head + VNET_OPTION_VALUE] = '\0';
		assert_int_equal(edit(&spec, VNET_KEY_DHCP_OPTION, text), -E2BIG);
		vnet_spec_done(&spec);
	}
}

/* Letters that mean something somewhere, in any order. */
static void noise(void **state)
{
	static const char letters[] = "0123456789abfxi=,.:/\"\\'#-+ %s\n\r\t\x7f\x80";
	struct gen gen = { .state = 1 };
	struct vnet_spec spec;
	size_t taken = 0;
	char text[24];

	(void)state;
	for (size_t i = 0; i < NOISE; i++) {
		size_t head = (size_t)snprintf(text, sizeof(text), "%u=", gen_below(&gen, 256));
		size_t len = head + gen_below(&gen, 12);

		for (size_t at = head; at < len; at++)
			text[at] = letters[gen_below(&gen, sizeof(letters) - 1)];
		text[len] = '\0';
		vnet_spec_init(&spec, VNET_MODE_BRIDGE);
		if (edit(&spec, VNET_KEY_DHCP_OPTION, text) == 0) {
			check_taken(&spec, text, NULL);
			taken++;
		}
		vnet_spec_done(&spec);
	}
	assert_in_range(taken, NOISE / 100, NOISE);
}

static void check_value(enum vnet_key key, const char *text, bool good)
{
	struct vnet_spec spec;
	char *back;
	int r;

	vnet_spec_init(&spec, VNET_MODE_BRIDGE);
	r = edit(&spec, key, text);
	if (!r != good)
		fail_msg("%s '%s': %d", vn_options[key].key, text, r);
	if (good) {
		back = printed(&spec, key);
		assert_string_equal(back, text);
		free(back);
	}
	vnet_spec_done(&spec);
}

static void domains(void **state)
{
	static const char *const good[] = { "lab", "lab.example", "a-b.c1", "1.example", "X.Y" };
	static const char *const bad[] = { "",	   ".",	       ".a",	 "a.",	     "a..b",
					   "-a.b", "a-.b",     "a_b.c",	 "a b",	     "a,b",
					   "a#b",  "10.1.1.1", "a.\nb=", "\xc3\xa4", "a/b" };
	char text[VNET_DOMAIN + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		check_value(VNET_KEY_DHCP_DOMAIN, good[i], true);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_value(VNET_KEY_DHCP_DOMAIN, bad[i], false);
	for (size_t i = 0; i < VNET_DOMAIN; i++) /* labels of 63, and a last one of 61 */
		text[i] = i % 64 == 63 ? '.' : 'a';
	text[VNET_DOMAIN - 1] = '\0';
	check_value(VNET_KEY_DHCP_DOMAIN, text, true);
	text[VNET_DOMAIN - 1] = 'a';
	text[VNET_DOMAIN] = '\0';
	check_value(VNET_KEY_DHCP_DOMAIN, text, false);
	text[63] = 'a';
	text[64] = '\0';
	check_value(VNET_KEY_DHCP_DOMAIN, text, false);
}

static void boots(void **state)
{
	static const char *const good[] = { "pxelinux.0", "pxelinux.0@10.1.1.1", "a@b@10.1.1.1",
					    "boot\\x64\\w.com", "http://10.1.1.1/a,b?c=\"d\"#e" };
	static const char *const bad[] = {
		"",	     "@",	 "@10.1.1.1", "a@",   "a@b",
		"a@fd00::1", "a@10.1.1", "a b",	      "a\nb", "\xc3\xa4"
	};
	char text[VNET_BOOT_FILE + 16];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		check_value(VNET_KEY_DHCP_PXE, good[i], true);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_value(VNET_KEY_DHCP_PXE, bad[i], false);
	memset(text, 'a', VNET_BOOT_FILE);
	text[VNET_BOOT_FILE - 1] = '\0';
	check_value(VNET_KEY_DHCP_PXE, text, true);
	memcpy(text + VNET_BOOT_FILE - 1, "@10.1.1.1", sizeof("@10.1.1.1"));
	check_value(VNET_KEY_DHCP_PXE, text, true);
	memset(text, 'a', VNET_BOOT_FILE);
	text[VNET_BOOT_FILE] = '\0';
	check_value(VNET_KEY_DHCP_PXE, text, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options), cmocka_unit_test(reserved), cmocka_unit_test(lengths),
		cmocka_unit_test(noise),   cmocka_unit_test(domains),  cmocka_unit_test(boots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
