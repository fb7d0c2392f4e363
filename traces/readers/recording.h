/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The conversion of a kernel's recording into a trace. Readers of recordings share this code
 * around traces/readers/rebuild.h, from the first event to the notes about the limits of the
 * recording.
 */
#ifndef REAPSIM_TRACES_RECORDING_H
#define REAPSIM_TRACES_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "sim/err.h"
#include "sim/trace.h"
#include "traces/readers/input.h"
#include "traces/readers/rebuild.h"

/** struct recording - initialised by recording_begin(). */
struct recording {
	struct rebuild rb;
	struct trace_build b;
	const struct input *in;
	const char *recorder;	  /* "perf": what wrote the events */
	uint64_t nr_events;	  /* of any kind; counted by the reader */
	uint64_t lost;		  /* events that the recorder says it lost */
	GHashTable *unused;	  /* name -> count: events that are not used */
	GHashTable *names;	  /* tid -> name of its command */
	GHashTable *killers;	  /* name of the sender -> count of SIGKILLs */
	uint64_t cpus;		  /* of the recorded machine; 0: unknown */
	uint64_t nr_software;	  /* faults that may have been reads or writes */
	uint64_t sampled;	  /* of these, events that stand for several */
	const char *file_system;  /* of most files; the machine's key; NULL: not said */
	uint64_t readahead_pages; /* of their device; 0: not said */
	bool newtask;		  /* task:task_newtask was recorded */
	bool arm64;		  /* recorded where fault-around leaves pages old */
	uint32_t nr_notes;
};

void recording_begin(struct recording *rec, const char *recorder, struct input *in,
		     struct err *err);
/** Report a bad line: "FILE:LINE: WHAT "HAVE", expected EXPECTED" and -EINVAL. */
int recording_bad(struct recording *rec, const char *what, const char *have, const char *expected);
/** Keep a line of provenance; a key that no note may have, or one too many, is dropped. */
void recording_note(struct recording *rec, const char *key, const char *value);
/** The recorded machine's page size, in decimal bytes. Return: 0, or -EINVAL. */
int recording_page_size(struct recording *rec, const char *text);
/** "ext4 (12 files), tmpfs (3 files)": the file system of most files, leaving out tmpfs, which
 * each file says for itself; and "254:0 8192 kB, 7:0 128 kB": the readahead of the first device. */
void recording_file_systems(struct recording *rec, const char *text);
void recording_readahead(struct recording *rec, const char *text);
/** Count an unused event, for the message if there is no usable one. */
void recording_unused(struct recording *rec, const char *name, size_t len);
/** Thread @tid runs a command of that name, @len bytes. */
void recording_name(struct recording *rec, uint32_t tid, const char *name, size_t len);
/** Count a SIGKILL that thread @tid sent, by its name. */
void recording_killer(struct recording *rec, uint32_t tid);
/**
 * Finish what recording_begin() began.
 * @ret: the result of reading; if it is not 0, everything is discarded
 * @out: the trace, checked; untouched on error
 *
 * Return: @ret if that is not 0; 0; -EINVAL.
 */
int recording_end(struct recording *rec, int ret, struct trace **out, struct err *err);

#endif
