# SPDX-License-Identifier: GPL-2.0-only
# Mainline marks all pages that a dying process used, however it dies: 18 pages of six
# processes.
#> sim_zap_marks 18
#> sim_zap_skipped 0
reapsim run --policy baseline --all ways-to-die.csv
