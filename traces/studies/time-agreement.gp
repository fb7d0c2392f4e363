# SPDX-License-Identifier: GPL-2.0-only
# The picture of TIME.md: time-agreement.sh sets "out", "caches" and "rows", a table of
#	VALUE MEASURED LOW HIGH PREDICTED LOW HIGH, times in ns; 8 and 9 are counts
set terminal svg size 820,620 dynamic font "sans-serif,12" name "time"
set output out
set logscale xy 10
# the rows with a time; those of counts are large numbers
stats rows using ($1 < 8 ? $3 * 1e-9 : 1/0) nooutput
low = 10 ** floor(log10(STATS_min))
high = 10 ** ceil(log10(STATS_max) + 0.1)
set xrange [low:high]
set yrange [low:high]
set format "%.0s %cs"
set xlabel "measured: median, least and most of the repetitions"
set ylabel "predicted: median, least and most of the seeds"
set title "Times on this machine's kernel, and predicted from its machine file; unmapped pages ".caches."\nlines: equal, and 25% off"
set grid
set border 3
set tics nomirror
set key outside bottom center horizontal maxrows 2 samplen 1
set bmargin 7
s(x) = x * 1e-9
f(x) = x
plot f(x) with lines lc rgb "#444444" dt 1 notitle, \
     1.25 * f(x) with lines lc rgb "#999999" dt 3 notitle, \
     f(x) / 1.25 with lines lc rgb "#999999" dt 3 notitle, \
     rows using (s($2)):($1 == 1 ? s($5) : 1/0):(s($3)):(s($4)):(s($6)):(s($7)) with xyerrorbars lc rgb "#0b4f9c" pt 7 ps 0.7 title "CPU time of deaths", \
     rows using (s($2)):($1 == 2 ? s($5) : 1/0):(s($3)):(s($4)):(s($6)):(s($7)) with xyerrorbars lc rgb "#6aa7e8" pt 6 ps 0.7 title "kill to 100% free", \
     rows using (s($2)):($1 == 4 ? s($5) : 1/0):(s($3)):(s($4)):(s($6)):(s($7)) with xyerrorbars lc rgb "#8a2d00" pt 5 ps 0.7 title "waiting", \
     rows using (s($2)):($1 == 5 ? s($5) : 1/0):(s($3)):(s($4)):(s($6)):(s($7)) with xyerrorbars lc rgb "#e59a5c" pt 4 ps 0.7 title "all steps", \
     rows using (s($2)):($1 == 6 ? s($5) : 1/0):(s($3)):(s($4)):(s($6)):(s($7)) with xyerrorbars lc rgb "#3a7d34" pt 9 ps 0.8 title "start, p50"
