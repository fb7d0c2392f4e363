# What is missing is installed from the machine's own suites, never from those of archive():
# image.sh took kmod from unstable once, and with it another release's libc.
mkdir bin
printf '%s\n' '#!/bin/bash' 'echo "apt-get $* with APT_CONFIG=${APT_CONFIG-none}" >>"$LOG"' >bin/apt-get
printf '%s\n' '#!/bin/bash' 'shift' 'exec "$@"' >bin/sudo
chmod +x bin/*
export PATH=$PWD/bin:$PATH LOG=$PWD/log APT_CONFIG=/other/suites
. "$SRC/kernel-patch/scripts/lib.sh"
need no-such-tool=no-such-package
cat log
echo "APT_CONFIG=$APT_CONFIG"
