# SPDX-License-Identifier: GPL-2.0-only
# Skips for the one process that asked for it, which ends by itself here.
#> opted-in:0-2 unchanged
reapsim explain --policy prctl --no-lists traces/examples/ways-to-die.csv |
	grep -B1 'skips the mark'
