for args in "" "--nonsense" "nothing" "zipf pages" "zipf page=1" "zipf pages=0" "zipf alpha=x" \
	"zipf op=write" "zipf --format xml" "restart-loop --format oracle" "--list nothing" \
	"zipf -o missing/dir/file"; do
	"$REAPSIM" gen $args
	echo "gen $args: $?"
done
ls
