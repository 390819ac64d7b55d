/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include <vnet/error.h>
#include <vnet/plan.h>
#include <vnet/snapshot.h>

/*
 * A fuzz target is a file with one function that libFuzzer calls with each input: it reads the
 * bytes with what reads such bytes in vnet, and claims (must()) what holds for all of them.
 * Every log line is formatted, and so is every error's sentence: what only shows where someone
 * listens, shows here.
 */

/* Each target's; called with each input. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Called once, before the first input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* A string of @size bytes, in memory of that very size: a step beyond its end is found. free(3). */
char *fuzz_string(const uint8_t *data, size_t size);

/*
 * A piece of an input: what comes before the next @end, which goes too, as fuzz_string().
 * @ret_size: may be NULL
 */
struct fuzz_in {
	const uint8_t *at;
	size_t left;
};
char *fuzz_piece(struct fuzz_in *in, uint8_t end, size_t *ret_size);

/* What @err says of a failure with the code @r: that code, and a sentence for a terminal. */
void fuzz_refused(const struct vnet_error *err, int r);

/* Print @plan in each way, encode and model what it holds, and what would take it back. */
void fuzz_plan(const struct vnet_plan *plan);

/* A snapshot of a host without any links. For vnet_snapshot_done(). */
struct vnet_snapshot fuzz_host(void);

#endif /* TESTS_FUZZ_FUZZ_H */
