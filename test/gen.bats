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

# QEMU refuses phys-bits there, and chooses 36 with PAE.
@test "gen: qemu, no address width is asked for without long mode" {
	for stack in qemu qemu-qmp libvirt proxmox; do
		"$cpulevel" gen model:qemu/n270 --for $stack --json >g.json
		json g.json '"phys" not in d["text"]'
		json g.json 'any(l["field"] == "maxphysaddr" and l["given"] == "36" for l in d["losses"])'
	done
	run --separate-stderr "$cpulevel" gen model:qemu/core2duo --for qemu
	exits 0
}

# No guest sees CORE_CAPABILITIES; the first versions of a model had it.
@test "gen: what a model has and no guest sees is switched off" {
	"$cpulevel" level model:qemu/Snowridge-v1 -o s.level >/dev/null || [ $? -eq 4 ]
	run --separate-stderr "$cpulevel" gen s.level --for qemu --model Snowridge-v1
	exits 0
	says ',-core-capability,'
	says ',-split-lock-detect,'
	run --separate-stderr "$cpulevel" gen s.level --for libvirt --model Snowridge
	exits 0
	says "<feature policy='disable' name='core-capability'/>"
}

# libxc refuses the whole domain for a key of a leaf that the host has not.
@test "gen: xl, no keys beyond the policy's own leaves" {
	run --separate-stderr "$cpulevel" gen clx.txt --for xl
	exits 0
	says ',avx512-vnni=1'
	[[ $output != *avx-vnni=* ]]
	"$cpulevel" gen clx.txt --for xl --json >g.json
	json g.json 'any(l["field"] == "avx-vnni" and l["lost"] == "left" for l in d["losses"])'
	run --separate-stderr "$cpulevel" gen cpu:sapphire-rapids --for xl
	says ',avx-vnni=1'
}

# With check='full' libvirt starts no domain that has an extra feature.
@test "gen: libvirt, a guest has the hypervisor bit, a host has not" {
	"$cpulevel" gen cpu:icelake-sp --for libvirt >cpu.xml 2>/dev/null
	grep -q "<feature policy='require' name='hypervisor'/>" cpu.xml
	"$cpulevel" gen pool.level --for libvirt >cpu.xml 2>/dev/null
	[ "$(grep -c "name='hypervisor'" cpu.xml)" = 1 ]
	run "$cpulevel" gen cpu:icelake-sp --for libvirt-host
	[[ $output != *"name='hypervisor'"* ]]
}

# A model's own stepping would be there.
@test "gen: stepping 0 is lost like any other" {
	for stepping in 0 1; do
		sed "s/^cpuid 0x00000001 -    0x0005065./cpuid 0x00000001 - 0x0005065$stepping/" clx.txt >s.txt
		"$cpulevel" gen s.txt --for libvirt --json >g.json
		json g.json 'any(l["field"] == "stepping" and l["lost"] == "left" for l in d["losses"])'
	done
}

# A model's own model-id would be there.
@test "gen: qemu, a name of the CPU that is empty is written" {
	"$cpulevel" gen clx.txt --for qemu >cpu 2>/dev/null
	grep -q ',model-id=Intel' cpu
	sed 's/^cpuid 0x8000000\([234]\) .*/cpuid 0x8000000\1 - 0x00000000 0x00000000 0x00000000 0x00000000/' \
		clx.txt >noname.txt
	"$cpulevel" gen noname.txt --for qemu >cpu 2>/dev/null
	grep -q ',model-id=,' cpu
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

@test "gen: xl, both syntaxes" {
	run --separate-stderr "$cpulevel" gen pool.level --for xl
	exits 0
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == 'cpuid="host,maxleaf='*'"' ]]
	says ',avx512f=1'
	says ',la57=0'
	says ',rdcl-no=1'
	[[ $output != *',svm'* ]] # no Intel CPU has it
	run --separate-stderr "$cpulevel" gen pool.level --for xl-xend
	exits 0
	[[ ${lines[0]} == 'cpuid=[' ]]
	says '"0x00000007,0:ebx='
	says '"0x80000001:'
}

@test "gen: a binary form is the same as its hex in JSON" {
	"$cpulevel" gen pool.level --for kvm-cpuid2 >bytes 2>/dev/null
	"$cpulevel" gen pool.level --for kvm-cpuid2 --json >g.json
	json g.json 'bytes.fromhex(d["hex"]) == open("bytes", "rb").read()'
	"$cpulevel" gen pool.level --for xen-stream --json >g.json
	json g.json 'd["hex"].startswith("11000000") and len(d["hex"]) % 16 == 0'
}

@test "gen: a record is all of the policy, and every command reads it" {
	"$cpulevel" gen pool.level --for record -o pool.rec 2>losses
	! grep -qE 'not as the policy|left to' losses
	run "$cpulevel" diff pool.level pool.rec
	exits 0
	"$cpulevel" import pool.rec | grep -qx 'guest: hvm'
	"$cpulevel" gen pool.rec --for record 2>/dev/null | cmp - pool.rec
	run "$cpulevel" check pool.rec clx.txt
	exits 0
	# of a machine it is for one kind of guests if that was asked for
	"$cpulevel" gen cpu:rome --for record --guest pv -o pv.rec 2>/dev/null
	"$cpulevel" import pv.rec | grep -qx 'guest: pv'
	"$cpulevel" gen cpu:rome --for record -o any.rec 2>/dev/null
	! "$cpulevel" import any.rec | grep -q '^guest:'
	# as bytes on standard input, and several of them
	cat pool.rec pv.rec >two.rec
	[ "$("$cpulevel" import - <two.rec 2>/dev/null | grep -c '^policy seen')" -eq 2 ]
	head -c 500 pool.rec >cut.rec
	run "$cpulevel" check cut.rec clx.txt
	exits 3
	says 'cut.rec: record 1: the data end too early'
}

@test "gen: a Firecracker template is read as the same features" {
	"$cpulevel" gen pool.level --for firecracker -o t.json 2>/dev/null
	json t.json 'all(len(m["bitmap"]) == 34 for l in d["cpuid_modifiers"] for m in l["modifiers"])'
	json t.json 'all(len(m["bitmap"]) == 66 for m in d["msr_modifiers"])'
	run "$cpulevel" check t.json pool.level
	[ "$status" -ne 3 ]
	"$cpulevel" show pool.level --json >a.json
	"$cpulevel" show t.json --json >b.json
	python3 - <<-'EOF'
	import json
	a, b = (json.load(open(f)) for f in ('a.json', 'b.json'))
	leaves = {(l['leaf'], l['subleaf']): l for l in a['cpuid']}
	l7 = [l for l in b['cpuid'] if l['leaf'] == '0x00000007'][0]
	assert l7['ebx'] == leaves[l7['leaf'], l7['subleaf']]['ebx'], l7
	EOF
}

# Ice Lake has what the pool has not; Cascade Lake has MPX, and no LA57.
@test "gen: linux-cmdline, with and without the machine" {
	run --separate-stderr "$cpulevel" gen pool.level --for linux-cmdline --host icx.txt
	exits 0
	[[ $output == clearcpuid=* ]]
	says la57
	says rdpid
	[[ $output != *mpx* ]]
	[[ $output != *amx* ]]
	[[ $stderr == *'not as the policy has it'* ]]
	run --separate-stderr "$cpulevel" gen pool.level --for linux-cmdline --host clx.txt
	says mpx
	[[ $output != *la57* ]]
	run --separate-stderr "$cpulevel" gen pool.level --for linux-cmdline
	says la57
	says mpx
	run --separate-stderr "$cpulevel" gen pool.level --for crosvm --host icx.txt
	[[ $output == "--params 'clearcpuid="*"'" ]]
}

# Westmere masks the feature leaves and no other; Ivy Bridge faults.
@test "gen: linux-cmdline for a PV guest, what no mask reaches" {
	"$cpulevel" level cpu:westmere-ep cpu:ivy-bridge-ep --guest pv \
		--platform xen-4.17 --drop aesni -o pv.level >/dev/null
	run --separate-stderr "$cpulevel" gen pv.level --for linux-cmdline --host cpu:westmere-ep
	exits 0
	[[ $output == clearcpuid=arat ]]
	run --separate-stderr "$cpulevel" gen pv.level --for linux-cmdline --host cpu:westmere-ep --guest hvm
	says aes
	run --separate-stderr "$cpulevel" gen pv.level --for linux-cmdline --host cpu:ivy-bridge-ep
	exits 0
	[ -z "$output" ]
}

@test "gen: rr, Proxmox, KubeVirt, Cloud Hypervisor" {
	run --separate-stderr "$cpulevel" gen pool.level --for rr
	[[ $output =~ ^'--disable-cpuid-features 0x'[0-9a-f]+,0x[0-9a-f]+' --disable-cpuid-features-ext 0x'.*' --disable-cpuid-features-xsave 0x' ]]
	[[ $stderr == *'xsaveopt=1(0)'* ]]
	run --separate-stderr "$cpulevel" gen pool.level --for proxmox --name gold
	[ "${lines[0]}" = 'cpu-model: gold' ]
	[[ ${lines[1]} == $'\tflags '* ]]
	says $'\tphys-bits 46'
	says $'\treported-model Cascadelake-Server'
	run --separate-stderr "$cpulevel" gen pool.level --for kubevirt
	says '      - name: md-clear'
	says 'cpu-feature.node.kubevirt.io/md-clear: "true"'
	says 'cpu-vendor.node.kubevirt.io/Intel: "true"'
	run --separate-stderr "$cpulevel" gen pool.level --for cloud-hypervisor
	[ "$output" = '--cpus max_phys_bits=46' ]
}

# Levels of two libvirt models do not know which CPU they pose as.
@test "gen: identity that nobody knows is left out and told" {
	"$cpulevel" level model:libvirt/Haswell-noTSX \
		model:libvirt/Skylake-Server -o two.level >/dev/null ||
		[ $? -eq 4 ]
	"$cpulevel" gen two.level --for qemu >line 2>told
	grep -q 'vendor=GenuineIntel' line
	run ! grep -qE '[,'\'']-?(family|model|stepping)=' line
	grep -q 'base-family' told
}
