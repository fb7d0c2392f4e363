/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options: a machine key, a KEY=VALUE of a plug-in and an option of a command are each one
 * row of a table. The row has its name, type, range, default and line of help. Parsing,
 * checks, error messages, "reapsim list", --help and the tables in the documents are
 * generated from it.
 *
 * The values of a table are stored in an array in the order of the rows (plug-ins), or each
 * in the struct member that its row names (machine keys, commands).
 */
#ifndef REAPSIM_OPTION_H
#define REAPSIM_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "sim/err.h"

enum option_type {
	OPT_COUNT,  /* whole number: decimal, or hexadecimal after 0x, never octal */
	OPT_POWER,  /* power of two */
	OPT_REAL,   /* real number */
	OPT_CHOICE, /* one of several words */
	OPT_SIZE,   /* pages, "50MiB", or a share of the memory that a trace needs: "40%" */
	/* of commands only */
	OPT_FLAG,  /* present or not */
	OPT_TEXT,  /* text that the command parses */
	OPT_TEXTS, /* the same; repeatable */
	OPT_PATH,  /* of a file or folder */
	OPT_PATHS, /* comma separated */
};

/* @max of a whole number that may use all its 64 bits */
#define OPTION_NO_MAX 0x1p64

/**
 * struct option - a row; a table ends with a NULL name.
 * @def: the default, as a user would type it; NULL: none
 * @help: one line
 * @min, @max: bounds of a number, both allowed
 * @choices: of an OPT_CHOICE, NULL-terminated; the value is the index. Of an OPT_TEXT of a command:
 *	words that completion offers
 * @assumed: the default is an assumption that was never measured: sweep it
 * @unit: NULL: derived from the end of the name ("_us", "_pages", "_percent"), or none
 * @offset, @size: the member that holds the value, OPTION_FIELD(); unused if the values
 *	are stored in an array
 * @letter: of a command: "-j"; 0: none
 * @alias: of a command: another name that works and that no help shows; NULL: none
 * @metavar: of a command: placeholder of the value in --help
 * @role: of a path: the use of the file, enum file_kind of sim/output.h. A command that
 *	declares its files gets all inputs, traces, results and key files from its rows. For
 *	other roles the command derives the file names from the value and declares them
 * @find: of a path of a command: returns that of the file which the value names, to be freed by the
 *	caller, or NULL with @err; NULL: the value is the path
 * @complete: of a command: offers values to complete, sim/cli/complete.h; NULL: files for a path
 */
struct completion;
struct option {
	const char *name;
	enum option_type type;
	const char *def;
	const char *help;
	double min, max;
	const char *const *choices;
	bool assumed;
	const char *unit;
	size_t offset, size;
	char letter;
	const char *alias;
	const char *metavar;
	int role;
	char *(*find)(const char *value, struct err *err);
	void (*complete)(struct completion *c);
};

#define OPTION_FIELD(type, member)                                                                 \
	.offset = offsetof(type, member), .size = sizeof(((type *)NULL)->member)

/** union option_value - the value of one row, by its type. */
union option_value {
	uint64_t n;	     /* OPT_COUNT, OPT_POWER */
	double real;	     /* OPT_REAL */
	unsigned int choice; /* OPT_CHOICE: index */
	struct {	     /* OPT_SIZE: @n pages, or if @n is 0 a share (0.4: 40%) */
		uint64_t n;
		double share;
	} size;
};

/** The number of @rows, which may be NULL. */
size_t options_nr(const struct option *rows);
/** The row that has the first @len bytes of @name as name or alias, or NULL. */
const struct option *option_find(const struct option *rows, const char *name, size_t len);

/**
 * option_parse - parse one value.
 * @who: owner of the option, for the message: "machine key ", "killer lmkd: "
 * Return: 0, or -EINVAL with @err naming the option, the value and what is expected.
 */
int option_parse(const struct option *o, const char *who, const char *text, union option_value *v,
		 struct err *err);

/**
 * options_parse_one - parse "KEY=VALUE" and store it in @v, an array in the order of @rows.
 * @who: as above
 * Return: 0, or -EINVAL with @err; for an unknown key it lists the valid ones.
 */
int options_parse_one(const struct option *rows, const char *who, const char *kv,
		      union option_value *v, struct err *err);

/** options_parse - fill @v with the defaults, then parse "KEY=VALUE:KEY=VALUE", which may be
 * NULL or empty; @rows may be NULL. Returns like options_parse_one(). */
int options_parse(const struct option *rows, const char *who, const char *text,
		  union option_value *v, struct err *err);

/** Store a whole number, a choice or a flag (@v->n) in the member of @base that @o names. */
void option_store(const struct option *o, const union option_value *v, void *base);

/** Store the defaults of all rows in their members of @base; skips rows without a default. */
void options_store_defaults(const struct option *rows, void *base);

/** Set the error '@who unknown @what "@name"' and names_unknown(). Return: -EINVAL. */
int option_unknown(const struct option *rows, const char *who, const char *what, const char *name,
		   struct err *err);

/* Columns of the option tables in the documents */

/** The unit, such as "us" or "pages"; "" if the row has none. Not to be freed. */
const char *option_unit(const struct option *o);
/** The valid values, such as "1 to 8" or "young, old"; the caller frees the string. */
char *option_range(const struct option *o);

#endif
