# SPDX-License-Identifier: GPL-2.0-only
# A block device over the network: 2 ms per request, whatever its size.
#> policy ms change
#> baseline 0.341
#> policy marks change unmap anon swap evict
#> baseline 25.52 74.48 0 0 0
#> policy waited change refaults fills
#> baseline 270.7 0 1300
reapsim gen restart-loop app_pages=300 rounds=4 warm_rounds=1 big_pages=1000 memcg_pages=1024 |
	reapsim outcome --policies baseline \
		--machines cloud-block -
