# Plots as SVG and PNG, with their data and script.
"$REAPSIM" gen restart-loop app_pages=300 big_pages=900 rounds=6 -o loop.csv
"$REAPSIM" compare loop.csv -p baseline,v1,rfc --memory 400,600,800 --ends-as recorded,exit \
	--plots out/plots >/dev/null
echo $?
ls out/plots
head -c 5 out/plots/loop.svg; echo
head -c 4 out/plots/loop.png | od -An -c
cat out/plots/loop.dat
