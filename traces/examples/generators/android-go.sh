# SPDX-License-Identifier: GPL-2.0-only
# Favourite apps are used more often than others (order=zipf): most killed apps restart
# soon, and find fewer of their pages under v1.
#> baseline 144 1020 856 0 0
#> v1 203 +41.0% 1079 +5.8% 895 1912 0
reapsim gen android-go apps=8 rounds=8 cached_limit=3 file_pages=600 anon_pages=100 system_pages=100 \
	memory_pages=0 swap_pages=0 memcg_pages=1200 |
	reapsim compare --policies baseline,v1,any-exit -
