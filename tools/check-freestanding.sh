#!/bin/sh
# SPDX-License-Identifier: MIT
# Build core as an embedder does, with core/Makefile.cpulevel and nothing
# else, and see what it needs: memcpy, memmove, memset, memcmp, no more.
# usage: check-freestanding.sh ROOT [FLAG...]   (CC: the compiler, default cc)
set -eu
root=$(cd "${1:?usage: check-freestanding.sh ROOT [FLAG...]}" && pwd)
shift

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/Makefile" <<'MAKE'
include $(CPULEVEL_DIR)/core/Makefile.cpulevel
vpath %.c $(CPULEVEL_CORE_DIR)
all: $(CPULEVEL_CORE_OBJS)
%.o: %.c
	$(CC) $(CPULEVEL_CPPFLAGS) $(CPULEVEL_CFLAGS) $(FLAGS) -c $< -o $@
MAKE
flags='-O2 -fno-pie -pedantic -Wall -Wextra -Werror -Wno-overlength-strings'
make -s -C "$dir" CPULEVEL_DIR="$root" CC="${CC:-cc}" FLAGS="$flags $*"

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
				print "core needs " n
				bad = 1
			}
		exit bad
	}'
