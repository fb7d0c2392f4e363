// SPDX-License-Identifier: GPL-2.0-only
#include "traces/readers/write.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <csv.h>

#include "traces/readers/rows.h"

void trace_sum_add(struct trace_sum *s, const uint64_t *words, uint64_t nr)
{
	uint64_t a = s->a, b = s->b;

	for (uint64_t i = 0; i < nr; i++) {
		a += GUINT64_FROM_LE(words[i]);
		b += a;
	}
	*s = (struct trace_sum){ a, b };
}

void trace_sum_bytes(struct trace_sum *s, const void *bytes, size_t len)
{
	const char *p = bytes;

	while (len) {
		uint64_t word = 0;
		size_t n = MIN(len, sizeof(word));

		memcpy(&word, p, n);
		trace_sum_add(s, &word, 1);
		p += n;
		len -= n;
	}
}

/* Quoted only where a bare field would be read differently or look odd. */
static void put_field(const char *s, FILE *f)
{
	size_t len = strlen(s), plain = 0;

	while (g_ascii_isalnum(s[plain]) || (s[plain] && strchr("_./:;+-@%=~[](){}", s[plain])))
		plain++;
	if (len && plain == len)
		fputs(s, f);
	else
		csv_fwrite(f, s, len);
}

static void put_kvs(const char *what, const struct trace_kv *kv, uint32_t nr, FILE *f)
{
	for (uint32_t i = 0; i < nr; i++) {
		fprintf(f, "%s,", what);
		put_field(kv[i].key, f);
		fputc(',', f);
		put_field(kv[i].value, f);
		fputc('\n', f);
	}
}

static void put_header(const struct trace *t, FILE *f)
{
	put_kvs("machine", t->machine, t->nr_machine, f);
	put_kvs("note", t->notes, t->nr_notes, f);
	for (uint32_t i = 0; i < t->nr_files; i++) {
		fputs("file,", f);
		put_field(t->files[i].name, f);
		fprintf(f, ",%" PRIu32 "%s", t->files[i].pages, t->files[i].shmem ? ",shmem" : "");
		if (t->files[i].size != t->files[i].pages)
			fprintf(f, ",size=%" PRIu32, t->files[i].size);
		fputc('\n', f);
	}
}

static void put_perm(uint32_t flags, FILE *f)
{
	fputc(',', f);
	fputc(flags & VM_READ ? 'r' : '-', f);
	fputc(flags & VM_WRITE ? 'w' : '-', f);
	fputc(flags & VM_EXEC ? 'x' : '-', f);
	fputc(flags & VM_SHARED ? 's' : 'p', f);
}

static const char *advice_name(uint32_t flags)
{
	return flags & VM_RAND_READ ? "random" : flags & VM_SEQ_READ ? "sequential" : "normal";
}

static void put_map(const struct trace *t, const struct op *op, FILE *f)
{
	fprintf(f, "%s,%" PRIu32 ",0x%" PRIx32 ",%" PRIu32, op->flags & VM_ANON ? "anon" : "map",
		op->pid, op->at, op->pages);
	put_perm(op->flags, f);
	if (!(op->flags & VM_ANON)) {
		fputc(',', f);
		put_field(t->files[op->file].name, f);
		fprintf(f, ",%" PRIu32, op->pgoff);
	}
	if (op->flags & (VM_RAND_READ | VM_SEQ_READ))
		fprintf(f, ",%s", advice_name(op->flags));
	if (op->flags & VM_NOREUSE)
		fputs(",noreuse", f);
	if (op->flags & VM_READONLY)
		fputs(",readonly", f);
}

static void put_mrelease(const struct op *op, FILE *f)
{
	fprintf(f, "mrelease,%" PRIu32, op->pid);
	if (op->flags)
		fprintf(f, ",%s%s%s", op->flags & MRELEASE_IGNORE_ACCESS ? "ignore_access" : "",
			op->flags == MRELEASE_FLAGS_ALL ? "+" : "",
			op->flags & MRELEASE_EVICT_FILE ? "evict_file" : "");
}

static void put_advance(uint64_t ns, FILE *f)
{
	const char *unit = "ns";

	if (ns && ns % 1000000000 == 0) {
		ns /= 1000000000;
		unit = "s";
	} else if (ns && ns % 1000000 == 0) {
		ns /= 1000000;
		unit = "ms";
	} else if (ns && ns % 1000 == 0) {
		ns /= 1000;
		unit = "us";
	}
	fprintf(f, "advance,%" PRIu64 "%s", ns, unit);
}

static void put_plain(const char *keyword, const struct op *op, FILE *f)
{
	fprintf(f, "%s,%" PRIu32, keyword, op->pid);
}

static void put_wide(const struct trace *t, const struct op *op, FILE *f)
{
	const struct op_wide *w = op_wide(op->code);

	fputs(w->keyword, f);
	for (unsigned int i = 0; i < OP_FIELDS_MAX; i++)
		switch (w->fields[i]) {
		case FIELD_NONE:
			break;
		case FIELD_PID:
			fprintf(f, ",%" PRIu32,
				op_has(op->code, FIELD_BY) ? op_target(op->pid, op->to) : op->pid);
			break;
		case FIELD_AT:
			fprintf(f, ",0x%" PRIx32, op->at);
			break;
		case FIELD_TO:
			fprintf(f, ",0x%" PRIx32, op->to);
			break;
		case FIELD_TO_PAGES:
			fprintf(f, ",%" PRIu32, op->to_pages);
			break;
		case FIELD_PAGES:
			fprintf(f, ",%" PRIu32, op->pages);
			break;
		case FIELD_SWAPPINESS:
			if (op->value)
				fprintf(f, ",%" PRIu32, op->value - 1);
			break;
		case FIELD_OOM_SCORE_ADJ:
			fprintf(f, ",%d", (int)op->value - OOM_SCORE_ADJ_MAX);
			break;
		case FIELD_FILE:
		case FIELD_TO_FILE:
			fputc(',', f);
			put_field(t->files[w->fields[i] == FIELD_FILE ? op->file : op->to].name, f);
			break;
		case FIELD_SIZE:
		case FIELD_OFF:
			fprintf(f, ",%" PRIu32, op->at);
			break;
		case FIELD_LEN:
			fprintf(f, ",%" PRIu32, op->pages);
			break;
		case FIELD_FADVICE:
			fprintf(f, ",%s", fadvise_names[op->value]);
			break;
		case FIELD_MADVICE:
			fprintf(f, ",%s", madvise_name(op->value));
			break;
		case FIELD_CGROUP:
			if (op->to || !w->optional)
				fprintf(f, ",%" PRIu32, op->to);
			break;
		case FIELD_BY:
			if (op->to)
				fprintf(f, ",%" PRIu32, op->pid);
			break;
		}
}

void trace_write_op(const struct trace *t, const struct op *op, FILE *f)
{
	switch (op->code) {
	case OP_SPAWN:
		put_plain("spawn", op, f);
		if (op->cpu)
			fprintf(f, ",%" PRIu32, op->cpu);
		break;
	case OP_FORK:
		put_plain("fork", op, f);
		fprintf(f, ",%" PRIu32, op->child);
		if (op->cpu)
			fprintf(f, ",%" PRIu32, op->cpu);
		break;
	case OP_EXEC:
		put_plain("exec", op, f);
		break;
	case OP_EXIT:
		put_plain("exit", op, f);
		break;
	case OP_KILL:
		put_plain("kill", op, f);
		break;
	case OP_MRELEASE:
		put_mrelease(op, f);
		break;
	case OP_OOM:
		put_plain("oom", op, f);
		break;
	case OP_OPTIN:
		put_plain("optin", op, f);
		break;
	case OP_FORK_FAIL:
		put_plain("fork_fail", op, f);
		break;
	case OP_CLEAR_REFS:
		put_plain("clear_refs", op, f);
		break;
	case OP_MAP:
		put_map(t, op, f);
		break;
	case OP_UNMAP:
		fprintf(f, "unmap,%" PRIu32 ",0x%" PRIx32 ",%" PRIu32, op->pid, op->at, op->pages);
		break;
	case OP_ADVISE:
		fprintf(f, "advise,%" PRIu32 ",0x%" PRIx32 ",%" PRIu32 ",%s", op->pid, op->at,
			op->pages, advice_name(op->flags));
		break;
	case OP_TOUCH:
		fprintf(f, "touch,%" PRIu32 ",0x%" PRIx32 ",%" PRIu32 ",%c", op->pid, op->at,
			op->pages, op->write ? 'w' : 'r');
		if (op->stride != 1)
			fprintf(f, ",%" PRIu32, op->stride);
		break;
	case OP_READ:
	case OP_WRITE:
		put_plain(op->code == OP_READ ? "read" : "write", op, f);
		fputc(',', f);
		put_field(t->files[op->file].name, f);
		fprintf(f, ",%" PRIu32 ",%" PRIu32, op->at, op->pages);
		break;
	case OP_DROP_CACHES:
		fputs("drop_caches", f);
		break;
	case OP_DRAIN:
		fputs("drain", f);
		break;
	case OP_ADVANCE:
		put_advance(op->ns, f);
		break;
	case OP_MARK:
		fprintf(f, "mark,%s", t->names[op->name]);
		break;
	default:
		if (op->code >= OP_WIDE_FIRST)
			put_wide(t, op, f);
		break;
	}
	fputc('\n', f);
}

int trace_write_text(const struct trace *t, FILE *f, struct err *err)
{
	struct trace_iter it;
	struct op op;
	int ret;

	fprintf(f, TRACE_MAGIC "%" PRIu32 "\n", t->version);
	put_header(t, f);
	trace_iter_init(&it, t);
	while ((ret = trace_iter_next(&it, &op, err)) > 0)
		trace_write_op(t, &op, f);
	return ret;
}

/* Large traces are let out of memory behind what is written. */
#define CHUNK_RECS (1u << 18)

static void passed(const struct trace *t, uint64_t from, uint64_t nr)
{
	if (t->spill)
		spill_passed(t->spill, from, from + nr);
}

/* Records as the file has them: those of the trace, or a copy in @room. */
static const struct op_rec *as_in_file(const struct op_rec *recs, uint64_t nr, struct op_rec *room)
{
	if (!room)
		return recs;
	memcpy(room, recs, nr * sizeof(*recs));
	trace_recs_le(room, nr);
	return room;
}

int trace_write_binary(const struct trace *t, FILE *f, struct err *err)
{
	g_autofree struct op_rec *room =
		G_BYTE_ORDER == G_LITTLE_ENDIAN ? NULL : g_new(struct op_rec, CHUNK_RECS);
	struct trace_sum sum = { 0 };
	char *head = NULL;
	size_t len = 0;
	FILE *m = open_memstream(&head, &len);
	unsigned int pad;

	if (!m)
		return err_set(err, -ENOMEM, "%s: no memory to write it", t->path);
	fprintf(m, TRACE_MAGIC "%" PRIu32 ",binary\n", t->version);
	put_header(t, m);
	for (uint32_t i = 0; i < t->nr_names; i++)
		fprintf(m, "name,%s\n", t->names[i]);
	if (fclose(m)) {
		free(head);
		return err_set(err, -ENOMEM, "%s: no memory to write it", t->path);
	}
	trace_sum_bytes(&sum, head, len);
	for (uint64_t i = 0; i < t->nr_recs; i += CHUNK_RECS) {
		uint64_t nr = MIN(CHUNK_RECS, t->nr_recs - i);

		trace_sum_add(&sum,
			      (const uint64_t *)(const void *)as_in_file(t->recs + i, nr, room),
			      nr);
		passed(t, i, nr);
	}
	fwrite(head, 1, len, f);
	free(head);
	len += (size_t)fprintf(f, "records,%" PRIu64 ",%016" PRIx64 "%016" PRIx64, t->nr_recs,
			       sum.a, sum.b);
	pad = 7 - (unsigned int)(len % 8);
	fprintf(f, "%*s\n", (int)pad, "");
	for (uint64_t i = 0; i < t->nr_recs; i += CHUNK_RECS) {
		uint64_t nr = MIN(CHUNK_RECS, t->nr_recs - i);

		fwrite(as_in_file(t->recs + i, nr, room), sizeof(*t->recs), nr, f);
		passed(t, i, nr);
	}
	return 0;
}
