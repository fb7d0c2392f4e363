# SPDX-License-Identifier: GPL-2.0-only
# One app is killed after five minutes in the background and restarts later. Other apps have
# aged its pages meanwhile, so skipping their marks saves refaults.
#> baseline 15931 16957 14896 0 0
#> v1 14734 -7.5% 15745 -7.1% 12701 16475 0
reapsim gen android-ageing apps=8 rounds=8 cached_limit=3 file_pages=600 anon_pages=100 system_pages=100 \
	memory_pages=0 swap_pages=0 age_min=5 memcg_pages=1200 |
	reapsim compare --policies baseline,v1,any-exit -
