# SPDX-License-Identifier: GPL-2.0-only
# The picture of THREAD.md: review.sh sets "out" and "rows", a table of
#	TRACE classic LOW MEDIAN HIGH, mglru the same, v1 and v1+evict
set terminal svg size 820,480 dynamic font "sans-serif,12" name "thread"
set output out
set logscale x 10
set xrange [0.5:3000]
set xtics ("x 0.5" 0.5, "same" 1, "x 2" 2, "x 10" 10, "x 100" 100, "x 1000" 1000)
set yrange [8.5:-0.6]
set ytics nomirror scale 0
set grid x noy
set border 3
set key outside bottom center horizontal maxrows 2 samplen 1
set title "File pages read from the device, relative to mainline (v7.3.4, order 0, memory 75%, all reaped)\nmedian, least and most of 16 replays"
set arrow from 1, graph 0 to 1, graph 1 nohead lw 1 lc rgb "#444444"
set style line 1 lc rgb "#0b4f9c" pt 7 ps 0.8 lw 1.5
set style line 2 lc rgb "#6aa7e8" pt 6 ps 0.8 lw 1.5
set style line 3 lc rgb "#8a2d00" pt 5 ps 0.8 lw 1.5
set style line 4 lc rgb "#e59a5c" pt 4 ps 0.8 lw 1.5
plot rows using 4:0:ytic(1) with dots notitle, \
     rows using 4:($0-0.30):3:5 with xerrorbars ls 1 title "v1, classic", \
     rows using 7:($0-0.10):6:8 with xerrorbars ls 2 title "v1, MGLRU", \
     rows using 10:($0+0.10):9:11 with xerrorbars ls 3 title "v1+evict, classic", \
     rows using 13:($0+0.30):12:14 with xerrorbars ls 4 title "v1+evict, MGLRU"
