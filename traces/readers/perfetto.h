/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the two files of the Perfetto reader: perfetto.c (packets) and perfetto-events.c
 * (the ftrace events in them).
 */
#ifndef REAPSIM_TRACES_PERFETTO_H
#define REAPSIM_TRACES_PERFETTO_H

#include <stdint.h>

#include <glib.h>

#include "sim/spill.h"
#include "traces/readers/protowire.h"
#include "traces/readers/recording.h"

/** struct perfetto - one recording while its packets are read. */
struct perfetto {
	struct recording rec;
	struct err *err;
	uint64_t offset;    /* of the current packet in the file */
	uint32_t nr_munmap; /* system call numbers of the recorded machine */
	uint32_t nr_madvise;
	GHashTable *streams;	       /* sequence << 32 | CPU -> struct stream */
	GHashTable *described;	       /* sequence << 32 | field -> struct described */
	uint64_t lost_bundles;	       /* bundles before which events were lost */
	uint64_t lost_start, lost_end; /* events, by the kernel's count */
	uint64_t full_chunks;	       /* dropped because a buffer was full */
	uint64_t other_machines;       /* packets of other machines */
	int64_t clock_offset[8];       /* from ftrace's clock to the boot clock */
	bool clock_known[8];
};

/** struct stream - the events of one CPU, as one recorder saw them, in order. */
struct stream {
	uint32_t cpu;
	struct spill events; /* the first PERFETTO_EVENT_BYTES of struct rb_event */
	uint64_t next;	     /* of @events, while they are merged */
};

#define PERFETTO_EVENT_BYTES                                                                       \
	(offsetof(struct rb_event, cache) + sizeof(((struct rb_event *)0)->cache))

/** Report invalid bytes: "FILE: packet at byte N: WHAT". Return: -EINVAL. */
int perfetto_bad(const struct perfetto *pf, const char *what);
/** Keep an event until all are read. Return: 0, or -errno if there is no room. */
int perfetto_keep(struct perfetto *pf, struct stream *s, const struct rb_event *ev);

/** A message GenericEventDescriptor of a bundle of packet sequence @seq. */
int perfetto_describe(struct perfetto *pf, uint32_t seq, struct pb m);
/** A message FtraceEvent. @offset_ns: is added to its time. */
int perfetto_event(struct perfetto *pf, struct stream *s, uint32_t seq, int64_t offset_ns,
		   struct pb m);

#endif
