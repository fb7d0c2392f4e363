# SPDX-License-Identifier: GPL-2.0-only
# Skips marks at every death, also exit and exec.
#> exits:0-2 unchanged
#> execs:0-2 unchanged
#> killed:0-2 unchanged
#> opted-in:0-2 unchanged
#> released:0-2 unchanged
#> oom:0-2 unchanged
reapsim explain --policy any-exit --no-lists ways-to-die.csv |
	grep -B1 'skips the mark'
