#!/bin/sh
# SPDX-License-Identifier: MIT
# Each public header compiles alone, first in its file, in C and in C++; those
# of core freestanding and without a C library too.
# usage: check-headers.sh ROOT   (CC, CXX: the compilers; default cc, c++)
set -u
root=${1:?usage: check-headers.sh ROOT}
cc=${CC:-cc} cxx=${CXX:-c++}
warn='-Wall -Wextra -Werror -pedantic -pedantic-errors'
# The only ones that may need libc.
hosted='desc.h gen.h import.h'
bad=0

# compile HEADER LANGUAGE COMPILER FLAG...
compile() {
	header=$1 language=$2
	shift 2
	# Twice: the guard is part of what is tested.
	printf '#include <cpulevel/%s>\n#include <cpulevel/%s>\n' \
		"$header" "$header" |
		"$@" -x "$language" -fsyntax-only -I"$root/include" - ||
		{ echo "$header: not alone with: $*"; bad=1; }
}

# The flags are words of their own.
# shellcheck disable=SC2086
for path in "$root"/include/cpulevel/*.h; do
	h=${path##*/}
	compile "$h" c "$cc" -std=c11 $warn
	compile "$h" c++ "$cxx" -std=c++11 $warn
	case " $hosted " in *" $h "*) continue ;; esac
	compile "$h" c "$cc" -std=c11 $warn -ffreestanding -nostdinc
	compile "$h" c "$cc" -std=c11 $warn -ffreestanding -nostdinc -m32
	compile "$h" c++ "$cxx" -std=c++11 $warn -ffreestanding -nostdinc
done
exit $bad
