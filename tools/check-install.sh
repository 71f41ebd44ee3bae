#!/bin/sh
# SPDX-License-Identifier: MIT
# Install into a folder of its own and use the result as a stranger would:
# through pkg-config, dynamically, statically and freestanding.
# usage: check-install.sh BUILD-FOLDER   (CC: the compiler, default cc)
set -eu
build=$(cd "${1:?usage: check-install.sh BUILD-FOLDER}" && pwd)
cc=${CC:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

DESTDIR=$dir/root meson install -C "$build" --no-rebuild >"$dir/log" || {
	cat "$dir/log"
	exit 1
}
libdir=$(dirname "$(find "$dir/root" -name libcpulevel.so)")
PKG_CONFIG_PATH=$libdir/pkgconfig
PKG_CONFIG_SYSROOT_DIR=$dir/root
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR

cat >"$dir/whole.c" <<'C'
#include <cpulevel/import.h>
#include <cpulevel/level.h>

int main(void)
{
	struct lvl_fold f;
	struct lvl_policy level;

	lvl_fold_init(&f);
	if (lvl_fold_read(&f, &level, NULL, NULL) != -LVL_E_EMPTY)
		return 1;
	return !lvl_format_find("libvirt-cpudata");
}
C
cat >"$dir/core.c" <<'C'
#include <cpulevel/policy.h>

int main(void)
{
	struct lvl_policy p;

	lvl_policy_zero(&p);
	return lvl_has(&p, LVL_F_FPU) || !lvl_known(&p, LVL_F_FPU);
}
C

# The flags are words of their own.
# shellcheck disable=SC2046
{
	$cc "$dir/whole.c" -o "$dir/dynamic" \
		$(pkg-config --cflags --libs cpulevel)
	# Ours from the archive, the others as the system has them.
	$cc "$dir/whole.c" -o "$dir/static" $(pkg-config --cflags cpulevel) \
		$(pkg-config --libs --static cpulevel |
			sed 's/-lcpulevel/-l:libcpulevel.a/')
	$cc "$dir/core.c" -o "$dir/core" \
		$(pkg-config --cflags --libs cpulevel-core)
}
LD_LIBRARY_PATH=$libdir "$dir/dynamic"
"$dir/static"
"$dir/core"

# What the dynamic one asks the loader for is the soname.
readelf -d "$dir/dynamic" | grep -q 'NEEDED.*\[libcpulevel\.so\.0\]' || {
	echo "libcpulevel.so has not the soname libcpulevel.so.0"
	exit 1
}
