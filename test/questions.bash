# SPDX-License-Identifier: MIT
# A fleet of real machines to ask questions about: `load questions`.  Numbers
# were counted from the fingerprints (test/golden.c says how).

# Four Intel machines, Milan under Linux 6.1, Sapphire Rapids under two
# kernels, and one Milan elsewhere that has Linux 6.18 already.
questions_file() {
	cpulevel=${CPULEVEL:?the program to test}
	pool=${CPULEVEL_ROOT:-$PWD}/test/pool
	export CPULEVEL_STORE=$BATS_FILE_TMPDIR/fleet.db
	"$cpulevel" store info 2>&1 | grep -q 'built without' && return 0
	{
		"$cpulevel" pool init a
		"$cpulevel" pool add a clx-01="$pool/clx.txt" \
			icx-01="$pool/icx.txt" spr-01="$pool/spr.txt" \
			gnr-01="$pool/gnr.txt"
		for vm in 1:clx-01 2:clx-01 3:icx-01; do
			"$cpulevel" vm boot "web-${vm%:*}" --host "${vm#*:}"
		done
		"$cpulevel" level new icx-only --from host:icx-01
		"$cpulevel" level new big --from host:spr-01,gnr-01
		"$cpulevel" vm boot web-17 --host icx-01 --level icx-only
		"$cpulevel" vm boot db-1 --host spr-01 --level big

		"$cpulevel" pool init m
		"$cpulevel" pool add m milan-1="$pool/milan.txt" \
			milan-2="$pool/milan.txt" milan-3="$pool/milan.txt"
		"$cpulevel" vm boot m-1 --host milan-1
		"$cpulevel" vm boot m-2 --host milan-2
		"$cpulevel" pool init lab
		"$cpulevel" pool add lab new-milan="$pool/milan-6.18.txt"

		"$cpulevel" pool init s
		"$cpulevel" pool add s spr-a="$pool/spr-5.10.txt" \
			spr-b="$pool/spr-5.10.txt" spr-c="$pool/spr.txt"
		"$cpulevel" level new new-kernel --from host:spr-c
		"$cpulevel" vm boot old-1 --host spr-a
		"$cpulevel" vm boot new-1 --host spr-c --level new-kernel
	} >"$BATS_FILE_TMPDIR/log" 2>&1
}

questions_setup() {
	cpulevel=${CPULEVEL:?the program to test}
	pool=${CPULEVEL_ROOT:-$PWD}/test/pool
	export CPULEVEL_STORE=$BATS_FILE_TMPDIR/fleet.db
	cd "$BATS_TEST_TMPDIR" || return
	"$cpulevel" store info 2>&1 | grep -q 'built without' &&
		skip "built without SQLite"
	return 0
}

# lacks TEXT: the last run's output has it not
lacks() {
	if [[ $output == *"$1"* ]]; then
		echo "says: $1"
		echo "$output"
		return 1
	fi
}

# field EXPRESSION: of the JSON that the last command printed.
field() {
	python3 -c 'import json, sys
d = json.loads(sys.argv[1])
print(eval(sys.argv[2]))' "$output" "$1"
}
