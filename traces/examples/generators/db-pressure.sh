# SPDX-License-Identifier: GPL-2.0-only
# A neighbour needs memory, so a database that maps one large file is killed and restarted.
# It needs the same pages again.
#> baseline 21667 24323 4599 0 0
#> v1 22149 +2.2% 24805 +2.0% 4641 779 0
reapsim gen db-pressure seconds=300 image_pages=256 data_pages=1500 data_touches=100 \
	anon_pages=128 hog_pages=900 hog_op=read memcg_pages=1400 |
	reapsim compare --policies baseline,v1,any-exit -
