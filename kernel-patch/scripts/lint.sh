#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lint.sh: what check-series.sh says of both series, with sparse and htmldocs, which the check of the
# kernel leaves out, as they need packages and minutes of their own.
#
#   KERNEL=7.3|6.12    which (default 7.3)
#   KERNEL_SRC=FOLDER  this tree instead
set -euo pipefail
. "$(dirname "$0")/lib.sh"

find_source
LINT=1 exec "$here/scripts/check-series.sh" "$src" "$here/series/$base"/*/
