#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# diff: what differs between two machines.

# host FILE NAME KERNEL ECX-OF-1 EBX-OF-7
host() {
	cat >"$1" <<-EOF
	cpulevel 1
	name: $2
	kernel: $3
	policy raw
	cpuid 0x00000000 -    0x0000000d 0x756e6547 0x6c65746e 0x49656e69
	cpuid 0x00000001 -    0x000306a9 0x00100800 $4 0xbfebfbff
	cpuid 0x00000007 0x00 0x00000000 $5 0x00000000 0x00000000
	EOF
}

setup() {
	cpulevel=${CPULEVEL:?the program to test}
	corpus=${CPULEVEL_CORPUS:-${CPULEVEL_ROOT:-$PWD}/../shared/corpus}
	cd "$BATS_TEST_TMPDIR" || return
	host a.txt alpha 6.1.0 0x7fbae3ff 0x00000281
	host b.txt beta 6.5.0 0x7dbae3ff 0x00000281
	host c.txt gamma 6.1.0 0x7fbae3ff -
}

# The file does not say it.
lacks() {
	if grep -q "$1" "$2"; then
		return 1
	fi
}

@test "diff: the same is 0, whatever the provenance" {
	run "$cpulevel" diff a.txt a.txt
	[ "$status" -eq 0 ]
	[[ $output == *'host: the same'* ]]
	sed 's/6.1.0/6.2.0/' a.txt >d.txt
	run "$cpulevel" diff a.txt d.txt
	[ "$status" -eq 0 ]
	[[ $output == *kernel*6.1.0*6.2.0* ]]
}

@test "diff: a feature is 1, with place, class and both values" {
	run "$cpulevel" diff a.txt b.txt --of raw
	[ "$status" -eq 1 ]
	[[ ${lines[0]} == 'alpha  |  beta' ]]
	[[ ${lines[1]} == *kernel*6.1.0*6.5.0* ]]
	[ "${lines[2]}" = 'raw: 1 difference' ]
	[[ ${lines[4]} =~ ^\ +aesni\ +0x1\.ecx\[25\]\ +isa\ +and\ +1\ +0$ ]]
}

@test "diff: without --of every kind that both have" {
	run "$cpulevel" diff a.txt b.txt
	[ "$status" -eq 1 ]
	[[ $output == *$'\nhost: '* ]]
	[[ $output == *$'\nraw: '*'as above'* ]]
}

@test "diff: unknown is ?, and different" {
	run "$cpulevel" diff a.txt c.txt --of raw
	[ "$status" -eq 1 ]
	[[ $output =~ erms\ +0x7:0\.ebx\[9\]\ +hint\ +and\ +1\ +\? ]]
	[[ $output == *'known of only one of them'* ]]
}

@test "diff: identity and topology have their own heading" {
	sed 's/0x000306a9 0x00100800/0x000306a4 0x00200800/' a.txt >d.txt
	run "$cpulevel" diff a.txt d.txt --of raw
	[ "$status" -eq 1 ]
	text=${output#*not levelled}
	[[ $text =~ stepping\ +0x1\.eax\[3:0\]\ +identity\ +pin\ +9\ +4 ]]
	[[ $text == *logical-count* ]]
}

@test "diff: --raw shows registers" {
	run "$cpulevel" diff a.txt b.txt --of raw --raw
	[ "$status" -eq 1 ]
	[[ $output =~ 0x1\.ecx\ +0x77bae3ff\ +0x75bae3ff ]]
	run "$cpulevel" diff a.txt c.txt --of raw --raw
	[[ $output =~ 0x7:0\.ebx\ +0x00000281\ +\? ]]
}

@test "diff: JSON" {
	"$cpulevel" diff a.txt b.txt --of raw --json >out || [ $? -eq 1 ]
	python3 - <<-'EOF'
	import json
	d = json.load(open('out'))
	assert d['format'] == 'cpulevel-diff' and d['version'] == 1
	assert d['kind'] == 'raw' and d['a'] == 'alpha'
	assert d['provenance'] == [{'key': 'kernel', 'a': '6.1.0', 'b': '6.5.0'}]
	assert d['fields'] == [{'kind': 'raw', 'field': 'aesni',
	                        'where': '0x1.ecx[25]', 'class': 'isa',
	                        'rule': 'and', 'a': '1', 'b': '0'}]
	EOF
	"$cpulevel" diff a.txt a.txt --json | python3 -m json.tool >/dev/null
}

@test "diff: leaves that the registry lacks" {
	cp a.txt d.txt
	echo 'extra-cpuid 0x00000041 0x00000000 0x1 0x2 0x3 0x4' >>d.txt
	run "$cpulevel" diff a.txt d.txt --of raw
	[ "$status" -eq 1 ]
	[[ $output =~ 0x41:0\.ebx\ +\?\ +0x00000002 ]]
}

@test "diff: a level and a machine" {
	printf 'cpulevel 1\nname: l\npolicy level total\n' >l.txt
	run "$cpulevel" diff l.txt l.txt
	[ "$status" -eq 0 ]
	run "$cpulevel" diff l.txt a.txt
	[ "$status" -eq 1 ]
}

@test "diff: the same bytes twice, and no colour in a file" {
	"$cpulevel" diff a.txt c.txt >one || [ $? -eq 1 ]
	NO_COLOR=1 "$cpulevel" diff a.txt c.txt >two || [ $? -eq 1 ]
	cmp one two
	lacks $'\033' one
}

@test "diff: usage and input" {
	run "$cpulevel" diff a.txt
	[ "$status" -eq 2 ]
	run "$cpulevel" diff a.txt b.txt --of xyzzy
	[ "$status" -eq 2 ]
	run "$cpulevel" diff a.txt missing.txt
	[ "$status" -eq 3 ]
	run bash -c '"$1" diff a.txt b.txt --of seen 2>/dev/null' - "$cpulevel"
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	run "$cpulevel" diff --help
	[ "$status" -eq 0 ]
}

@test "diff: dumps of real CPUs" {
	[ -d "$corpus/InstLatx64" ] || skip "no corpus at $corpus"
	set -- "$corpus"/InstLatx64/GenuineIntel*_CPUID*.txt
	while [ $# -ge 2 ]; do
		"$cpulevel" diff "$1" "$2" >out || [ $? -eq 1 ]
		"$cpulevel" diff "$1" "$2" --json | python3 -m json.tool >/dev/null
		"$cpulevel" diff "$1" "$1" >/dev/null
		shift 2
	done
}
