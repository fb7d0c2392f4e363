# SPDX-License-Identifier: GPL-2.0-only
# Skips marks only for the process that opted in, even though that one exits by itself.
#> opted-in:0-2 unchanged
reapsim explain --policy prctl --no-lists ways-to-die.csv |
	grep -B1 'skips the mark'
