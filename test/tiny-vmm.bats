#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/tiny-vmm on the KVM of this machine.

bats_require_minimum_version 1.5.0
load verdicts

setup() {
	tiny=${TINY_VMM:?the program to test}
	cpulevel=${CPULEVEL:?the program to test}
	[ -r /dev/kvm ] && [ -w /dev/kvm ] ||
		skip "no /dev/kvm that can be opened"
	cd "$BATS_TEST_TMPDIR" || return
}

# claim FROM TO: the record of a state, with features that no CPU since 2017
# has (XOP, TBM), and nothing after it
claim() {
	python3 - "$@" <<-'EOF'
	import struct, sys
	def crc32c(data):
	    crc = 0xffffffff
	    for byte in data:
	        crc ^= byte
	        for _ in range(8):
	            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
	    return crc ^ 0xffffffff
	state = open(sys.argv[1], 'rb').read()
	length, leaves = struct.unpack_from('<II', state, 12)
	record = bytearray(state[:length - 4])
	for i in range(leaves):
	    at = 32 + 40 * i
	    if struct.unpack_from('<I', record, at)[0] == 0x80000001:
	        ecx, = struct.unpack_from('<I', record, at + 16)
	        struct.pack_into('<I', record, at + 16, ecx | 1 << 11 | 1 << 21)
	open(sys.argv[2], 'wb').write(record + struct.pack('<I', crc32c(record)))
	EOF
}

@test "tiny-vmm: a guest goes on in other processes, and keeps what it saw" {
	run "$tiny" start host state
	exits 0
	says '3 rounds'
	run "$tiny" go state later
	exits 0
	says '6 rounds'
	run "$tiny" go later last
	exits 0
	says '9 rounds'
	"$tiny" seen state >state.txt
	"$tiny" seen last >last.txt
	cmp state.txt last.txt
	# what it saw is a dump like others
	"$cpulevel" show state.txt --of raw >/dev/null
}

@test "tiny-vmm: over a pipe" {
	run bash -o pipefail -c '"$0" start host - | "$0" go - | wc -c' "$tiny"
	exits 0
	says '6 rounds'
}

@test "tiny-vmm: what a guest does not find here is told before anything is read" {
	grep -qw xop /proc/cpuinfo && skip "this CPU has XOP"
	"$tiny" start host state
	claim state claims
	run "$tiny" go claims later
	exits 1
	[[ $output =~ fatal\ +xop\  ]]
	[[ $output =~ fatal\ +tbm\  ]]
	says 'does not fit here'
	[ ! -e later ]
}

@test "tiny-vmm: a level of other machines is refused with all findings" {
	"$cpulevel" level cpu:turin -o turin.txt
	run "$tiny" start turin.txt state
	exits 1
	[ "${#lines[@]}" -gt 3 ]
	says 'does not fit here'
	[ ! -e state ]
}

@test "tiny-vmm: damaged and cut states" {
	"$tiny" start host state
	for cut in 0 8 20 100 2000; do
		head -c $cut state >cut
		run "$tiny" go cut
		exits 1
		says 'does not begin with a record'
	done
	head -c -1 state >cut
	run "$tiny" go cut
	exits 3
	{
		head -c 60 state
		printf 'X'
		tail -c +62 state
	} >damaged
	run "$tiny" go damaged
	exits 1
	says 'does not begin with a record'
}

@test "tiny-vmm: usage and input" {
	run "$tiny"
	exits 2
	run "$tiny" start host
	exits 2
	run "$tiny" go gone
	exits 3
	run "$tiny" start gone.txt state
	exits 3
}
