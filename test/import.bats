#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# import: other tools' dumps become the text form, all of them or none.

setup() {
	cpulevel=${CPULEVEL:?the program to test}
	corpus=${CPULEVEL_CORPUS:-${CPULEVEL_ROOT:-$PWD}/../shared/corpus}
	cd "$BATS_TEST_TMPDIR" || return
	cat >raw.txt <<-EOF
	CPU 0:
	   0x00000000 0x00: eax=0x0000000d ebx=0x756e6547 ecx=0x6c65746e edx=0x49656e69
	   0x00000001 0x00: eax=0x000306a9 ebx=0x00100800 ecx=0x7fbae3ff edx=0xbfebfbff
	   0x80000000 0x00: eax=0x80000008 ebx=0x00000000 ecx=0x00000000 edx=0x00000000
	   0x80000001 0x00: eax=0x00000000 ebx=0x00000000 ecx=0x00000001 edx=0x28100800
	EOF
	cat >host.txt <<-EOF
	cpulevel 1
	name: a
	kernel: 6.1.0
	policy raw
	cpuid 0x00000000 -    0x0000000d 0x756e6547 0x6c65746e 0x49656e69
	cpuid 0x00000001 -    0x000306a9 0x00100800 0x7fbae3ff 0xbfebfbff
	state mxcsr-mask 0x0000ffff
	EOF
}

@test "import: text on stdout, one line a machine on stderr" {
	"$cpulevel" import raw.txt >out 2>err
	[ "$(head -n 2 out)" = $'cpulevel 1\nname: raw' ]
	grep -q '^cpuid 0x80000001 - .* 0x00000001 0x28100800$' out
	[ "$(wc -l <err)" -eq 1 ]
	grep -q '^raw: cpuid-raw, 1 CPU, raw: 4 leaves 0 MSRs' err
}

@test "import: its own output is a fixed point" {
	"$cpulevel" import raw.txt >one 2>/dev/null
	"$cpulevel" import one >two 2>/dev/null
	"$cpulevel" import two >three 2>/dev/null
	cmp one two
	cmp two three
}

@test "import: several machines, one after another" {
	"$cpulevel" import host.txt raw.txt host.txt >out 2>err
	[ "$(grep -c '^cpulevel 1$' out)" -eq 3 ]
	[ "$(grep '^name: ' out | tr '\n' ,)" = 'name: a,name: raw,name: a,' ]
	[ "$(wc -l <err)" -eq 3 ]
	"$cpulevel" import out 2>/dev/null | cmp - out
}

@test "import: a folder, stdin, and a list on stdin" {
	mkdir dumps
	cp raw.txt host.txt dumps
	"$cpulevel" import dumps >folder 2>/dev/null
	[ "$(grep -c '^cpulevel 1$' folder)" -eq 2 ]
	"$cpulevel" import - <host.txt 2>/dev/null >one
	"$cpulevel" import host.txt 2>/dev/null | cmp - one
	printf 'dumps/host.txt\ndumps/raw.txt\n' |
		"$cpulevel" import - 2>/dev/null | cmp - folder
}

@test "import: -o writes the file whole" {
	run "$cpulevel" import raw.txt -o out.txt
	[ "$status" -eq 0 ]
	"$cpulevel" import raw.txt 2>/dev/null | cmp - out.txt
	[ "$(ls)" = $'host.txt\nout.txt\nraw.txt' ]
}

@test "import: file, line and reason; nothing written" {
	printf 'cpulevel 1\nname: b\npolicy raw\ncpuid 0x1 - 0 0 0 zz\n' >bad.txt
	run bash -c '"$1" import host.txt bad.txt 2>err' - "$cpulevel"
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	grep -q 'bad.txt:4: ' err
	run "$cpulevel" import host.txt bad.txt -o out.txt
	[ "$status" -eq 3 ]
	[ "$(ls)" = $'bad.txt\nerr\nhost.txt\nraw.txt' ]
}

@test "import: an old file survives a failure" {
	echo precious >out.txt
	run "$cpulevel" import missing.txt -o out.txt
	[ "$status" -eq 3 ]
	[[ $output == *missing.txt* ]]
	[ "$(cat out.txt)" = precious ]
}

@test "import: what is no dump" {
	: >empty.txt
	run "$cpulevel" import empty.txt
	[ "$status" -eq 3 ]
	[[ $output == *empty.txt* ]]
	echo 'Dear diary' >diary.txt
	run "$cpulevel" import diary.txt
	[ "$status" -eq 3 ]
	[[ $output == *'--formats'* ]]
}

@test "import: --from, and the wrong one" {
	run "$cpulevel" import --from cpuid-raw raw.txt
	[ "$status" -eq 0 ]
	run "$cpulevel" import --from text raw.txt
	[ "$status" -eq 3 ]
	run "$cpulevel" import --from xyzzy raw.txt
	[ "$status" -eq 2 ]
}

@test "import: --formats lists names and what they are" {
	run "$cpulevel" import --formats
	[ "$status" -eq 0 ]
	[[ $output == *'cpuid-raw '* ]]
	[[ $output == *'libvirt-cpudata '* ]]
	[ "$(printf '%s\n' "$output" | awk 'NF < 2' | wc -l)" -eq 0 ]
}

@test "import: usage" {
	run "$cpulevel" import
	[ "$status" -eq 2 ]
	run "$cpulevel" import --help
	[ "$status" -eq 0 ]
}

@test "import: every dump of the corpus, and again to the same bytes" {
	[ -d "$corpus/libvirt" ] || skip "no corpus at $corpus"
	find "$corpus/libvirt" "$corpus/InstLatx64" -name '*.xml' \
		-o -name '*_CPUID*.txt' | sort >list
	"$cpulevel" import - <list >one 2>err
	"$cpulevel" import one >two 2>/dev/null
	cmp one two
	[ "$(grep -c '^cpulevel 1$' one)" -ge "$(wc -l <list)" ]
	[ "$(wc -l <err)" -eq "$(grep -c '^cpulevel 1$' one)" ]
}

@test "QEMU's numbers of 64 bits do not fit the JSON library: kept, or refused" {
	reply() {
		echo "{\"return\": {\"model\": {\"name\": \"base\", \"props\": {$1}}}}"
	}
	reply '"lbr-fmt": 18446744073709551552, "level": 13, "fpu": true' >big.json
	run "$cpulevel" import big.json
	[ "$status" -eq 0 ]
	[[ $output == *'qemu-prop: lbr-fmt=(too large)'* ]]
	run "$cpulevel" show big.json
	[[ $output == *fpu* ]]
	reply '"level": 18446744073709551615' >level.json
	run "$cpulevel" import level.json
	[ "$status" -eq 3 ]
	[[ $output == *'level.json:1: "level" is not an integer that fits' ]]
}
