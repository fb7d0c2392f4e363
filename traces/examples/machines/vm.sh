# SPDX-License-Identifier: GPL-2.0-only
# The output of "reapsim calibrate" on a virtual machine, with the method for each key.
# For your machine: reapsim calibrate -o mine.conf
#> policy ms change
#> baseline 0.408
#> policy marks change unmap anon swap evict
#> baseline 39.69 60.31 0 0 0
#> policy waited change refaults fills
#> baseline 45.05 1235 2535
reapsim gen restart-loop app_pages=300 rounds=4 warm_rounds=1 big_pages=1000 memcg_pages=1024 |
	reapsim outcome --policies baseline \
		--machines vm -
