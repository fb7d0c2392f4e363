# SPDX-License-Identifier: GPL-2.0-only
# Apps in turn, as on a phone, and as small as it gets: each is needed again when all
# the others have been there. What v1 forgets is read again.
#> baseline 3304 4198 3334 0 0
#> v1 3438 +4.1% 4332 +3.2% 3156 1303 0
reapsim gen android-cycle30 apps=8 rounds=8 cached_limit=3 file_pages=600 anon_pages=100 system_pages=100 \
	memory_pages=0 swap_pages=0 memcg_pages=1200 |
	reapsim compare --policies baseline,v1,any-exit -
