#!/bin/sh
# SPDX-License-Identifier: MIT
# Build core and hv as an embedder does, with a Makefile of his own
# (test/embed), and see what they need: memcpy, memmove, memset, memcmp, no
# more.
# usage: check-freestanding.sh ROOT [FLAG...]   (CC: the compiler, default cc)
set -eu
root=$(cd "${1:?usage: check-freestanding.sh ROOT [FLAG...]}" && pwd)
shift

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
flags='-O2 -pedantic -Wall -Wextra -Werror -Wno-overlength-strings'
make -s -C "$root/test/embed" O="$dir" CPULEVEL_DIR="$root" CC="${CC:-cc}" \
	FLAGS="$flags $*"

# What an object needs and no other has.
nm -P "$dir"/*.o | awk '
	$2 == "U" { need[$1] }
	$2 ~ /^[A-TV-Z]$/ { has[$1] }
	END {
		split("memcpy memmove memset memcmp", mem)
		for (i in mem)
			has[mem[i]]
		for (n in need)
			if (!(n in has)) {
				print "core and hv need " n
				bad = 1
			}
		exit bad
	}'
