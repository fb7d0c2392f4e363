# Every counter of one run: under v1 the last of three app starts has refaults.
T=$SRC/tests/cli/tiny.csv
"$REAPSIM" run "$T"
"$REAPSIM" run "$T" --policy v1 --check
"$REAPSIM" run "$T" --policy flag+evict --set memcg_pages=400 --set cpus=2 | head -9
"$REAPSIM" run "$T" --policy v1 --ends-as exit --all | grep -E 'refault|zap|victims'
