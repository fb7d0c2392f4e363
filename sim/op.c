// SPDX-License-Identifier: GPL-2.0-only
/* The table of wide operations: what their rows and records hold. */
#include "sim/op.h"

#include <stddef.h>
#include <string.h>

static const struct op_wide wide_ops[NR_OPS - OP_WIDE_FIRST] = {
	[OP_OOM_SCORE_ADJ - OP_WIDE_FIRST] = {
		.keyword = "oom_score_adj",
		.usage = "oom_score_adj,PID,ADJ",
		.fields = { FIELD_PID, FIELD_OOM_SCORE_ADJ },
	},
	[OP_MEMORY_MAX - OP_WIDE_FIRST] = {
		.keyword = "memory_max",
		.usage = "memory_max,PAGES[,CGROUP]",
		.fields = { FIELD_PAGES, FIELD_CGROUP },
		.optional = 1,
	},
	[OP_MEMORY_RECLAIM - OP_WIDE_FIRST] = {
		.keyword = "memory_reclaim",
		.usage = "memory_reclaim,PAGES[,SWAPPINESS[,CGROUP]]",
		.fields = { FIELD_PAGES, FIELD_SWAPPINESS, FIELD_CGROUP },
		.optional = 2,
	},
	[OP_MADVISE - OP_WIDE_FIRST] = {
		.keyword = "advise",
		.usage = "advise,PID,AT,PAGES,ADVICE[,BY]",
		.fields = { FIELD_PID, FIELD_AT, FIELD_PAGES, FIELD_MADVICE, FIELD_BY },
		.optional = 1,
	},
	[OP_MREMAP - OP_WIDE_FIRST] = {
		.keyword = "mremap",
		.usage = "mremap,PID,AT,PAGES,TO,TO_PAGES",
		.fields = { FIELD_PID, FIELD_AT, FIELD_PAGES, FIELD_TO, FIELD_TO_PAGES },
	},
	[OP_TRUNCATE - OP_WIDE_FIRST] = {
		.keyword = "truncate",
		.usage = "truncate,PID,NAME,SIZE",
		.fields = { FIELD_PID, FIELD_FILE, FIELD_SIZE },
	},
	[OP_UNLINK - OP_WIDE_FIRST] = {
		.keyword = "unlink",
		.usage = "unlink,PID,NAME",
		.fields = { FIELD_PID, FIELD_FILE },
	},
	[OP_RENAME - OP_WIDE_FIRST] = {
		.keyword = "rename",
		.usage = "rename,PID,NAME,OTHER",
		.fields = { FIELD_PID, FIELD_FILE, FIELD_TO_FILE },
	},
	[OP_FSYNC - OP_WIDE_FIRST] = {
		.keyword = "fsync",
		.usage = "fsync,PID,NAME",
		.fields = { FIELD_PID, FIELD_FILE },
	},
	[OP_FADVISE - OP_WIDE_FIRST] = {
		.keyword = "fadvise",
		.usage = "fadvise,PID,NAME,OFF,PAGES,ADVICE",
		.fields = { FIELD_PID, FIELD_FILE, FIELD_OFF, FIELD_LEN, FIELD_FADVICE },
	},
	[OP_MLOCK - OP_WIDE_FIRST] = {
		.keyword = "mlock",
		.usage = "mlock,PID,AT,PAGES",
		.fields = { FIELD_PID, FIELD_AT, FIELD_PAGES },
	},
	[OP_MUNLOCK - OP_WIDE_FIRST] = {
		.keyword = "munlock",
		.usage = "munlock,PID,AT,PAGES",
		.fields = { FIELD_PID, FIELD_AT, FIELD_PAGES },
	},
	[OP_CGROUP - OP_WIDE_FIRST] = {
		.keyword = "cgroup",
		.usage = "cgroup,PID,CGROUP",
		.fields = { FIELD_PID, FIELD_CGROUP },
	},
};

const char *const fadvise_names[NR_FADVISES] = {
	[FADVISE_NORMAL] = "normal",	     [FADVISE_RANDOM] = "random",
	[FADVISE_SEQUENTIAL] = "sequential", [FADVISE_WILLNEED] = "willneed",
	[FADVISE_DONTNEED] = "dontneed",     [FADVISE_NOREUSE] = "noreuse",
};

static const struct {
	const char *name;
	enum madvise advice;
} advices[] = {
	{ "cold", MADVISE_COLD },
	{ "pageout", MADVISE_PAGEOUT },
	{ "dontneed", MADVISE_DONTNEED },
	{ "willneed", MADVISE_WILLNEED },
	{ "populate_read", MADVISE_POPULATE_READ },
	{ "free", MADVISE_FREE },
	{ "hugepage", MADVISE_HUGEPAGE },
	{ "nohugepage", MADVISE_NOHUGEPAGE },
};

#define NR_ADVICES (sizeof(advices) / sizeof(advices[0]))

const char *madvise_name(uint32_t advice)
{
	for (size_t i = 0; i < NR_ADVICES; i++)
		if (advices[i].advice == advice)
			return advices[i].name;
	return NULL;
}

int madvise_find(const char *name)
{
	for (size_t i = 0; i < NR_ADVICES; i++)
		if (!strcmp(advices[i].name, name))
			return (int)advices[i].advice;
	return -1;
}

bool process_madvise_remote_valid(uint32_t advice)
{
	return advice == MADVISE_COLD || advice == MADVISE_PAGEOUT || advice == MADVISE_WILLNEED;
}

const struct op_wide *op_wide(enum op_code code)
{
	return &wide_ops[code - OP_WIDE_FIRST];
}

bool op_has(enum op_code code, enum op_field field)
{
	for (unsigned int i = 0; i < OP_FIELDS_MAX; i++)
		if (op_wide(code)->fields[i] == field)
			return true;
	return false;
}

bool op_needs_file(enum op_code code, uint32_t flags)
{
	if (code >= OP_WIDE_FIRST)
		return op_has(code, FIELD_FILE);
	return code == OP_READ || code == OP_WRITE || (code == OP_MAP && !(flags & VM_ANON));
}

const char *op_wide_bad(const struct op *op)
{
	bool at = false, pages = false, value = false, to = false;

	for (unsigned int i = 0; i < OP_FIELDS_MAX; i++)
		switch (op_wide(op->code)->fields[i]) {
		case FIELD_NONE:
		case FIELD_PID:
		case FIELD_FILE:
			break;
		case FIELD_TO_FILE:
			to = true;
			if (op->to_pages)
				return "an unused field that is not 0";
			break;
		case FIELD_SIZE:
		case FIELD_OFF:
			at = true;
			break;
		case FIELD_LEN:
			pages = true;
			break;
		case FIELD_FADVICE:
			value = true;
			if (op->value >= NR_FADVISES)
				return "an unknown advice";
			break;
		case FIELD_AT:
			at = true;
			break;
		case FIELD_TO:
			to = true;
			break;
		case FIELD_TO_PAGES:
			if (!op->to_pages)
				return "0 pages";
			if (op->to_pages > OP_PAGES_MAX)
				return "a range longer than 2^26 - 1 pages";
			break;
		case FIELD_PAGES:
			pages = true;
			if (!op->pages)
				return "0 pages";
			if (op->pages > OP_PAGES_MAX)
				return "a range longer than 2^26 - 1 pages";
			break;
		case FIELD_SWAPPINESS:
			value = true;
			if (op->value > 1 + SWAPPINESS_MAX)
				return "a swappiness beyond 200";
			break;
		case FIELD_OOM_SCORE_ADJ:
			value = true;
			if (op->value > 2 * OOM_SCORE_ADJ_MAX)
				return "an oom_score_adj beyond 1000";
			break;
		case FIELD_MADVICE:
			value = true;
			if (!madvise_name(op->value))
				return "an unknown advice";
			break;
		case FIELD_CGROUP:
			to = true;
			if (op->to >= TRACE_CGROUPS || op->to_pages)
				return "an unknown cgroup";
			if (op_has(op->code, FIELD_SWAPPINESS) && op->to && !op->value)
				return "a cgroup without a swappiness";
			break;
		case FIELD_BY:
			to = true;
			if (op->to > OP_PID_MAX + 1 || op->to_pages)
				return "a process beyond the largest";
			break;
		}
	if ((!at && op->at) || (!pages && op->pages) || (!value && op->value) ||
	    (!to && (op->to || op->to_pages)))
		return "an unused field that is not 0";
	return NULL;
}
