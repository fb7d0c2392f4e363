for args in "" "--nonsense" "nothing" "zipf pages" "zipf page=1" "zipf pages=0" "zipf alpha=x" \
	"zipf op=write" "zipf --format xml" "restart-loop --format oracle" "--list nothing" \
	"zipf -o missing/dir/file" \
	"app-rotation apps=10000 file_pages=10000000 rounds=1"; do
	"$REAPSIM" gen $args
	echo "gen $args: $?"
done
ls
