#!/bin/sh
# SPDX-License-Identifier: MIT
# All C files that are not generated are as clang-format makes them.
# usage: check-format.sh ROOT
set -eu
cd "${1:?usage: check-format.sh ROOT}"
find bench cli core examples format fuzz hv include pool probe store test \
	-name '*.[ch]' ! -name '*.gen.*' 2>/dev/null | sort |
	xargs clang-format --dry-run -Werror
