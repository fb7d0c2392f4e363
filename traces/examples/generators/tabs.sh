# SPDX-License-Identifier: GPL-2.0-only
# Browser tabs: a discarded tab is killed but not reaped, so v1 skips nothing. any-exit
# skips some marks but reads the same: a tab maps mostly the program, which other tabs map,
# too.
#> v1 0 = 672 = 648 0 0
#> any-exit 0 = 672 = 588 1312 0
reapsim gen tabs apps=8 rounds=8 cached_limit=3 file_pages=600 anon_pages=100 system_pages=100 \
	memory_pages=0 swap_pages=0 memcg_pages=1200 |
	reapsim compare --policies baseline,v1,any-exit -
