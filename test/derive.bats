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
	"$cpulevel" level skx.txt >out 2>err || [ $? -eq 4 ]
	[ -z "$(grep -h derived out err)" ]
}

@test "--of max, --platform or --with ask for guests, hvm unless told" {
	"$cpulevel" show skx.txt --of max >out
	grep -q '^hvm-max' out
	"$cpulevel" level skx.txt --platform kvm-7.2 2>err >/dev/null || [ $? -eq 4 ]
	grep -q 'derived for kvm-7.2' err
	"$cpulevel" level skx.txt --with vpmu 2>err >/dev/null || [ $? -eq 4 ]
	grep -q 'derived for generic' err
}

@test "--with nested: what a maximum has and a default has not" {
	"$cpulevel" show cpu:naples --of default --platform kvm-7.2 >out
	[ -z "$(grep -w svm out)" ]
	"$cpulevel" show cpu:naples --of default --platform kvm-7.2 \
		--with nested >out 2>err
	grep -qw svm out
	grep -qw npt out
	grep -q 'with  *nested' out
	[ ! -s err ]
	"$cpulevel" show cpu:naples --of default --with vpmu,nested \
		--guest pv --platform xen-4.17 >out 2>err
	[ -z "$(grep -w svm out)" ]
	grep -q 'pv guests cannot be given nested virtualisation' err
}

@test "--with nested: what nobody knows of is told, and no yes" {
	run --separate-stderr "$cpulevel" level cpu:skylake-sp --platform kvm-6.1
	[ "$status" -eq 0 ]
	run --separate-stderr "$cpulevel" level cpu:skylake-sp --platform kvm-6.1 \
		--with nested
	[ "$status" -eq 4 ]
	grep -q 'not known of every machine: vmx' <<<"$output"
}

@test "--with 32bit: a pv guest loses long mode, on Intel SYSCALL too" {
	for cpu in skylake-sp naples; do
		"$cpulevel" level cpu:$cpu --guest pv --platform xen-4.17 \
			--json >with64.json
		"$cpulevel" level cpu:$cpu --guest pv --platform xen-4.17 \
			--with 32bit --json >with32.json
		json with64.json '{"lm", "syscall"} <= set(d["features"])'
		json with32.json '"lm" not in d["features"]'
		json with32.json '("syscall" in d["features"]) == ("'$cpu'" == "naples")'
	done
	run "$cpulevel" show cpu:naples --of hvm-default --with 32bit
	[ "$status" -eq 2 ]
}

@test "--with itsc: a frequency that the host keeps, or a reason" {
	"$cpulevel" level cpu:icelake-sp --platform kvm-7.2 \
		--with itsc=2000000 --json >itsc.json
	json itsc.json '"itsc" in d["features"]'
	run "$cpulevel" show cpu:icelake-sp --of default --platform kvm-7.2 \
		--with itsc=2600000
	[ "$status" -eq 5 ]
	grep -q '1999500 to 2000500 kHz' <<<"$output"
	"$cpulevel" show cpu:rome --of default --with itsc=2250000 >out 2>err
	grep -q 'not known what its TSC runs at' err
	for bad in itsc itsc= itsc=0 itsc=-1 itsc=2x itsc=99999999999 nest ,; do
		run "$cpulevel" show cpu:rome --of default --with "$bad"
		[ "$status" -eq 2 ]
	done
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

@test "nested VMX: of machines whose VMX MSRs are known, so is the level" {
	"$cpulevel" level --guest hvm --of max --platform kvm-7.2 --json \
		cpu:emerald-rapids cpu:sapphire-rapids >vmx.json || [ $? -eq 4 ]
	json vmx.json '{"vmx", "vmx-ept-1gb"} <= set(d["features"])'
	json vmx.json 'd["numbers"]["vmx-vmcs-size"] == 4096'
	json vmx.json 'not [f for f in d["incomplete"] if f.startswith("vmx")]'
	"$cpulevel" explain cpu:sapphire-rapids vmx-ple --guest hvm --platform kvm-7.2 >out
	grep -q 'M.nested-vmx  *1 -> 0' out
	"$cpulevel" level --guest hvm --of max --platform xen-4.23 --json \
		cpu:emerald-rapids cpu:sapphire-rapids >vmx.json || [ $? -eq 4 ]
	json vmx.json '"vmx" in d["incomplete"]'
}
