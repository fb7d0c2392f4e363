# SPDX-License-Identifier: GPL-2.0-only
# Skips marks if the caller of process_mrelease() passes the flag, but not in the OOM
# reaper. With oom=yes the OOM reaper passes it, too.
#> released:0-2 unchanged
#> released:0-2 unchanged
#> oom:0-2 unchanged
reapsim explain --policy flag --no-lists ways-to-die.csv |
	grep -B1 'skips the mark'
reapsim explain --policy flag:oom=yes --no-lists ways-to-die.csv |
	grep -B1 'skips the mark'
