# Traces whose header says that they are huge, and some that are: refused before memory for what is
# not there is allocated, or for lack of memory. No size in a trace is believed.

# binary COUNT - the header of a binary trace with that many records
binary() {
	local head line
	head=$'reapsim-trace,1,binary\nmachine,memcg_pages,16384\nfile,a,64\n'
	line=$(printf 'records,%s,%032d' "$1" 0)
	while [ $(((${#head} + ${#line}) % 8)) -ne 7 ]; do
		line+=' '
	done
	printf '%s%s\n' "$head" "$line"
}

# try NAME COMMAND... - with at most 1 GB of address space; sanitizers need more, without it
limit=1000000
# (another shell says that it was aborted)
bash -c "ulimit -v $limit && '$REAPSIM' --help; exit \$?" >/dev/null 2>&1 || limit=unlimited
try() {
	local name=$1
	shift
	(ulimit -v $limit && exec timeout 60 "$@") 2>&1
	echo "$name: $?"
}

for count in 4294967296 1152921504606846975 1152921504606846976 18446744073709551616; do
	binary $count >few.rtrace
	try "a file, $count" "$REAPSIM" run few.rtrace
	try "a pipe, $count" "$REAPSIM" run - < <(cat few.rtrace)
	gzip -c few.rtrace >few.rtrace.gz
	try "packed, $count" "$REAPSIM" run few.rtrace.gz
done

# 32 GiB, sparse: 4 billion records. Without a limit it would read them all.
binary 4294967296 >many.rtrace
truncate -s $(($(stat -c %s many.rtrace) + (4294967296 << 3) - 8)) many.rtrace
try "8 bytes too short" "$REAPSIM" run many.rtrace
truncate -s +8 many.rtrace
if [ $limit = unlimited ]; then
	echo "reapsim: many.rtrace: no memory for its 4294967296 records of 8 bytes"
	echo "4 billion: 1"
else
	try "4 billion" "$REAPSIM" run many.rtrace
fi
rm many.rtrace

# numbers of a text trace
while IFS=';' read -r name rows; do
	printf "reapsim-trace,1\n$rows\n" >t.csv
	try "$name" "$REAPSIM" run t.csv | tail -2
done <<'END'
pages of a file;file,a,4294967295\nspawn,1\nread,1,a,0,1
pages of two files;file,a,4000000000\nfile,b,4000000000\nspawn,1\nread,1,a,0,1
memory;machine,memory_pages,18446744073709551615\nfile,a,1\nspawn,1\nread,1,a,0,1
swap;machine,memory_pages,4096\nmachine,swap_pages,9000000000\nfile,a,1\nspawn,1\nread,1,a,0,1
CPUs;machine,memory_pages,4096\nmachine,cpus,4294967295\nfile,a,1\nspawn,1\nread,1,a,0,1
length of a read;machine,memory_pages,4096\nfile,a,10\nspawn,1\nread,1,a,0,4294967295
length of a mapping;machine,memory_pages,4096\nspawn,1\nanon,1,0,9223372036854775807,rw-p
process;machine,memory_pages,4096\nspawn,4294967295
sleep;machine,memory_pages,4096\nspawn,1\nadvance,18446744073709551615s
END
