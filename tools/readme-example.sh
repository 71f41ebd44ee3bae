#!/bin/sh
# SPDX-License-Identifier: MIT
# The examples of README.md are what the tool prints.
# usage: readme-example.sh ROOT CPULEVEL [--write]
# Exit: 0 the same, 1 not.
set -eu
root=$1 tool=$2

level() {
	echo "    \$ cpulevel level clx-01.txt icx-01.txt spr-01.txt"
	(cd "$root/examples/pool" &&
		"$tool" level clx-01.txt icx-01.txt spr-01.txt) |
		sed -n '1,/^told/p' | sed 's/^/    /; s/ *$//'
}
check() {
	echo "    \$ cpulevel check icx-01.txt clx-01.txt"
	(
		cd "$root/examples/pool"
		"$tool" check icx-01.txt clx-01.txt || true
	) |
		sed -n '1,8p;/^security/,/ret-alternate/p;/^It would/,$p' |
		sed 's/^/    /; s/ *$//'
}

new=$(mktemp)
trap 'rm -f "$new"' EXIT
level >"$new.level"
check >"$new.check"
awk -v level="$new.level" -v check="$new.check" '
function put(file, line) { while ((getline line < file) > 0) print line }
/^<!-- level -->$/ { print; put(level); skip = 1; next }
/^<!-- check -->$/ { print; put(check); skip = 1; next }
/^<!-- end -->$/ { skip = 0 }
!skip' "$root/README.md" >"$new"
rm -f "$new.level" "$new.check"
if [ "${3-}" = --write ]; then
	cat "$new" >"$root/README.md"
	exit 0
fi
diff -u "$root/README.md" "$new" ||
	{ echo "README.md: run tools/readme-example.sh . CPULEVEL --write"; exit 1; }
