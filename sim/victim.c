// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors what v7.3 allows userspace without a patch: process_madvise() of mm/madvise.c, with
 * at most UIO_MAXIOV ranges in a call, and generic_fadvise() of mm/fadvise.c.
 *
 * The killer reads the victim's mappings before it kills. It advises those of files only;
 * anonymous memory goes with the process anyway.
 *
 * POSIX_FADV_DONTNEED is given for each range that was mapped, in the order of the addresses.
 *
 * Approximations: MAX_RW_COUNT, 2 GiB in a call, is no limit here. Reading the maps takes no time.
 */
#include "sim/victim.h"

#include "sim/mm/fadvise.h"
#include "sim/mm/madvise.h"

#define UIO_MAXIOV 1024

struct range {
	uint32_t at, pages, file, pgoff;
};

static const struct range *range_at(const struct victim_advice *v, guint i)
{
	return &g_array_index(v->ranges, struct range, i);
}

void victim_begin(const struct sim *s, struct victim_advice *v, const struct mm *mm,
		  enum op_code how)
{
	*v = (struct victim_advice){ NULL };
	if (how != OP_MRELEASE || !(s->cfg.reap->advice || s->cfg.reap->drops_files))
		return;
	v->ranges = g_array_new(FALSE, FALSE, sizeof(struct range));
	for (guint i = 0; i < mm->vmas->len; i++) {
		const struct vma *vma = mm->vmas->pdata[i];
		const struct range r = { vma->start, vma_pages(vma), vma->file, vma->pgoff };

		if (!(vma->flags & VM_ANON))
			g_array_append_val(v->ranges, r);
	}
}

bool victim_is_advised(const struct sim *s, const struct victim_advice *v, bool before)
{
	const struct reap_policy *p = s->cfg.reap;

	return v->ranges && p->advice &&
	       (p->advises_first && p->advises_first(s->cfg.reap_args)) == before;
}

bool victim_process_madvise(struct sim *s, struct victim_advice *v, struct mm *mm)
{
	const guint end = MIN(v->next + UIO_MAXIOV, v->ranges->len);

	for (; v->next < end; v->next++) {
		const struct range *r = range_at(v, v->next);

		do_madvise(s, mm, r->at, r->pages, s->cfg.reap->advice);
	}
	return v->next < v->ranges->len;
}

void victim_is_gone(struct sim *s, struct victim_advice *v)
{
	for (; v->next < v->ranges->len; v->next++)
		count_vm(s, VM_sim_advice_lost, range_at(v, v->next)->pages);
}

void victim_end(struct sim *s, struct victim_advice *v, unsigned int cpu)
{
	if (!v->ranges)
		return;
	for (guint i = 0; s->cfg.reap->drops_files && i < v->ranges->len; i++) {
		const struct range *r = range_at(v, i);

		fadvise_dontneed(s, cpu, r->file, r->pgoff, r->pgoff + (r->pages - 1));
	}
	g_array_free(v->ranges, TRUE);
	v->ranges = NULL;
}
