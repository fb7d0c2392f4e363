# Each kind of name, typed with an error: the message says which one is near, then all.
T=$SRC/tests/cli/tiny.csv
try() {
	echo "\$ $*" | sed "s|$SRC|SRC|g"
	"$REAPSIM" "$@" 2>&1 | sed -e 's/Expected one of: \([^,]*\), .*/Expected one of: \1, .../' -e "s|$SRC|SRC|g"
	echo "exit ${PIPESTATUS[0]}"
}
try comapre
try trace inof
try gen kill-retrun
try gen kill-return sed=3
try gen kill-return --fromat binary
try gen zipf --format binray
try run "$T" -p basline
try run "$T" -p demtoe+evict
try run "$T" -p flag:exclsive=any
try run "$T" -l mlgru
try run "$T" -k 6.1.2
try run "$T" -e mrelaese
try run "$T" -s memgc_pages=300
try run "$T" -s prefault=yuong
try run "$T" -f text/csv
try run "$T" --polciy=v1
try compare "$T" -C pgactivat
try outcome "$T" -K oomdd
try outcome "$T" --loop proces
try list polices
try trace convert "$T" out --to bniary
printf 'reapsim-trace,1\nspwan,1\n' >typed.csv
try trace check typed.csv
printf '[swep]\ntrace=x\n' >typed.conf
try sweep typed.conf
printf '[sweep]\ntrace=%s\n[run]\npolciy=v1\n' "$T" >typed.conf
try sweep typed.conf
printf '[machine]\nreadahaed_pages=3\n' >typed.conf
try run "$T" -m typed.conf
# near to none
try run "$T" -l fifo
# a restart rule, and the mode of a sweep; an existing rule with a bad value is none
"$REAPSIM" outcome --restart fixd=5s "$SRC/tests/cli/tiny.csv"
"$REAPSIM" outcome --restart fixed=5x "$SRC/tests/cli/tiny.csv"
printf '[sweep]\nmode=timd\ngenerator=zipf\n' >mode.conf
"$REAPSIM" sweep mode.conf
