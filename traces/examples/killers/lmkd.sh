# SPDX-License-Identifier: GPL-2.0-only
# Android's killer sees that swap is low and that the file thrashes: it kills two apps,
# after which the file fits.
#> policy 100% change 90% 50% kills avoidable
#> baseline 0.837 0.837 0.837 2.000 0
#> policy waited change refaults fills
#> baseline 563.1 2645 5645
reapsim outcome --policies baseline --loop trace --killer lmkd --set swap_pages=256 \
	--machines traces/machines/phone-emmc.conf traces/examples/short-of-memory.csv
