# One vocabulary: other spellings of an option, and other ways to write its value, do the same.
cp "$SRC/tests/cli/tiny.csv" t.csv
same() {
	"$REAPSIM" "$@" >got 2>&1 || echo "exit $?: $(cat got)"
	cmp got want && echo "same: $*"
}
"$REAPSIM" compare --policies baseline,v1 --machines arm64 --memory 256 --jobs 1 --format text t.csv >want
same compare --policy baseline,v1 --machine arm64 --memory 256 --jobs 1 --from text t.csv
same compare -pbaseline,v1 -marm64 -M256 -j1 -ftext t.csv
same compare -j1 t.csv -pbaseline,v1 -marm64 -M256 --
"$REAPSIM" run --policy v1 --machine arm64 t.csv >want
same run --policies v1 --machines arm64 t.csv
"$REAPSIM" compare --memory 1MiB t.csv | sed -n 's/1MiB/256/p' >want
"$REAPSIM" compare --memory 1024KiB t.csv | sed -n 's/1024KiB/256/p' | cmp - want && echo "same size"
"$REAPSIM" trace info --from text t.csv >want
same trace info --format text t.csv
"$REAPSIM" compare --memory 1MB t.csv
"$REAPSIM" compare -jx t.csv
"$REAPSIM" run -- -p
"$REAPSIM" compare --help | grep -cE -- '--(policy|machine|from)='
