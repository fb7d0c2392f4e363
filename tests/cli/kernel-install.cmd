# What is missing is installed from the machine's own suites, never from those of archive():
# image.sh took kmod from unstable once, and with it another release's libc.
mkdir bin
cat >bin/apt-get <<'E2'
#!/bin/bash
[ "$1" != indextargets ] || exec echo file:/mirror/debian/ stable main
echo "apt-get $* with APT_CONFIG=${APT_CONFIG-none}" >>"$LOG"
E2
printf '%s\n' '#!/bin/bash' 'shift' 'exec "$@"' >bin/sudo
chmod +x bin/*
export PATH=$PWD/bin:$PATH LOG=$PWD/log
unset APT_CONFIG
. "$SRC/kernel-patch/scripts/lib.sh"
archive other unstable
need no-such-tool=no-such-package
cat log
