# SPDX-License-Identifier: GPL-2.0-only
# Only the kill in the middle of the trace: the second half has the memory of one app more.
#> policy kills change avoidable
#> baseline 1.000 0
#> policy waited change refaults fills
#> baseline 3299 30620 33620
reapsim outcome --policies baseline --loop trace --killer scripted --set swap_pages=256 \
	--machines phone-emmc short-of-memory.csv
