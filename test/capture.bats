#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# capture: this machine, whichever it is.

setup() {
	cpulevel=${CPULEVEL:?the program to test}
	case $(uname -m) in
	x86_64 | i?86) ;;
	*) skip "not an x86 machine" ;;
	esac
	cd "$BATS_TEST_TMPDIR" || return
}

# The file does not say it.
lacks() {
	if grep -q "$1" "$2"; then
		return 1
	fi
}

@test "capture: a description on stdout, the summary on stderr" {
	"$cpulevel" capture >out 2>err
	[ "$(head -n 1 out)" = 'cpulevel 1' ]
	grep -q '^cpus: [0-9]' out
	grep -q "^kernel: $(uname -r)\$" out
	grep -q '^policy raw$' out
	grep -q '^cpuid 0x00000000 - ' out
	grep -q 'CPUs\? read$' err
	grep -q '^MSRs: ' err
	lacks read out
}

@test "capture: the same bytes twice, and no time unless asked" {
	"$cpulevel" capture >one 2>/dev/null
	"$cpulevel" capture --native >two 2>/dev/null
	cmp one two
	lacks '^time: ' one
	"$cpulevel" capture --time 2>/dev/null | grep -q '^time: 2.*Z$'
}

@test "capture: from any CPU that the shell is bound to" {
	command -v taskset >/dev/null || skip "there is no taskset"
	before=$(taskset -p $$)
	"$cpulevel" capture >one 2>/dev/null
	last=$(taskset -cp $$ | sed 's/.*[^0-9]//')
	taskset -c "$last" "$cpulevel" capture >two 2>/dev/null
	cmp one two
	[ "$before" = "$(taskset -p $$)" ]
}

@test "capture: every online CPU, once" {
	[ -r /sys/devices/system/cpu/online ] ||
		skip "the system does not list its CPUs"
	n=$(tr ',' '\n' </sys/devices/system/cpu/online |
		awk -F- '{ n += NF == 2 ? $2 - $1 + 1 : 1 } END { print n }')
	run "$cpulevel" capture -o this.txt
	[ "$status" -eq 4 ] && skip "a CPU cannot be entered here"
	[ "$status" -eq 0 ]
	grep -qx "cpus: $n" this.txt
}

@test "capture: imports to the same bytes" {
	"$cpulevel" capture -o this.txt 2>/dev/null
	"$cpulevel" import this.txt 2>/dev/null | cmp - this.txt
}

@test "capture: JSON says the same" {
	"$cpulevel" capture -o this.txt 2>/dev/null
	"$cpulevel" capture --json -o this.json 2>/dev/null
	grep -q '"format": "cpulevel-policy"' this.json
	"$cpulevel" import this.json 2>/dev/null | cmp - this.txt
}

@test "capture: leaf 0 is what the kernel says" {
	grep -q '^vendor_id' /proc/cpuinfo || skip "no /proc/cpuinfo"
	vendor=$(sed -n 's/^vendor_id[^:]*: //p' /proc/cpuinfo | head -n 1)
	"$cpulevel" capture 2>/dev/null >this.txt
	# ebx, edx, ecx, lowest byte first
	said=$(awk '$1 == "cpuid" && $2 == "0x00000000" { print $5 $7 $6 }' \
		this.txt | sed 's/0x\(..\)\(..\)\(..\)\(..\)/\\x\4\\x\3\\x\2\\x\1/g')
	[ "$(printf "%b" "$said")" = "$vendor" ]
}

@test "capture: nothing is left where it cannot write" {
	run "$cpulevel" capture -o nowhere/this.txt
	[ "$status" -eq 3 ]
	[ ! -e nowhere ]
	mkdir this.txt
	run "$cpulevel" capture -o this.txt
	[ "$status" -eq 3 ]
	[ -z "$(ls -A this.txt)" ]
	[ "$(ls)" = this.txt ]
}

@test "capture: a full disk is not success" {
	[ -w /dev/full ] || skip "there is no /dev/full"
	run bash -c '"$1" capture >/dev/full' - "$cpulevel"
	[ "$status" -eq 3 ]
}

@test "capture: takes no file and no other option" {
	run "$cpulevel" capture this.txt
	[ "$status" -eq 2 ]
	run "$cpulevel" capture --xyzzy
	[ "$status" -eq 2 ]
	run "$cpulevel" capture --help
	[ "$status" -eq 0 ]
	[[ $output == *'cpulevel capture -o this.txt'* ]]
}

@test "capture --kvm: what KVM says, or why not" {
	if [ ! -r /dev/kvm ] || [ ! -w /dev/kvm ]; then
		run "$cpulevel" capture --kvm -o this.txt
		[ "$status" -eq 3 ]
		[[ $output == */dev/kvm* ]]
		[ ! -e this.txt ]
		skip "no /dev/kvm that can be opened; the refusal was tested"
	fi
	"$cpulevel" capture --kvm >this.txt 2>/dev/null
	grep -q '^policy hvm-max$' this.txt
	grep -q '^policy hvm-default' this.txt
	grep -q '^kvm-module: kvm' this.txt
	"$cpulevel" show this.txt --of hvm-max >max
	grep -qw hypervisor max
	grep -qw x2apic max
	# a default is within its maximum, and is read back as it was
	"$cpulevel" level this.txt -o level.txt >/dev/null || [ $? -eq 4 ]
	"$cpulevel" check level.txt this.txt --of max >check
	grep -q '^YES .* can run on [^:]*$' check
	"$cpulevel" import this.txt 2>/dev/null | cmp - this.txt
}
