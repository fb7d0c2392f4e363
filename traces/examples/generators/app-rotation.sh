# SPDX-License-Identifier: GPL-2.0-only
# Apps take turns, and the least recently used one is killed. With this much memory it pays
# to skip the marks of killed apps: pages of other apps stay instead. With 1000 pages it
# changes nothing.
#> baseline 1430 2354 1641 0 0
#> v1 806 -43.6% 1730 -26.5% 1054 4561 0
reapsim gen app-rotation apps=8 rounds=8 cached_limit=3 file_pages=600 anon_pages=100 \
	memcg_pages=1200 |
	reapsim compare --policies baseline,v1,any-exit -
