# SPDX-License-Identifier: GPL-2.0-only
# One program is killed and restarted, and in between a neighbour runs that is larger than
# memory. The marks at the kill keep the program's pages in memory. Without them the pages
# are read again.
#> baseline 2286 3686 463 0 0
#> v1 3176 +38.9% 4576 +24.1% 24 2400 0
reapsim gen restart-loop app_pages=400 rounds=6 big_pages=1000 memcg_pages=1024 |
	reapsim compare --policies baseline,v1,any-exit -
