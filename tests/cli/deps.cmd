# deps.sh looks again after apt-get said that all is well, and names what is still missing.
mkdir bin
printf '%s\n' '#!/bin/bash' '[ "$1" != --exists ]' >bin/pkg-config
printf '%s\n' '#!/bin/bash' >bin/apt-get
printf '%s\n' '#!/bin/bash' '[ "$2" = true ] || { shift; exec "$@"; }' >bin/sudo
chmod +x bin/*
PATH=$PWD/bin:$PATH "$SRC/tests/deps.sh"
