# Places in which the sources create, name or remove a file, or start a program, other than
# through sim/output.c. The golden has temporary files without a name, files of the system,
# folders, the folder of reapsim play, the player and gnuplot. A new line is an output that is not checked: declare it, and open it
# with output_open() (sim/output.h).
cd "$SRC" || exit 1
find sim models traces -name '*.[ch]' ! -path sim/output.c | LC_ALL=C sort |
	xargs awk '
	FNR == 1 { comment = 0 }
	{
		line = $0
		gsub(/"([^"\\]|\\.)*"/, "\"\"", line)	# names of functions in messages
		text = $0
		if (comment && !sub(/.*\*\//, "", line))
			next
		comment = 0
		gsub(/\/\*([^*]|\*[^\/])*\*\//, "", line)
		if (sub(/\/\*.*/, "", line))
			comment = 1
		sub(/\/\/.*/, "", line)
		calls = "(fopen|fopen64|freopen|fdopen|open|open64|openat|openat2|creat|creat64|truncate|" \
			"ftruncate|rename|renameat|renameat2|link|linkat|symlink|symlinkat|unlink|unlinkat|" \
			"remove|rmdir|mkdir|mkdirat|mkfifo|mknod|mkstemp|mkostemp|mkdtemp|tmpfile|tmpnam|" \
			"memfd_create|chmod|fchmod|chown|mount|popen|system|execv|execvp|execl|execlp|execve|" \
			"posix_spawn|posix_spawnp|fork|vfork|dlopen|" \
			"g_fopen|g_open|g_creat|g_rename|g_unlink|g_remove|g_rmdir|g_mkdir|g_mkdtemp|g_chmod|" \
			"g_mkdir_with_parents|g_mkstemp|g_file_set_contents|g_file_set_contents_full|" \
			"g_file_open_tmp|g_dir_make_tmp|g_key_file_save_to_file|g_spawn_[a-z_]*)"
		while (match(line, "(^|[^A-Za-z0-9_.>])" calls " *\\(")) {
			call = substr(line, RSTART, RLENGTH)
			line = substr(line, RSTART + RLENGTH)
			gsub(/[^A-Za-z0-9_]/, "", call)
			# reading is everybody'"'"'s
			if (call == "fopen" && text ~ /"(r|rb|re|rbe)"\)/)
				continue
			if (call ~ /^open/ && text ~ /O_RDONLY/ && text !~ /O_(CREAT|TMPFILE|TRUNC)/)
				continue
			# opens a descriptor that was opened elsewhere
			if (call == "fdopen" && text ~ /"(r|rb)"\)/)
				continue
			print FILENAME ": " call
		}
	}' | uniq -c
echo "mmap for writing, shared:"
grep -rlE 'MAP_SHARED' sim models traces --include='*.[ch]' | LC_ALL=C sort
