#!/bin/sh
# SPDX-License-Identifier: MIT
# The example of doc/embedding.md is the one that test/embed compiles.
# usage: embed-example.sh ROOT [--write]
# Exit: 0 the same, 1 not.
set -eu
root=$1
new=$(mktemp)
trap 'rm -f "$new"' EXIT
awk -v code="$root/test/embed/example.c" '
/^<!-- example -->$/ {
	print
	print "```c"
	while ((getline line < code) > 0)
		print line
	print "```"
	skip = 1
	next
}
/^<!-- end -->$/ { skip = 0 }
!skip' "$root/doc/embedding.md" >"$new"
if [ "${2-}" = --write ]; then
	cat "$new" >"$root/doc/embedding.md"
	exit 0
fi
diff -u "$root/doc/embedding.md" "$new" ||
	{ echo "doc/embedding.md: run tools/embed-example.sh . --write"; exit 1; }
