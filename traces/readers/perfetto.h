/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the Perfetto reader share: perfetto.c (packets),
 * perfetto-events.c (ftrace's events in them).
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
	uint64_t offset;    /* in the file, of the packet */
	uint32_t nr_munmap; /* numbers of system calls, by the recorded machine */
	uint32_t nr_madvise;
	GHashTable *streams;	       /* sequence << 32 | CPU -> struct stream */
	GHashTable *described;	       /* sequence << 32 | field -> struct described */
	uint64_t lost_bundles;	       /* bundles before which events were lost */
	uint64_t lost_start, lost_end; /* events, by the kernel's count */
	uint64_t full_chunks;	       /* thrown away by a full buffer */
	uint64_t other_machines;       /* packets of other machines than this */
	int64_t clock_offset[8];       /* of ftrace's clock to the boot clock */
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

/** Report bytes that are wrong: "FILE: packet at byte N: WHAT" and -EINVAL. */
int perfetto_bad(const struct perfetto *pf, const char *what);
/** Keep an event until all are there. Return: 0, or -errno when there is no room. */
int perfetto_keep(struct perfetto *pf, struct stream *s, const struct rb_event *ev);

/** A message GenericEventDescriptor of a bundle of packet sequence @seq. */
int perfetto_describe(struct perfetto *pf, uint32_t seq, struct pb m);
/** A message FtraceEvent. @offset_ns: what its clock is behind that of others. */
int perfetto_event(struct perfetto *pf, struct stream *s, uint32_t seq, int64_t offset_ns,
		   struct pb m);

#endif
