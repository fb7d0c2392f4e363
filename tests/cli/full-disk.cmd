# Results that cannot be written make the run fail, whatever the output.
"$REAPSIM" gen --list >/dev/full
echo "list: $?"
"$REAPSIM" gen restart-loop >/dev/full
echo "to stdout: $?"
"$REAPSIM" gen restart-loop -o /dev/full
echo "to a file: $?"
"$REAPSIM" gen zipf accesses=10000 --format oracle -o /dev/full
echo "oracle: $?"
"$REAPSIM" gen --help >/dev/full
echo "help: $?"
"$REAPSIM" --help >/dev/full
echo "usage: $?"
