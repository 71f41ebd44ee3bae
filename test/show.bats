#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# show: by name, by register, and as a document.

bats_require_minimum_version 1.5.0
load verdicts

setup() {
	cpulevel=${CPULEVEL:?the program to test}
	root=${CPULEVEL_ROOT:-$PWD}
	cd "$BATS_TEST_TMPDIR" || return
	cp "$root"/test/pool/clx.txt .
	cat >host.txt <<-'EOF'
	cpulevel 1
	name: one
	kernel: 6.1.0
	policy raw
	cpuid 0x00000000 -    0x0000000d 0x756e6547 0x6c65746e 0x49656e69
	cpuid 0x00000001 -    0x000306a9 0x00100800 0x7fbae3ff 0xbfebfbff
	cpuid 0x00000007 0x00 0x00000000 0x00000281 0x00000000 0x00000000
	EOF
}

@test "show: provenance and names by class" {
	run --separate-stderr "$cpulevel" show clx.txt
	exits 0
	says 'clx'
	says '6.1.172'
	says 'avx512f'
	says 'maxphysaddr=46'
	says 'x86-64-v4'
	[ -z "$stderr" ]
}

@test "show: what a 1 of each rule is called" {
	run "$cpulevel" show clx.txt --all
	exits 0
	says 'rrsba'
	says 'fb-clear'
	says 'brand-string'
}

@test "show --raw: by register" {
	run "$cpulevel" show clx.txt --raw
	exits 0
	says '0x00000001'
	says '0x00050657'
	says 'msr 0x0000010a  0x000000000c0aa0eb'
	run "$cpulevel" show host.txt --of raw --raw
	exits 0
	says '0xbfebfbff'
}

@test "show --raw --json: keys of the contract" {
	"$cpulevel" show clx.txt --raw --json >p.json
	json p.json 'd["format"] == "cpulevel-policy" and d["version"] == 1'
	json p.json 'set(d) >= {"cpuid", "msr", "state"}'
	json p.json 'all(set(c) >= {"leaf", "subleaf", "eax", "ebx", "ecx", "edx"} for c in d["cpuid"])'
	json p.json '[c for c in d["cpuid"] if c["leaf"] == "0x00000001"][0]["subleaf"] is None'
	json p.json '[c for c in d["cpuid"] if c["leaf"] == "0x00000001"][0]["eax"] == "0x00050657"'
	json p.json '[c for c in d["cpuid"] if c["leaf"] == "0x00000007"][0]["subleaf"] is not None'
	json p.json '[m for m in d["msr"] if m["index"] == "0x0000010a"][0]["value"] == "0x000000000c0aa0eb"'
}

# The document is a description: what it says reads back the same.
@test "show --json: reads back" {
	"$cpulevel" show clx.txt --of hvm-default --json >p.json
	run "$cpulevel" show p.json
	exits 0
	says 'avx512f'
}

@test "show --of: one policy, and an error where it is not there" {
	run "$cpulevel" show host.txt --of host
	exits 0
	says 'host'
	run "$cpulevel" show clx.txt --of pv-max
	exits 3
	says 'no such policy'
	run "$cpulevel" show clx.txt --of what
	exits 2
}

@test "show: unknown is not zero" {
	run "$cpulevel" show host.txt
	exits 0
	says 'unknown'
}

@test "show: a level that was written" {
	"$cpulevel" level clx.txt -o level.txt >/dev/null
	run "$cpulevel" show level.txt
	exits 0
	says 'level'
	says 'avx512f'
}

@test "show: usage and input" {
	run "$cpulevel" show
	exits 2
	run "$cpulevel" show --what clx.txt
	exits 2
	run "$cpulevel" show gone.txt
	exits 3
	says 'gone.txt'
	printf 'cpulevel 1\npolicy raw\ncpuid one\n' >bad.txt
	run --separate-stderr "$cpulevel" show bad.txt
	exits 3
	[[ $stderr == *'bad.txt:3: '* ]]
	run "$cpulevel" show --help
	exits 0
}

@test "show: several machines, a folder, stdin" {
	run "$cpulevel" show host.txt clx.txt
	exits 0
	says 'one'
	says 'clx'
	mkdir d
	cp host.txt clx.txt d
	run "$cpulevel" show d
	exits 0
	says 'one'
	says 'clx'
	run bash -c '"$0" show - <host.txt' "$cpulevel"
	exits 0
	says 'one'
}

@test "show: the same bytes twice, and no colour in a pipe" {
	"$cpulevel" show clx.txt --all >1
	"$cpulevel" show clx.txt --all >2
	cmp 1 2
	run grep -c $'\033' 1
	[ "$output" = 0 ]
}

@test "show: a family that nobody knows is not 0" {
	"$cpulevel" show level:x86-64-v2 >out
	grep -q 'of unknown family and model' out
	[ -z "$(grep 'family 0x0' out)" ]
}
