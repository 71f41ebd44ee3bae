#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What guests see on a machine that no hypervisor described.

bats_require_minimum_version 1.5.0

setup() {
	cpulevel=${CPULEVEL:?the program to test}
	cd "$BATS_TEST_TMPDIR" || return
	# Skylake server with the features that the tests ask for, no MSRs
	cat >skx.txt <<-EOF
	cpulevel 1
	name: skx
	policy raw
	cpuid 0x00000000 -    0x0000000d 0x756e6547 0x6c65746e 0x49656e69
	cpuid 0x00000001 -    0x00050654 0x00100800 0x7ffefbff 0xbfebfbff
	cpuid 0x00000007 0x00 0x00000000 0x019c07ab 0x00010004 0x00000000
	cpuid 0x80000000 -    0x80000008 0x00000000 0x00000000 0x00000000
	cpuid 0x80000001 -    0x00000000 0x00000000 0x00000121 0x2c100800
	cpuid 0x80000008 -    0x0000302e 0x00000000 0x00000000 0x00000000
	EOF
}

# json FILE PYTHON: the expression holds of the document d.
json() {
	python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert eval(sys.argv[2]), d' "$1" "$2"
}

@test "show --of hvm-max: derived, and said so" {
	"$cpulevel" show skx.txt --of hvm-max >out
	grep -q 'derived .*hvm-max and hvm-default for generic' out
	grep -q '^hvm-max' out
	"$cpulevel" show skx.txt --of hvm-max --json >max.json
	json max.json 'd["provenance"]["derived"].endswith("generic")'
	json max.json 'd["kind"] == "hvm-max"'
}

@test "show: without being asked nothing is derived" {
	"$cpulevel" show skx.txt >out
	[ -z "$(grep -e hvm-max -e derived out)" ]
	run "$cpulevel" show skx.txt --of max
	[ -z "$(grep derived <<<"$output")" ]
}

@test "level --guest: the default of that kind, for the platform" {
	"$cpulevel" level --json --guest hvm skx.txt >hvm.json 2>err || [ $? -eq 4 ]
	grep -q 'derived for generic' err
	json hvm.json 'd["platform"] == "generic" and d["hosts"][0]["policy"] == "hvm-default"'
	json hvm.json '{"hypervisor", "x2apic", "smep"} <= set(d["features"])'
	json hvm.json 'not {"vmx", "monitor", "la57", "clwb"} & set(d["features"])'
	"$cpulevel" level --json --guest hvm --platform kvm-7.2 skx.txt >kvm.json || [ $? -eq 4 ]
	json kvm.json 'd["platform"] == "kvm-7.2" and "la57" in d["features"]'
	"$cpulevel" level --json --guest pv skx.txt >pv.json || [ $? -eq 4 ]
	json pv.json 'not {"smep", "x2apic", "pcid"} & set(d["features"])'
	"$cpulevel" level --json skx.txt >host.json 2>err || [ $? -eq 4 ]
	json host.json 'd["platform"] is None and d["hosts"][0]["policy"] == "host"'
}

@test "a level that was derived is checked for its guests and platform" {
	"$cpulevel" level --guest hvm --platform kvm-7.2 skx.txt -o kvm.level || [ $? -eq 4 ]
	grep -qx 'platform: kvm-7.2' kvm.level
	run -0 "$cpulevel" check kvm.level skx.txt
	grep -q 'derived for kvm-7.2' <<<"$output"
	# LA57 is not for guests everywhere
	run -1 "$cpulevel" check kvm.level skx.txt --guest hvm --platform generic
	grep -q la57 <<<"$output"
}

@test "explain: the chain from silicon to guest" {
	"$cpulevel" explain skx.txt clwb >out
	grep -q 'hvm-max  *1' out
	grep -q 'hvm-default  *0' out
	grep -q 'D.clwb  *1 -> 0' out
	"$cpulevel" explain skx.txt smep --guest pv >out
	grep -q 'pv guests, derived for generic' out
	grep -q 'M.guests  *1 -> 0' out
	"$cpulevel" explain skx.txt la57 --platform xen-4.17 --json >la57.json
	json la57.json 'd["platform"] == "xen-4.17" and d["guest"] == "hvm"'
	json la57.json 'd["guest_changes"][0]["rule"] == "M.platform"'
}

@test "platforms that are not there, or run no such guests" {
	run -2 "$cpulevel" level --guest hvm --platform xen skx.txt
	grep -q 'xen-4.17' <<<"$output"
	run -2 "$cpulevel" show skx.txt --of pv-max --platform kvm-7.2
	grep -q 'runs no pv guests' <<<"$output"
}
