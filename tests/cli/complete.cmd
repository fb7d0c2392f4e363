# What the program offers to the scripts of "reapsim completion": words and their texts.
mkdir folder
touch a.csv b.rtrace c.conf .hidden.csv notes.txt folder/d.csv
try() {
	echo "\$ complete --$(printf ' "%s"' "$@")"
	"$REAPSIM" complete -- "$@"
}
try tr
try trace ""
try trace help c
try help trace i
try --
try run --c
try run --policy v
try run --policy=v
try run -p flag:
try run -p flag:oom=
try compare -p v1,bas
try compare -p a
try compare -M 40%,
try run -s prefault=
try run -s memory_p
try run -k 6
try run -e m
try run -m ""
try run ""
try run folder/
try run -- --c
try run --csv n
try run --csv
try trace info ""
try trace convert a.csv --to ""
try compare -C pgdea
try compare --axes memory,pre
try compare --plots ""
try compare missing/
try outcome -K lmkd:swap_
try outcome -r fi
try outcome --loop t
try sweep ""
try gen kill
try gen kill-return tick
try gen kill-return death=
try gen --format b
try breakeven kill-return seed
try breakeven sh
try reclaim-first seed
try list kern
try completion ""
try compare --machine v
try frob ""
"$REAPSIM" complete run
echo "exit $?"
"$REAPSIM" completion tcsh
echo "exit $?"
"$REAPSIM" completion
echo "exit $?"
