#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# gen: configuration on stdout, what it cannot say on stderr, and exit codes.

bats_require_minimum_version 1.5.0
load verdicts

setup() {
	cpulevel=${CPULEVEL:?the program to test}
	root=${CPULEVEL_ROOT:-$PWD}
	cd "$BATS_TEST_TMPDIR" || return
	cp "$root"/test/pool/clx.txt "$root"/test/pool/icx.txt .
	"$cpulevel" level clx.txt icx.txt -o pool.level >/dev/null
}

@test "gen: --list has every stack, and each writes" {
	"$cpulevel" gen --list >list
	[ "$(wc -l <list)" -ge 4 ]
	while read -r stack _; do
		"$cpulevel" gen pool.level --for "$stack" >text 2>losses
		[ -s text ]
		grep -q "that --for $stack cannot say" losses
		"$cpulevel" gen pool.level --for "$stack" 2>/dev/null |
			cmp - text
	done <list
}

@test "gen: qemu, one line to paste" {
	run --separate-stderr "$cpulevel" gen pool.level --for qemu
	exits 0
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == "-cpu 'Cascadelake-Server-"*",enforce'" ]]
	says 'vendor=GenuineIntel'
	says ',phys-bits=46'
	says ',+x2apic'
	[[ $stderr == *'left to the stack'* ]]
	[[ $stderr == *'mxcsr-mask'* ]]
}

@test "gen: --model, and models that there are not" {
	run --separate-stderr "$cpulevel" gen pool.level --for qemu --model base
	exits 0
	[[ $output == "-cpu 'base,"* ]]
	says ',+avx512f'
	run "$cpulevel" gen pool.level --for qemu --model Pentium
	exits 2
	says 'no base model "Pentium"'
	run "$cpulevel" gen pool.level --for libvirt-host --model Opteron_G5
	exits 5
}

@test "gen: --json has the text and every loss, worst first" {
	for stack in qemu libvirt; do
		"$cpulevel" gen pool.level --for $stack >text 2>/dev/null
		"$cpulevel" gen pool.level --for $stack --json >g.json
		json g.json 'd["format"] == "cpulevel-gen" and d["version"] == 1'
		json g.json 'd["text"] == open("text").read()'
		json g.json 'any(l["field"] == "mxcsr-mask" and l["lost"] == "left" for l in d["losses"])'
		json g.json 'sorted(d["losses"], key=lambda l: ["differs", "decided", "left", "unknown"].index(l["lost"])) == d["losses"]'
	done
}

@test "gen: --strict says no, and writes all the same" {
	run --separate-stderr "$cpulevel" gen pool.level --for qemu --strict
	exits 1
	says '-cpu'
}

@test "gen: 2 usage, 3 input; nothing is written then" {
	run "$cpulevel" gen pool.level
	exits 2
	says 'for which stack'
	run "$cpulevel" gen pool.level --for abacus
	exits 2
	run "$cpulevel" gen --for qemu
	exits 2
	run "$cpulevel" gen pool.level icx.txt --for qemu
	exits 2
	run "$cpulevel" gen none.level --for qemu -o out
	exits 3
	[ ! -e out ]
	run "$cpulevel" gen pool.level --for qemu --name 'a b'
	exits 2
}

@test "gen: -o" {
	"$cpulevel" gen pool.level --for libvirt -o cpu.xml 2>/dev/null
	"$cpulevel" gen pool.level --for libvirt 2>/dev/null | cmp - cpu.xml
}
