# SPDX-License-Identifier: GPL-2.0-only
# Every fourth launch is an app that allocates much memory at once, so several apps are
# killed. They restart, and find fewer of their pages under v1.
#> baseline 1010 1888 3010 0 0
#> v1 1128 +11.7% 2006 +6.2% 2832 2896 0
reapsim gen camera-burst apps=8 rounds=8 cached_limit=3 file_pages=600 anon_pages=100 system_pages=100 \
	memory_pages=0 swap_pages=0 \
	burst_every=4 burst_pages=400 memcg_pages=1200 |
	reapsim compare --policies baseline,v1,any-exit -
