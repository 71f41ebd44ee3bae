#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The pool of golden.c on the command line: who costs what, and what comes
# back without whom.  The lists are those of golden.c, by name.

setup() {
	cpulevel=${CPULEVEL:?the program to test}
	root=${CPULEVEL_ROOT:-$PWD}
	cd "$root"/test/pool || return
	only_clx='avx512-bitalg avx512-ifma avx512-vbmi avx512-vbmi2 avx512-vpopcntdq fsrm gfni intel-psfd la57 rdpid sha vaes vpclmulqdq wbnoinvd'
}

# level OUT FILE...
level() {
	out=$BATS_TEST_TMPDIR/$1
	shift
	"$cpulevel" level --json "$@" >"$out"
}

# ask FILE EXPRESSION: what it is of d, words sorted
ask() {
	python3 - "$BATS_TEST_TMPDIR/$1" "$2" <<-'EOF'
	import json, sys
	with open(sys.argv[1], encoding='utf-8') as f:
	    d = json.load(f)
	v = eval(sys.argv[2])
	print(v if isinstance(v, (str, int)) else ' '.join(sorted(v)))
	EOF
}

@test "golden: what only Cascade Lake lacks" {
	level all clx.txt icx.txt spr.txt
	[ "$(ask all 'd["hosts"][0]["alone_lacks"]')" = "$only_clx" ]
	[ -z "$(ask all 'd["hosts"][1]["alone_lacks"]')" ]
	[ -z "$(ask all 'd["hosts"][2]["alone_lacks"]')" ]
	[ "$(ask all '[f for f, h in d["blame"].items() if h == ["clx"]]')" = "$only_clx" ]
}

@test "golden: RRSBA and FB_CLEAR are told" {
	level all clx.txt icx.txt spr.txt
	[ "$(ask all '{"rrsba", "rsba", "fb-clear"} & set(d["features"])')" = 'fb-clear rrsba' ]
	[ "$(ask all 'd["psabi"]')" = x86-64-v4 ]
}

@test "golden: leave one out" {
	level all clx.txt icx.txt spr.txt
	level no-clx icx.txt spr.txt
	level no-icx clx.txt spr.txt
	level no-spr clx.txt icx.txt
	all=$(ask all 'd["features"]')
	[ "$(ask no-icx 'd["features"]')" = "$all" ]
	[ "$(ask no-spr 'd["features"]')" = "$all" ]
	[ "$(ask no-clx "set(d['features']) - set('$all'.split())")" = "$only_clx" ]
	[ -z "$(ask no-clx "set('$all'.split()) - set(d['features'])")" ]
}

@test "golden: what each gives up adds up" {
	level all clx.txt icx.txt spr.txt
	n=$(ask all 'sum("clx" not in h for h in d["blame"].values())')
	[ "$(ask all 'd["hosts"][0]["gives_up"]')" = "$n" ]
	n=$(ask all 'sum("spr" not in h for h in d["blame"].values())')
	[ "$(ask all 'd["hosts"][2]["gives_up"]')" = "$n" ]
}

@test "golden: numbers are those of the least" {
	level all clx.txt icx.txt spr.txt
	[ "$(ask all 'd["numbers"]["maxphysaddr"]')" = 46 ]
	[ "$(ask all 'd["conflicts"]')" = '' ]
}

@test "golden: the level runs everywhere" {
	"$cpulevel" level clx.txt icx.txt spr.txt -o "$BATS_TEST_TMPDIR/level.txt" >/dev/null
	for host in clx icx spr; do
		"$cpulevel" check "$BATS_TEST_TMPDIR/level.txt" "$host.txt"
	done
}
