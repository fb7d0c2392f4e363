// SPDX-License-Identifier: GPL-2.0-only
#include "sim/replay-wide.h"

#include <errno.h>

#include "sim/mm/mm.h"

/* struct op of the record @at, without pid and file */
static struct op wide_at(const struct trace *t, uint64_t at)
{
	const struct op_rec *r = &t->recs[at];
	struct op op = { .code = op_rec_op(r[0]),
			 .at = r[0].arg,
			 .pages = op_rec_x(r[-1]),
			 .value = r[-1].arg };

	if (at > 1 && op_rec_code(r[-2]) == REC_MORE) {
		op.to_pages = op_rec_x(r[-2]);
		op.to = r[-2].arg;
	}
	return op;
}

int replay_wide(struct sim *s, uint64_t at)
{
	const struct op op = wide_at(s->trace, at);
	struct mm *mm = s->replay.mm;

	switch (op.code) {
	case OP_OOM_SCORE_ADJ:
		mm->oom_score_adj = (int16_t)((int)op.value - OOM_SCORE_ADJ_MAX);
		mm->has_adj = true;
		return 0;
	default:
		return -EINVAL;
	}
}
