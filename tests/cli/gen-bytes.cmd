# The same options and seed give the same bytes, in every form.
"$REAPSIM" gen zipf pages=1000 accesses=5000 | md5sum
"$REAPSIM" gen zipf pages=1000 accesses=5000 op=touch order=sorted alpha=1.2 seed=3 | md5sum
"$REAPSIM" gen zipf pages=1000 accesses=5000 --format binary | md5sum
"$REAPSIM" gen zipf pages=1000 accesses=5000 --format oracle | md5sum
"$REAPSIM" gen sequential stream_pages=1000 | md5sum
