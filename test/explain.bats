#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# explain: what a feature is, and why a machine has it or not.

setup() {
	cpulevel=${CPULEVEL:?the program to test}
	corpus=${CPULEVEL_CORPUS:-${CPULEVEL_ROOT:-$PWD}/../shared/corpus}
	cd "$BATS_TEST_TMPDIR" || return
	# avx2 without avx, SSE3 there, leaf 7 not beyond sub-leaf 0, no 0xd
	cat >host.txt <<-EOF
	cpulevel 1
	name: alpha
	policy raw
	cpuid 0x00000000 -    0x00000007 0x756e6547 0x6c65746e 0x49656e69
	cpuid 0x00000001 -    0x000306a9 0x00100800 0x6fbae3ff 0xbfebfbff
	cpuid 0x00000007 0x00 0x00000000 0x000002a1 0x00000000 0x00000000
	cpuid 0x80000000 -    0x80000008 0x00000000 0x00000000 0x00000000
	cpuid 0x80000001 -    0x00000000 0x00000000 0x00000001 0x28100800
	EOF
}

# The file does not say it.
lacks() {
	if grep -q "$1" "$2"; then
		return 1
	fi
}

@test "explain: a feature of the registry, by any spelling" {
	run "$cpulevel" explain avx2
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = 'avx2  0x7:0.ebx[5]' ]
	[[ $output == *'rule       and: '* ]]
	[[ $output == *'class      isa'* ]]
	[[ $output == *'gate       pv: '*'svm: '*'vmx: '* ]]
	[[ $output =~ needs\ +avx:\  ]]
	[[ $output == *'needed by  '* ]]
	one=$output
	run "$cpulevel" explain AVX_2
	[ "$output" = "$one" ]
}

@test "explain: did you mean" {
	run "$cpulevel" explain avx521f
	[ "$status" -eq 2 ]
	[[ $output == *'did you mean avx512f?'* ]]
	run bash -c '"$1" explain host.txt avx521f 2>/dev/null' - "$cpulevel"
	[ "$status" -eq 2 ]
	[ -z "$output" ]
}

@test "explain: there" {
	run "$cpulevel" explain host.txt sse3
	[ "$status" -eq 0 ]
	[[ $output == *'on alpha'* ]]
	[[ $output =~ raw\ +1.*host\ +1 ]]
	[[ $output == *'the CPU says 1 in 0x1.ecx[0]'* ]]
}

@test "explain: not in the CPU" {
	run "$cpulevel" explain host.txt avx
	[ "$status" -eq 0 ]
	[[ $output =~ host\ +0 ]]
	[[ $output == *'not in the CPU: 0x1.ecx[28] is 0'* ]]
}

@test "explain: not in the CPU, whose leaves end before" {
	run "$cpulevel" explain host.txt xsaves
	[ "$status" -eq 0 ]
	[[ $output == *'its last leaf is 0x7, before 0xd:1.eax[3]'* ]]
}

@test "explain: taken because what it needs is not there" {
	run "$cpulevel" explain host.txt avx2
	[ "$status" -eq 0 ]
	[[ $output =~ raw\ +1.*host\ +0 ]]
	[[ $output == *'LEVEL.requires (1 -> 0): avx is not there'* ]]
	[[ $output == *$'\navx\n  not in the CPU: 0x1.ecx[28] is 0'* ]]
}

@test "explain: not in the description" {
	run "$cpulevel" explain host.txt monitor-mwait-nop
	[ "$status" -eq 0 ]
	[[ $output =~ raw\ +\?.*host\ +\? ]]
	[[ $output == *'the description does not tell it'* ]]
}

@test "explain: every change, by rule, with its reason" {
	run "$cpulevel" explain host.txt
	[ "$status" -eq 0 ]
	[[ ${lines[0]} =~ ^alpha:\ [0-9]+\ changes ]]
	[[ $output == *'LEVEL.requires  without avx: '*$'\n    -avx2'* ]]
	[[ $output == *'HOST.'* ]]
}

@test "explain: JSON of all three" {
	for args in avx2 host.txt 'host.txt avx2'; do
		# shellcheck disable=SC2086
		"$cpulevel" explain $args --json >out
		python3 - "$args" <<-'EOF'
		import json, sys
		d = json.load(open('out'))
		assert d['format'] == 'cpulevel-explain' and d['version'] == 1
		field, machine = 'avx2' in sys.argv[1], 'host' in sys.argv[1]
		assert (d['field'] is not None) == field
		assert (d['machine'] == 'alpha') == machine
		assert bool(d['changes']) == machine
		if field:
		    assert d['field']['needs'][0]['needs'] == 'avx'
		if field and machine:
		    assert d['values'][1] == {'kind': 'host', 'value': '0'}
		    c = d['changes'][-1]
		    assert (c['rule'], c['cause']) == ('LEVEL.requires', 'avx')
		    assert (c['before'], c['after']) == ('1', '0')
		EOF
	done
}

@test "explain: a policy that was reported" {
	cat >level.txt <<-EOF
	cpulevel 1
	name: pool
	policy level total
	cpuid 0x00000000 -    0x00000001 0x756e6547 0x6c65746e 0x49656e69
	cpuid 0x00000001 -    0x000306a9 0x00000000 0x00000000 0x00000001
	EOF
	run "$cpulevel" explain level.txt fpu
	[ "$status" -eq 0 ]
	[[ $output =~ level\ +1 ]]
	[[ $output == *'no raw policy'* ]]
}

@test "explain: the same bytes twice, no colour in a file" {
	"$cpulevel" explain host.txt >one
	NO_COLOR=1 "$cpulevel" explain host.txt >two
	cmp one two
	lacks $'\033' one
}

@test "explain: usage and input" {
	run "$cpulevel" explain
	[ "$status" -eq 2 ]
	run "$cpulevel" explain a b c
	[ "$status" -eq 2 ]
	run "$cpulevel" explain ./missing.txt
	[ "$status" -eq 3 ]
	run "$cpulevel" explain missing.txt avx
	[ "$status" -eq 3 ]
	run "$cpulevel" explain --help
	[ "$status" -eq 0 ]
}

@test "explain: one field in forty of the registry" {
	root=${CPULEVEL_ROOT:-$OLDPWD}
	[ -r "$root/data/fields.tsv" ] || skip "no data/fields.tsv"
	for name in $(cut -f 1 "$root/data/fields.tsv" | sed 1d |
		awk 'NR % 40 == 0'); do
		"$cpulevel" explain "$name" >out
		[ "$(sed -n '1s/ .*//p' out)" = "$name" ]
		"$cpulevel" explain host.txt "$name" --json |
			python3 -m json.tool >/dev/null
	done
}

@test "explain: dumps of real CPUs" {
	[ -d "$corpus/InstLatx64" ] || skip "no corpus at $corpus"
	for f in "$corpus"/InstLatx64/*_CPUID*.txt; do
		"$cpulevel" explain "$f" >out
		"$cpulevel" explain "$f" --json | python3 -m json.tool >/dev/null
	done
}
