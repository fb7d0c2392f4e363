# SPDX-License-Identifier: GPL-2.0-only
# After process_mrelease() the killer calls posix_fadvise(POSIX_FADV_DONTNEED) for the files of the
# process: all pages are marked, and the three of the process that was reaped so are dropped.
#> nr_file_pages 15
#> sim_zap_marks 18
reapsim run --policy dontneed-after ways-to-die.csv
