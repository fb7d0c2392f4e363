# SPDX-License-Identifier: GPL-2.0-only
# Browser tabs: a discarded one is killed and not reaped, so v1 skips nothing. any-exit
# does, and still reads the same: nearly all that a tab maps is the program, which the
# others map, too.
#> v1 0 = 672 = 648 0 0
#> any-exit 0 = 672 = 588 1312 0
reapsim gen tabs apps=8 rounds=8 cached_limit=3 file_pages=600 anon_pages=100 system_pages=100 \
	memory_pages=0 swap_pages=0 memcg_pages=1200 |
	reapsim compare --policies baseline,v1,any-exit -
