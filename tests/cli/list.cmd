"$REAPSIM" list
for kind in kernels models policies killers formats; do
	echo "=== $kind"
	"$REAPSIM" list --names $kind
done
"$REAPSIM" list --markdown models policies
"$REAPSIM" list killers --markdown --names
