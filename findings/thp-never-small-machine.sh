#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux 6.12.117 and 7.3.4 (Debian's cloud kernels).
#
# Behaviour: a kernel configured with CONFIG_TRANSPARENT_HUGEPAGE_ALWAYS=y starts with
# transparent huge pages set to "never" when the machine has less than 512 MiB, and
# nothing in the log says so. "transparent_hugepage=always" on the command line is
# overruled, too; only a write to sysfs after the boot is heard.
#
# The guess it refutes: that a small guest has the settings of a large one, so that what
# is measured in 384 MiB about huge pages (or that they make no difference) holds for
# the same kernel anywhere. Page cache of large folios is not affected: it does not ask.
#
# Seen: /sys/kernel/mm/transparent_hugepage/enabled, and the kernel's log, in guests of
# two sizes.
set -eu
. "$(dirname "$0")/guest"

cat >"$tmp/probe.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>
int probe(void)
{
	static char buf[64], log[1 << 20];
	int fd = open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY);
	read(fd, buf, sizeof(buf) - 1);
	klogctl(3, log, sizeof(log) - 1);
	int said = 0;
	for (char *l = strtok(log, "\n"); l; l = strtok(NULL, "\n"))
		if (!strstr(l, "ommand line") && strcasestr(l, "hugepage") &&
		    (strcasestr(l, "never") || strcasestr(l, "disabl")))
			said = 1;
	int out = open("/sys/kernel/mm/transparent_hugepage/enabled", O_WRONLY);
	write(out, "always", 6);
	close(out);
	char now[64] = "";
	fd = open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY);
	read(fd, now, sizeof(now) - 1);
	printf("%.*s, log: %s; after a write: %.*s\n", (int)strcspn(strchr(buf, '[') + 1, "]"), strchr(buf, '[') + 1,
	       said ? "says so" : "nothing", (int)strcspn(strchr(now, '[') + 1, "]"), strchr(now, '[') + 1);
	return 0;
}
EOF
truncate -s 8M "$tmp/disk"
mke2fs -q -t ext4 "$tmp/disk"
while read -r package version suite; do
	kernel "$package" "$version" "$suite"
	for mem in 384 704; do
		printf '%s, %d MiB: ' "${version%%-*}" $mem
		guest "$package" "$tmp/probe.c" $mem "$tmp/disk"
	done
	printf '%s, 384 MiB, transparent_hugepage=always: ' "${version%%-*}"
	guest "$package" "$tmp/probe.c" 384 "$tmp/disk" transparent_hugepage=always
done >"$tmp/seen" <<'EOF'
linux-image-6.12.117+deb13-cloud-amd64 6.12.117-1 trixie
linux-image-7.3.4+deb13-cloud-amd64 7.3.4-1~bpo13+1 trixie-backports
EOF
expect "$tmp/seen" <<'EOF'
6.12.117, 384 MiB: never, log: nothing; after a write: always
6.12.117, 704 MiB: always, log: nothing; after a write: always
6.12.117, 384 MiB, transparent_hugepage=always: never, log: nothing; after a write: always
7.3.4, 384 MiB: never, log: nothing; after a write: always
7.3.4, 704 MiB: always, log: nothing; after a write: always
7.3.4, 384 MiB, transparent_hugepage=always: never, log: nothing; after a write: always
EOF
