# reapsim agree on made-up results of a tiny scenario: tables, worst cells, CSV,
# the required level, and its messages for bad files (exit 2).
cp "$SRC/tests/cli/tiny.csv" tiny.csv
digest=$(sha256sum <tiny.csv | cut -c1-16)
agree() {
	"$REAPSIM" agree -t . "$@" | sed "s/$digest/DIGEST/"
	echo "exit ${PIPESTATUS[0]}"
}
runs=scenario,policy,lru,digest,runs,fault_us,scan_ns,kernel,patches,config,player,qemu,date
prov=7.3.0,none,none,none,7.2,2026-01-01
good() {
	printf '%s\n' $runs tiny,baseline,classic,$digest,3,100,0,$prov tiny,v1,classic,$digest,3,100,0,$prov >k.runs.csv
	cat >k.csv <<-END
		scenario,policy,mark,counter,values
		tiny,baseline,run:2,pgactivate,31 30 31
		tiny,baseline,run:2,nr_active_file,31 31 31
		tiny,baseline,run:2,workingset_refault_file,0 0 0
		tiny,baseline,run:3,workingset_refault_file,20 25 22
		tiny,baseline,run:3,pgscan,200 200 200
		tiny,v1,run:2,pgactivate,0 0 0
		tiny,v1,run:2,workingset_refault_file,0 0 0
		tiny,v1,run:3,workingset_refault_file,50 60 70
		tiny,v1,run:3,pgscan,221 220 230
		tiny,v1,run:1,read_us,500 510 490
		tiny,v1,run:2,read_us,300 310 290
		tiny,v1,run:2,disk_read_pages,40 41 40
		tiny,v1,run:2,proc_us,700 900 800
		tiny,v1,run:2,flush_ops,- 3+40@33 7
	END
	cat >k.pages.csv <<-END
		scenario,policy,mark,file,pages
		tiny,baseline,run:2,app,20a 10p 30i
		tiny,baseline,run:2,big,300.
		tiny,v1,run:2,app,50i 10?
		tiny,v1,run:3,big,160. 140i
	END
}
good
agree k.csv --worst 2 --write-level level
cat level
echo "--- CSV"
agree k.csv --csv -
agree k.csv --at-least level >/dev/null && echo "as good as it was"
sed 's/^within=.*/within=99.00/; s/^p95=.*/p95=0.50/' level >better
agree k.csv --at-least better | tail -1
grep -v p95 level >short
agree k.csv --at-least short | tail -1
agree k.csv --set read_us=0 --scenario tiny | grep -c '^all'
agree k.csv --scenario other
echo "--- a second recording, against the first"
for f in csv runs.csv pages.csv; do cp k.$f first.$f; done
sed -i 's/20 25 22/20 21 22/' first.csv
agree k.csv --again first.csv | tail -3
agree k.csv --again none.csv | tail -1
agree k.csv --plot picture >/dev/null
ls picture.*
echo "--- one run: no spread, so nothing that agrees with it"
sed -i 's/,3,100,0,/,1,100,0,/' k.runs.csv
sed -i -E '2,$s/,([0-9-]+) [0-9+@ ]+$/,\1/' k.csv
agree k.csv | sed -n '/^one run/p; /^a run/p; /^scenario/,$p'
good
# settings of the kernel, in a column that old recordings do not have
settings() {
	good
	sed -i "1s/\$/,settings/; 2,\$s/\$/,$1/" k.runs.csv
}
echo "--- settings of the kernel"
for known in "" "fs=ext4  thp=never readahead_kb=none" "swappiness=60 readahead_kb=256"; do
	settings "$known"
	agree k.csv --csv - | grep pgscan | cut -d, -f4,5,11
done
agree k.csv --set readahead_pages=0 --csv - | grep pgscan | cut -d, -f4,5,11
settings "swappiness=some"
agree k.csv | tail -1
settings "swappiness=500"
agree k.csv | tail -1
good
sed -i '1s/$/,setting/' k.runs.csv
agree k.csv | tail -1
good
sed -i '2s/$/,a=1,b=2/' k.runs.csv
agree k.csv | tail -1
echo "--- bad files"
bad() { # FILE SED-SCRIPT
	good
	sed -i "$2" "$1"
	agree k.csv | tail -1
}
bad k.csv '1s/mark/marks/'
bad k.csv '3s/nr_active_file/nr_lazy_file/'
bad k.csv '3s/31 31 31/31 31/'
bad k.csv '3s/31 31 31/31 -1 31/'
bad k.csv '/flush_ops/s/3+40/40+3/'
bad k.csv '/flush_ops/s/3+40/x/'
bad k.csv '/flush_ops/s/@33/@/'
bad k.csv '/flush_ops/s/3+40/40@34+40/'
bad k.csv '/flush_ops/s/ 7//'
bad k.csv '/flush_ops/p'
bad k.csv '3s/tiny/other/'
bad k.csv '3s/$/,more/'
bad k.csv '3s/run:2/run:9/'
bad k.runs.csv "3s/$digest/0123456789abcdef/"
bad k.runs.csv '3s/v1/baseline/'
bad k.runs.csv '3s/,100,/,fast,/'
bad k.runs.csv '3s/classic/fifo/'
bad k.runs.csv '2,$d'
bad k.pages.csv '2s/20a/20x/'
bad k.pages.csv '2s/20a/200a/'
bad k.pages.csv '2s/app/lib/'
bad k.pages.csv '2s/20a.*//'
# a truncated file would agree with everything, as would a level of nan
bad k.csv '7,$d'
bad k.pages.csv '4,$d'
bad k.csv 3p
bad k.pages.csv 3p
good
printf '[guest]\n' | cat level - >guest
agree k.csv --at-least guest | tail -1
sed 's/^within=.*/within=nan/' level >nan
agree k.csv --at-least nan | tail -1
good
rm k.pages.csv
agree k.csv
good
rm tiny.csv
agree k.csv
agree k.txt
agree
