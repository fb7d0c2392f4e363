# SPDX-License-Identifier: GPL-2.0-only
# Containers of one image crash and restart after longer and longer delays, as with
# Kubernetes. v1 reads less: the pages of a dead container are not needed for a while.
#> baseline 17936 19660 5523 0 0
#> v1 17385 -3.1% 19109 -2.8% 4565 2196 0
reapsim gen k8s-crashloop groups=3 seconds=300 image_pages=2048 data_pages=256 anon_pages=100 \
	hog_pages=700 memcg_pages=1024 death=mrelease |
	reapsim compare --policies baseline,v1,any-exit -
