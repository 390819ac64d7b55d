/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lease files: what dnsmasq writes, and what it never should. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <vnet/addr.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "services/leases.h"
#include "sys/file.h"

enum { MANY = 100000 };

struct parsed {
	struct vnet_lease *leases;
	size_t n;
	struct vn_lease_flaws flaws;
};

/* A copy on the heap of just that size, for the sanitizer to watch its ends. */
static struct parsed parse_bytes(const char *bytes, size_t len)
{
	struct parsed parsed = { 0 };
	char *text = malloc(len + 1);

	assert_non_null(text);
	memcpy(text, bytes, len);
	text[len] = '\0';
	assert_int_equal(vn_leases_parse(text, len, &parsed.leases, &parsed.n, &parsed.flaws), 0);
	free(text);
	for (size_t i = 0; i < parsed.n; i++) {
		for (const char *c = parsed.leases[i].name; *c; c++)
			assert_in_range(*c, '!', '~');
		for (const char *c = parsed.leases[i].client_id; *c; c++)
			assert_in_range(*c, '!', '~');
	}
	return parsed;
}

static struct parsed parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static void a_file_of_dnsmasq(void **state)
{
	struct parsed p = parse("1700000000 52:54:00:12:34:56 10.1.1.11 web ff:00:12:34:56\n"
				"0 FE:54:00:AB:cd:ef 10.1.1.12 * *\n"
				"1700000001 06-00:11:22:33:44:55 10.1.1.13 a.b-c_d 01:02\n"
				"1700000002 20-80:00:00:48:fe:80 10.1.1.14 * 01\n"
				"1700000002 00:01:02:03:04:05:06:07 10.1.1.15 * 01\n"
				"duid 00:01:00:01:2c:aa:bb:cc:52:54:00:12:34:56\n"
				"1700000000 1193046 fd00::11 web 00:01:00:01:2c:aa:bb:cc\n"
				"1700000000 T1193046 fd00::12 * 00:01\n");
	char text[VNET_IP_TEXT];

	(void)state;
	assert_int_equal(p.n, 5);
	assert_int_equal(p.flaws.bad_lines, 0);
	assert_int_equal(p.leases[0].expires, 1700000000);
	assert_memory_equal(p.leases[0].mac.bytes, "\x52\x54\x00\x12\x34\x56", 6);
	assert_string_equal(vnet_ip_text(&p.leases[0].ip, text), "10.1.1.11");
	assert_string_equal(p.leases[0].name, "web");
	assert_string_equal(p.leases[0].client_id, "ff:00:12:34:56");
	assert_int_equal(p.leases[1].expires, 0);
	assert_memory_equal(p.leases[1].mac.bytes, "\xfe\x54\x00\xab\xcd\xef", 6);
	assert_string_equal(p.leases[1].name, "");
	assert_string_equal(p.leases[1].client_id, "");
	assert_string_equal(p.leases[2].name, "a.b-c_d");
	for (size_t i = 2; i < 5; i++)
		assert_memory_equal(p.leases[i].mac.bytes, "\0\0\0\0\0\0", 6);
	free(p.leases);
}

static void nothing(void **state)
{
	static const char *const texts[] = { "", "\n", "\n\n \n", " \t \r\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct parsed p = parse(texts[i]);

		assert_int_equal(p.n, 0);
		assert_null(p.leases);
		assert_int_equal(p.flaws.bad_lines, 0);
	}
}

static void nonsense(void **state)
{
	static const char *const lines[] = {
		"x",
		"1 2",
		"duid",
		"duid 00 01",
		"1 52:54:00:12:34:56 10.1.1.11 web",
		"1 52:54:00:12:34:56 10.1.1.11 web * more",
		"-1 52:54:00:12:34:56 10.1.1.11 web *",
		"+1 52:54:00:12:34:56 10.1.1.11 web *",
		"1x 52:54:00:12:34:56 10.1.1.11 web *",
		"0x1 52:54:00:12:34:56 10.1.1.11 web *",
		"9223372036854775808 52:54:00:12:34:56 10.1.1.11 web *",
		"99999999999999999999999999 52:54:00:12:34:56 10.1.1.11 web *",
		"1 52:54:00:12:34:5g 10.1.1.11 web *",
		"1 %s%n 10.1.1.11 web *",
		"1 52:54:00:12:34:56 10.1.1 web *",
		"1 52:54:00:12:34:56 10.1.1.256 web *",
		"1 52:54:00:12:34:56 10.1.1.11/24 web *",
		"1 52:54:00:12:34:56 * web *",
		"1 52:54:00:12:34:56 10.1.1.11 web xyz",
		"1 52:54:00:12:34:56 10.1.1.11 web \033[2J",
		"1\00152:54:00:12:34:56 10.1.1.11 web *",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char text[256];
		struct parsed p;

		/* Between two good lines, which it must not take with it. */
		(void)snprintf(text, sizeof(text),
			       "1 0a:00:00:00:00:01 10.0.0.1 * *\n%s\n"
			       "2 0a:00:00:00:00:02 10.0.0.2 * *\n",
			       lines[i]);
		p = parse(text);
		if (p.n != 2 || p.flaws.bad_lines != 1)
			fail_msg("'%s': %zu leases, %zu bad lines", lines[i], p.n,
				 p.flaws.bad_lines);
		free(p.leases);
	}
}

static void hostile_names(void **state)
{
	static const char with_nul[] = "1 0a:00:00:00:00:01 10.0.0.1 a\0b *\n"
				       "1 0a:00:00:00:00:01 10.0.0.2 * *\n";
	char text[512];
	char name[VNET_HOST_NAME + 1];
	struct parsed p;

	(void)state;
	p = parse("1 0a:00:00:00:00:01 10.0.0.1 \033[2Jx$(id)\x7f\xc3\xa4 *\n"
		  "1 0a:00:00:00:00:01 10.0.0.1 %n%s *\n");
	assert_int_equal(p.n, 2);
	assert_string_equal(p.leases[0].name, "??2Jx??id????");
	assert_string_equal(p.leases[1].name, "?n?s");
	free(p.leases);

	/* A NUL does not hide what follows it. */
	p = parse_bytes(with_nul, sizeof(with_nul) - 1);
	assert_int_equal(p.n, 2);
	assert_string_equal(p.leases[0].name, "a?b");
	free(p.leases);

	memset(name, 'n', sizeof(name));
	name[VNET_HOST_NAME - 1] = '\0';
	(void)snprintf(text, sizeof(text), "1 0a:00:00:00:00:01 10.0.0.1 %s *\n", name);
	p = parse(text);
	assert_string_equal(p.leases[0].name, name);
	free(p.leases);
	name[VNET_HOST_NAME - 1] = 'n';
	name[VNET_HOST_NAME] = '\0';
	(void)snprintf(text, sizeof(text), "1 0a:00:00:00:00:01 10.0.0.1 %s *\n", name);
	p = parse(text);
	assert_int_equal(p.n, 1); /* the lease is there, nameless */
	assert_string_equal(p.leases[0].name, "");
	free(p.leases);
}

/* A client id may have 255 bytes; whatever its length, the lease is not hidden by it. */
static void long_client_ids(void **state)
{
	(void)state;
	for (size_t bytes = 1; bytes <= 300; bytes++) {
		char text[1024] = "1 0a:00:00:00:00:01 10.0.0.1 * 61";
		size_t len = strlen(text);
		struct parsed p;

		for (size_t i = 1; i < bytes && len < sizeof(text) - 4; i++, len += 3)
			memcpy(text + len, ":61", 4);
		p = parse(text);
		assert_int_equal(p.n, 1);
		len = strlen(p.leases[0].client_id);
		assert_int_equal(len, bytes * 3 - 1 < VNET_LEASE_CLIENT_ID ?
					      bytes * 3 - 1 :
					      VNET_LEASE_CLIENT_ID - 1);
		assert_int_equal(!strcmp(p.leases[0].client_id + len - 2, ".."),
				 bytes * 3 - 1 >= VNET_LEASE_CLIENT_ID);
		free(p.leases);
	}
}

/* A line of its own that fills the file, and noise: whatever comes out, it ends. */
static void noise(void **state)
{
	static const char alphabet[] = "0123456789abcdef:.-* \n\t\r\0duid\x1b\x80%";
	uint32_t seed = 1;
	char *text = malloc(65536);

	(void)state;
	assert_non_null(text);
	for (int round = 0; round < 200; round++) {
		struct parsed p;

		for (size_t i = 0; i < 65536; i++) {
			seed = seed * 1664525U + 1013904223U;
			text[i] = round ? alphabet[(seed >> 16) % (sizeof(alphabet) - 1)] : 'x';
		}
		p = parse_bytes(text, 65536);
		free(p.leases);
	}
	free(text);
}

/* ---- files ---- */

static int enter_dir(void **state)
{
	char *dir = strdup("/tmp/vnet-test-leases.XXXXXX");

	assert_non_null(dir);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	*state = dir;
	return 0;
}

static int leave_dir(void **state)
{
	char command[64];
	int r;

	assert_int_equal(chdir("/"), 0);
	(void)snprintf(command, sizeof(command), "rm -r %s", (char *)*state);
	r = system(command); /* NOLINT(cert-env33-c): the name is mkdtemp's */
	free(*state);
	return r;
}

static void files_that_are_none(void **state)
{
	struct vnet_lease *leases = NULL;
	size_t n = 1;

	(void)state;
	assert_int_equal(vn_leases_read("none", &leases, &n, NULL), 0);
	assert_int_equal(n, 0);
	assert_null(leases);
	assert_int_equal(symlink("/etc/passwd", "link"), 0);
	assert_int_equal(vn_leases_read("link", &leases, &n, NULL), -ELOOP);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(vn_leases_read("fifo", &leases, &n, NULL), -EINVAL);
	assert_int_equal(vn_leases_read("/dev/zero", &leases, &n, NULL), -EINVAL);
	assert_int_equal(vn_leases_read(".", &leases, &n, NULL), -EINVAL);
}

static void write_many(const char *path, size_t lines)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	for (size_t i = 0; i < lines; i++)
		(void)fprintf(file,
			      "1700000000 52:54:00:%02zx:%02zx:%02zx 10.%zu.%zu.%zu host-%zu "
			      "ff:00:12:34:56:00:01:00:01:2c:aa:bb:cc:52:54:00:12:34:56\n",
			      i >> 16 & 255, i >> 8 & 255, i & 255, i >> 16 & 255, i >> 8 & 255,
			      i & 255, i);
	assert_int_equal(fclose(file), 0);
}

static void many(void **state)
{
	struct vn_lease_flaws flaws;
	struct vnet_lease *leases;
	int64_t start;
	size_t n;

	(void)state;
	write_many("leases", MANY);
	start = vn_clock_ms();
	assert_int_equal(vn_leases_read("leases", &leases, &n, &flaws), 0);
	assert_int_equal(n, MANY);
	assert_int_equal(flaws.bad_lines, 0);
	assert_false(flaws.truncated);
	assert_string_equal(leases[MANY - 1].name, "host-99999");
	free(leases);
	print_message("%d leases: %d ms\n", MANY, (int)(vn_clock_ms() - start));
}

static void too_many(void **state)
{
	struct vn_lease_flaws flaws;
	struct vnet_lease *leases;
	struct stat st;
	size_t n;

	(void)state;
	write_many("leases", (size_t)MANY * 2);
	assert_int_equal(stat("leases", &st), 0);
	assert_true(st.st_size > VN_LEASES_MAX);
	assert_int_equal(vn_leases_read("leases", &leases, &n, &flaws), 0);
	assert_true(flaws.truncated);
	assert_int_equal(flaws.bad_lines, 0); /* not half of a line is taken for one */
	assert_in_range(n, MANY, (size_t)MANY * 2 - 1);
	free(leases);

	/* A single line larger than all, with holes. */
	assert_int_equal(truncate("leases", 0), 0);
	assert_int_equal(truncate("leases", (off_t)1 << 40), 0);
	assert_int_equal(vn_leases_read("leases", &leases, &n, &flaws), 0);
	assert_int_equal(n, 0);
	assert_true(flaws.truncated);
}

/* The shortest lines there are: what is kept of each is ten times as long. */
static void too_many_of_the_shortest(void **state)
{
	static const char line[] = "0 - 1.1.1.1 * *\n";
	const size_t lines = VN_LEASES_MAX / (sizeof(line) - 1);
	FILE *file = fopen("leases", "we");
	struct vn_lease_flaws flaws;
	struct vnet_lease *leases;
	size_t n;

	(void)state;
	assert_non_null(file);
	for (size_t i = 0; i < lines; i++)
		(void)fputs(line, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(vn_leases_read("leases", &leases, &n, &flaws), 0);
	assert_int_equal(n, VN_LEASES_COUNT);
	assert_true(flaws.truncated);
	free(leases);
	assert_int_equal(truncate("leases", (off_t)((sizeof(line) - 1) * VN_LEASES_COUNT)), 0);
	assert_int_equal(vn_leases_read("leases", &leases, &n, &flaws), 0);
	assert_int_equal(n, VN_LEASES_COUNT);
	assert_false(flaws.truncated);
	free(leases);
}

/* Client ids of 64 KiB: the leases are there, and so are their neighbours. */
static void huge_client_ids(void **state)
{
	enum { ID = 65536 };
	size_t size = (size_t)3 * (ID + 64);
	char *text = malloc(size);
	size_t len = 0;
	struct parsed p;

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < 3; i++) {
		len += (size_t)snprintf(text + len, size - len, "1 0a:00:00:00:00:0%d 10.0.0.%d * ",
					i, i);
		for (size_t at = 0; at < ID; at++)
			text[len++] = at % 3 == 2 ? ':' : i == 1 ? 'z' : 'a';
		text[len++] = '\n';
	}
	p = parse_bytes(text, len);
	assert_int_equal(p.n, 2);
	assert_int_equal(p.flaws.bad_lines, 1); /* 'z' is no digit */
	assert_int_equal(strlen(p.leases[1].client_id), VNET_LEASE_CLIENT_ID - 1);
	free(p.leases);
	free(text);
}

/* Write the file anew as dnsmasq does: in place, emptied first, in parts. */
struct writer {
	atomic_bool stop;
	bool failed;
};

static void *rewrite(void *arg)
{
	static const char text[] = "1700000000 52:54:00:00:00:01 10.0.0.1 a *\n"
				   "1700000000 52:54:00:00:00:02 10.0.0.2 b *\n";
	struct writer *writer = arg;
	auto_fd fd = open("leases", O_WRONLY | O_APPEND | O_CLOEXEC);

	writer->failed = fd < 0;
	while (!writer->failed && !atomic_load(&writer->stop)) {
		if (ftruncate(fd, 0) < 0 || write(fd, text, 50) != 50 ||
		    write(fd, text + 50, sizeof(text) - 51) != sizeof(text) - 51)
			writer->failed = true;
		vn_sleep_ms(20);
	}
	return NULL;
}

static void read_while_written(void **state)
{
	struct writer writer = { 0 };
	pthread_t thread;

	(void)state;
	assert_int_equal(vn_file_write("leases",
				       "1700000000 52:54:00:00:00:01 10.0.0.1 a *\n"
				       "1700000000 52:54:00:00:00:02 10.0.0.2 b *\n",
				       0600),
			 0);
	assert_int_equal(pthread_create(&thread, NULL, rewrite, &writer), 0);
	for (int i = 0; i < 50; i++) {
		struct vn_lease_flaws flaws;
		struct vnet_lease *leases;
		size_t n;

		assert_int_equal(vn_leases_read("leases", &leases, &n, &flaws), 0);
		free(leases);
		assert_int_equal(n, 2);
		assert_int_equal(flaws.bad_lines, 0);
	}
	atomic_store(&writer.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_false(writer.failed);
}

/* A file that grows as long as it is looked at: what there was, and an end. */
static void *grow(void *arg)
{
	static const char text[] = "1700000000 52:54:00:00:00:01 10.0.0.1 a *\n";
	struct writer *writer = arg;
	auto_fd fd = open("leases", O_WRONLY | O_APPEND | O_CLOEXEC);
	struct stat st = { 0 };

	writer->failed = fd < 0;
	while (!writer->failed && !atomic_load(&writer->stop)) {
		if (write(fd, text, sizeof(text) - 1) < 0 || fstat(fd, &st) < 0)
			writer->failed = true;
		if (st.st_size > (off_t)2 * VN_LEASES_MAX)
			atomic_store(&writer->stop, true);
	}
	return NULL;
}

static void read_while_it_grows(void **state)
{
	struct writer writer = { 0 };
	int64_t start = vn_clock_ms();
	pthread_t thread;

	(void)state;
	assert_int_equal(vn_file_write("leases", "", 0600), 0);
	assert_int_equal(pthread_create(&thread, NULL, grow, &writer), 0);
	for (int i = 0; i < 4; i++) {
		struct vn_lease_flaws flaws;
		struct vnet_lease *leases;
		size_t n;

		assert_int_equal(vn_leases_read("leases", &leases, &n, &flaws), 0);
		free(leases);
		assert_in_range(n, 0, VN_LEASES_COUNT);
		assert_in_range(flaws.bad_lines, 0, 1); /* the last one, half written */
	}
	atomic_store(&writer.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_false(writer.failed);
	print_message("4 looks: %d ms\n", (int)(vn_clock_ms() - start));
}

#define FILE_TEST(function) cmocka_unit_test_setup_teardown(function, enter_dir, leave_dir)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_of_dnsmasq),
		cmocka_unit_test(nothing),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(long_client_ids),
		cmocka_unit_test(huge_client_ids),
		cmocka_unit_test(noise),
		FILE_TEST(files_that_are_none),
		FILE_TEST(many),
		FILE_TEST(too_many),
		FILE_TEST(too_many_of_the_shortest),
		FILE_TEST(read_while_written),
		FILE_TEST(read_while_it_grows),
	};

	return cmocka_run_group_tests_name("leases", tests, NULL, NULL);
}
