# SPDX-License-Identifier: GPL-2.0-only
# eMMC: the processes wait 0.6 s for their pages, and unmapping takes 1 ms of CPU time.
#> policy ms change
#> baseline 1.080
#> policy marks change unmap anon swap evict
#> baseline 28.01 71.99 0 0 0
#> policy waited change refaults fills
#> baseline 632.8 0 1300
reapsim gen restart-loop app_pages=300 rounds=4 warm_rounds=1 big_pages=1000 memcg_pages=1024 |
	reapsim outcome --policies baseline \
		--machines phone-emmc -
