# reapsim play with a player that only prints: what is refused, what is printed, and that nothing is
# left. tests/play.sh plays for real.
cp "$REAPSIM" reapsim
R=$PWD/reapsim
# not here, where /tmp may be in memory
disk=$(mktemp -d -p /var/tmp)
trap 'rm -rf "$disk"' EXIT
ln -s "$disk" disk
mkdir cgroup
cp "$SRC/tests/cli/tiny.csv" t.csv
cat >reapsim-player <<'END'
#!/bin/bash
# host KEY=VALUE...: what the real one prints, larger under skip
echo "$*" | sed 's/-[0-9]*\( \|$\)/-N\1/; s/ parent=[0-9]* / parent=N /' >>"$PWD/arguments"
for word; do declare "${word/=/_}=${word#*=}" 2>/dev/null; case $word in policy=*) policy=${word#*=};; esac; done
ms=1000000 add=0
[ "$policy" = baseline ] || add=$(((RANDOM % 3 + 4) * 100000))
case ${FAKE:-} in
refuse) echo "bad-input: trace line 7: not here"; exit 2 ;;
fail) echo "run-failed: trace line 7: no luck"; exit 1 ;;
cut) echo "I fifo 1"; exit 0 ;;
nonsense) echo "D 1 what"; exit 0 ;;
die) kill -9 $$ ;;
wait) touch waiting; sleep 60 ;;
esac
echo "M begin.0 psi.cgroup.some_us 100"
echo "M begin.0 psi.cgroup.full_us 10"
echo "M begin.0 workingset_refault_file 5"
for i in 1 2 3; do echo "D 0 empty 4294967295 0 50000 10000 20000 9000 0 -1 -1 -1 3 0 0"; done
echo "D 9 mrelease 1 0 $((ms + add)) $((ms / 2 + add)) 220000 3000000 100 200000 300000 $((400000 + add)) 7 2 64"
echo "D 12 exit 2 0 90000 0 70000 100000 20 -1 -1 -1 4 1 8"
echo "D 14 end 3 0 90000 0 70000 100000 20 -1 -1 -1 4 1 8"
echo "T 4 spawn 1 100000 100000"
echo "T 5 touch 1 $((ms + add)) 400000"
echo "T 6 advance 0 0 0"
echo "T 9 mrelease 1 $ms $ms"
echo "T 10 spawn 2 100000 100000"
echo "T 11 touch 2 $((2 * ms + add)) 500000"
echo "T 12 exit 2 100000 100000"
echo "M end.0 psi.cgroup.some_us 1100"
echo "M end.0 psi.cgroup.full_us 210"
echo "M end.0 workingset_refault_file 47"
echo done
END
chmod +x reapsim-player
here() { sed -e "s|$disk|DISK|g" -e "s|$PWD|HERE|g"; }
play() { "$R" play --dir "$disk" --cgroup cgroup "$@"; }
# the line of the machine, and lines of its settings, are other ones elsewhere
quiet() { grep -v -e ', lru ' -e ' here, .* in the trace$'; }

echo "== a table, and what the player got"
play -n 1 --compare baseline -M 300 -e mrelease t.csv | quiet
here <arguments
echo "== rows"
play -n 1 --compare baseline -M 300 --csv r.csv --operations o.csv --deaths d.csv t.csv >/dev/null
cat r.csv o.csv d.csv
echo "== repetitions: the order of the policies is that of the seed"
for seed in 1 1 2; do
	rm arguments
	play -n 4 --seed $seed --compare baseline,cold-first,dontneed-after -M 300 t.csv | grep '^[a-z-]*  *[0-9].*[%=]' | wc -l
	grep -o 'policy=[a-z-]*' arguments | cut -d= -f 2 | paste -sd' '
done
echo "== nothing is left"
find "$disk" cgroup -mindepth 1 | here

echo "== refused"
bad() { "$R" play "$@" 2>&1 | here; echo "exit ${PIPESTATUS[0]}"; }
bad
bad t.csv t.csv
bad --compare v1 t.csv
bad --compare skipp t.csv
bad -M 300 --dir nowhere --cgroup cgroup t.csv
bad -M 300 --dir "$disk" --cgroup nowhere t.csv
bad -M 300 --dir "$disk" --cgroup cgroup --ends-as never t.csv
bad -M 300 -n 0 t.csv
grep -v memcg_pages t.csv >whole.csv
bad --dir "$disk" --cgroup cgroup --set memory_pages=4000 whole.csv
bad -M 300000000 --dir "$disk" --cgroup cgroup t.csv 2>&1 | sed 's/of which [0-9]* are available, and [0-9]*/of which N are available, and N/'
bad -M 300 --set swap_pages=900000000 --dir "$disk" --cgroup cgroup t.csv 2>&1 | sed 's/here are [0-9]*/here are N/'
sed 's/^file,app,.*/&\nfile,huge,4000000000/' t.csv >huge.csv
bad -M 300 --dir "$disk" --cgroup cgroup huge.csv 2>&1 | sed 's/of which [0-9]* are free, and [0-9]*/of which N are free, and N/'
sed 's/^mrelease,/oom,/' "$SRC/traces/examples/second-mark.csv" >oom.csv
bad --dir "$disk" --cgroup cgroup oom.csv
bad --dir /dev/shm --cgroup cgroup -M 300 t.csv
mv reapsim-player gone
bad --dir "$disk" --cgroup cgroup -M 300 t.csv 2>&1 | sed "s|: .*/libexec/|: .../libexec/|"
mv gone reapsim-player
echo "== runs that are no results"
for fake in refuse fail cut nonsense die; do
	FAKE=$fake play -n 2 --compare baseline -M 300 t.csv 2>&1 | here
	echo "$fake: exit ${PIPESTATUS[0]}"
done
echo "== a folder of somebody else's"
mkdir -p "$disk"/reapsim-play/d
echo mine >"$disk"/reapsim-play/d/17
play -n 1 --compare baseline -M 300 t.csv 2>&1 | here
cat "$disk"/reapsim-play/d/17
echo "== leftovers of a killed call: ours goes, what is not ours stays"
printf 'reapsim play\n%s/cgroup/reapsim-play-1\n' "$PWD" >"$disk"/reapsim-play/owner
mkdir -p "$disk"/reapsim-play/run cgroup/reapsim-play-1
touch "$disk"/reapsim-play/{run/c3,trace.csv,note}
play -n 1 --compare baseline -M 300 t.csv 2>&1 | here
find "$disk" cgroup -mindepth 1 | here
rm "$disk"/reapsim-play/note
printf 'reapsim play\n%s/cgroup/other\n' "$PWD" >"$disk"/reapsim-play/owner
mkdir cgroup/other
play -n 1 --compare baseline -M 300 t.csv >/dev/null
find "$disk" cgroup -mindepth 1 | here
rmdir cgroup/other
echo "== a second call in the same folder; SIGINT"
FAKE=wait "$R" play --dir "$disk" --cgroup cgroup -n 2 --compare baseline -M 300 t.csv &
while [ ! -e waiting ]; do sleep 0.02; done
play -M 300 t.csv 2>&1 | here
kill -INT $!
wait $!
echo "exit $?"
find "$disk" cgroup -mindepth 1 | here
