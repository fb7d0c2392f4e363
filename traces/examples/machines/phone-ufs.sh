# SPDX-License-Identifier: GPL-2.0-only
# UFS: the same reads as on eMMC take less than a thirtieth of the time.
#> policy ms change
#> baseline 0.349
#> policy marks change unmap anon swap evict
#> baseline 27.55 72.45 0 0 0
#> policy waited change refaults fills
#> baseline 16.68 0 1300
reapsim gen restart-loop app_pages=300 rounds=4 warm_rounds=1 big_pages=1000 memcg_pages=1024 |
	reapsim outcome --policies baseline \
		--machines phone-ufs -
