# SPDX-License-Identifier: GPL-2.0-only
# All processes of a group are killed together and restarted at once. They share nearly all
# their pages, so v1 skips few marks and changes almost nothing.
#> baseline 6318 8406 4199 0 0
#> v1 6312 -0.1% 8400 -0.1% 4180 524 0
reapsim gen oomd-restart groups=1 processes=3 death=mrelease seconds=300 image_pages=4096 \
	data_pages=512 data_touches=2 anon_pages=64 hog_pages=1000 memcg_pages=1000 hog_op=read |
	reapsim compare --policies baseline,v1,any-exit -
