# SPDX-License-Identifier: GPL-2.0-only
# NVMe has the shortest waits of all machines. Unmapping costs about the same as on the
# phone with UFS, because both use the same measured figures.
#> policy ms change
#> baseline 0.350
#> policy marks change unmap anon swap evict
#> baseline 26.02 73.98 0 0 0
#> policy waited change refaults fills
#> baseline 11.65 22.50 1322
reapsim gen restart-loop app_pages=300 rounds=4 warm_rounds=1 big_pages=1000 memcg_pages=1024 |
	reapsim outcome --policies baseline \
		--machines server-nvme -
