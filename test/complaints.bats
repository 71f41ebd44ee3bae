#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What users of other tools ran into (doc/complaints.md), on real machines.

bats_require_minimum_version 1.5.0
load verdicts
load fleet

setup() {
	fleet_setup
}

# without LEAF:SUBLEAF REGISTER BIT < MACHINE: a machine with that bit off
without() {
	python3 -c '
import sys
leaf, sub = sys.argv[1].split(":")
reg, bit, done = 3 + "eax ebx ecx edx".split().index(sys.argv[2]), int(sys.argv[3]), 0
for line in sys.stdin:
    w = line.split()
    if w[:1] == ["cpuid"] and int(w[1], 16) == int(leaf, 16) and \
       int(w[2].replace("-", "0"), 16) == int(sub):
        assert int(w[reg], 16) >> bit & 1
        w[reg] = "0x%08x" % (int(w[reg], 16) & ~(1 << bit))
        line, done = " ".join(w) + "\n", done + 1
    print(line, end="")
assert done == 1' "$@"
}

# -- why ---------------------------------------------------------------------

@test "off in the firmware is no matter of silicon" {
	# AES off on one of three that are alike in all else
	without 1:0 ecx 25 <"$machines"/icx.txt >no-aes.txt
	"$cpulevel" pool init p
	"$cpulevel" pool add p a="$machines"/icx.txt b="$machines"/icx.txt
	"$cpulevel" vm boot v --host a
	"$cpulevel" pool add p c=no-aes.txt
	run "$cpulevel" explain vm v --to c --json
	exits 1
	[[ $output == *'"field": "aesni"'*'the same versions show it: settings?'* ]]
	run "$cpulevel" why-not vm v --to c
	exits 0
	says 'yes  the settings of hosts with the same versions on c'
	run "$cpulevel" why-not aesni p
	says 'yes  the settings of hosts with the same versions on c'
	run "$cpulevel" blame aesni p
	exits 1
	says 'hidden by 1 of 3 hosts'
}

@test "another kernel and another microcode: both are told" {
	# nobody has shown AES with one of them alone
	without 1:0 ecx 25 <"$machines"/icx.txt |
		sed 's/^kernel: .*/kernel: 5.10.1/
			s/^microcode: .*/microcode: 0xd000100/' >old.txt
	"$cpulevel" pool init p
	"$cpulevel" pool add p a="$machines"/icx.txt
	"$cpulevel" vm boot v --host a
	"$cpulevel" pool add p b=old.txt
	run "$cpulevel" explain vm v --to b --json
	exits 1
	says 'kernel 6.1.172 and microcode 0xd000421 show it'
	run "$cpulevel" why-not vm v --to b
	[[ $output != *'kernel 6.1.172 on b'* ]]
}

@test "controls of nested guests are no matter to a VM that does not nest" {
	"$cpulevel" import cpu:denverton -o a.txt
	# RDRAND exiting is bit 11 of the second controls, its may half 43
	sed 's/^msr 0x0000048b 0x001d6fff/msr 0x0000048b 0x001d67ff/' <a.txt >b.txt
	! cmp -s a.txt b.txt
	"$cpulevel" pool init p --platform kvm-7.2
	"$cpulevel" pool add p a=a.txt b=b.txt
	"$cpulevel" vm boot plain --host a
	run "$cpulevel" vm check plain --to b
	exits 0
	"$cpulevel" level a.txt --with nested --platform kvm-7.2 -o nested.txt
	"$cpulevel" vm boot nests --host a --record nested.txt
	run "$cpulevel" vm check nests --to b
	exits 1
	says 'vmx-rdrand-exit'
	run "$cpulevel" explain vm nests --to b
	says '1 finding - 1 block'
}

@test "why is told for numbers and hazards too, in 100 columns" {
	"$cpulevel" pool init p --platform kvm-7.2
	"$cpulevel" pool add p a=cpu:icelake-sp b=cpu:cascadelake-sp
	"$cpulevel" level new big --from host:a
	"$cpulevel" vm boot v --host a --level big
	run "$cpulevel" explain vm v --to b
	exits 1
	[[ $output =~ FEATURE\ +WHY\ +EFFECT ]]
	[[ $output =~ maxphysaddr\ +'46 there, it saw 52' ]]
	[[ $output =~ md-clear\ +'true there, it was not told' ]]
}

# -- the best common CPU ---------------------------------------------------------

@test "a host says which psABI level its guests have" {
	"$cpulevel" pool init p
	"$cpulevel" pool add p a="$machines"/icx.txt b="$machines"/milan.txt
	run "$cpulevel" host show a
	says 'offers       128 features = x86-64-v4 + 99'
	run "$cpulevel" host show b
	says 'offers       113 features = x86-64-v3 + 89'
}

@test "two vendors: the common instructions, then a CPU of each within them" {
	run "$cpulevel" level cpu:denverton cpu:turin
	exits 5
	"$cpulevel" level cpu:denverton cpu:turin --vendor-parity -o common.txt
	for cpu in denverton turin; do
		"$cpulevel" level "cpu:$cpu" --platform kvm-7.2 --cap common.txt \
			-o "$cpu.txt"
		run "$cpulevel" show "$cpu.txt"
		says ' aesni'
		[[ $output != *' avx2'* && $output != *' avx512f'* ]]
		run "$cpulevel" gen "$cpu.txt" --for proxmox
		exits 0
	done
}

@test "a newer CPU without TSX is no lower generation: two features go" {
	"$cpulevel" import cpu:icelake-sp -o tsx.txt
	without 7:0 ebx 11 <tsx.txt >no-tsx.txt
	"$cpulevel" pool init p --platform kvm-7.2
	"$cpulevel" pool add p a=tsx.txt
	"$cpulevel" vm boot v --host a
	run "$cpulevel" pool add p b=no-tsx.txt
	exits 0
	says '- rtm'
	says '1 running VM cannot run on b'
	run "$cpulevel" why-not rtm p
	says 'yes  p without b'
	"$cpulevel" level new no-tsx --from pool:p --drop tsx
	"$cpulevel" vm stop v
	"$cpulevel" vm boot v --host a --level no-tsx
	run "$cpulevel" vm check v --to b
	exits 0
}

# -- drift -------------------------------------------------------------------

@test "a firmware that switches ERMS off: named, and nobody is refused" {
	without 7:0 ebx 9 <"$machines"/icx.txt |
		sed 's/^bios-revision: .*/bios-revision: 1.40/' >no-erms.txt
	"$cpulevel" pool init p
	"$cpulevel" pool add p a="$machines"/icx.txt b="$machines"/icx.txt
	"$cpulevel" vm boot v --host a
	start=$(newest)
	"$cpulevel" publish no-erms.txt --host b
	run "$cpulevel" drift --since "$start"
	exits 1
	says 'firmware 1.0 revision 1.44 -> 1.0 revision 1.40'
	says '- erms'
	[[ $output != *'cannot enter'* ]]
	run "$cpulevel" explain vm v --to b
	exits 0
	says 'firmware 1.0 revision 1.44 shows it'
	says 'harmless: speed only'
	run "$cpulevel" vm move v --to b
	exits 0
}

@test "the version of what runs the guests is part of a host" {
	"$cpulevel" pool init p
	"$cpulevel" pool add p a="$machines"/gnr.txt
	run "$cpulevel" host show a
	says 'hypervisor   Firecracker 1.15.0-dev'
	start=$(newest)
	sed 's/^firecracker: .*/firecracker: 1.16.0/' <"$machines"/gnr.txt >new.txt
	"$cpulevel" publish new.txt --host a
	run "$cpulevel" audit host a
	says 'hypervisor Firecracker 1.15.0-dev -> Firecracker 1.16.0'
	run "$cpulevel" drift --since "$start"
	exits 0 # guests see the same
	sed 's/^firecracker: .*/xen: 4.17.7/' <"$machines"/gnr.txt >xen.txt
	"$cpulevel" publish xen.txt --host a
	run "$cpulevel" host show a
	says 'hypervisor   Xen 4.17.7'
}

# -- who comes, and who cannot go there ----------------------------------------

@test "a lesser host joins: how many running VMs stay away is said before and after" {
	"$cpulevel" pool init p
	"$cpulevel" pool add p a="$machines"/icx.txt b="$machines"/icx.txt
	for vm in 1:a 2:a 3:b; do
		"$cpulevel" vm boot "v${vm%:*}" --host "${vm#*:}"
	done
	run "$cpulevel" whatif p --join "$machines"/clx.txt
	exits 0
	says '3 running VMs cannot enter clx until a power cycle'
	run "$cpulevel" whatif p --join "$machines"/clx.txt --json
	[[ $output == *'"shut_out": 3'* ]]
	unchanged "$cpulevel" pool add p c="$machines"/clx.txt --dry-run
	exits 0
	says '3 running VMs cannot run on c: they keep what they saw until a power cycle'
	run "$cpulevel" pool add p c="$machines"/clx.txt d="$machines"/clx.txt
	exits 0
	says '3 running VMs cannot run on c and 1 like it'
	"$cpulevel" vm stop v1
	"$cpulevel" vm boot v1 --host b
	run "$cpulevel" vm move v1 --to c
	exits 0
	# one that takes them all is nothing to speak of
	run "$cpulevel" pool add p e="$machines"/icx.txt
	exits 0
	[[ $output != *'cannot run'* ]]
	run "$cpulevel" whatif p --join "$machines"/icx.txt
	[[ $output != *'cannot enter'* ]]
}

@test "a host on which the level that is set for the pool cannot be had" {
	"$cpulevel" pool init p
	"$cpulevel" pool add p a="$machines"/icx.txt
	"$cpulevel" level new gold --from pool:p
	"$cpulevel" level set pool p gold
	mkdir hosts
	cp "$machines"/clx.txt hosts
	sed 's/^name: .*/name: icx-2/' <"$machines"/icx.txt >hosts/icx-2.txt
	run "$cpulevel" pool import p hosts
	exits 0
	says 'VMs cannot boot on clx: gold@1, the level that is set for p, does not fit there'
	[[ $output != *'boot on icx'* ]]
	run "$cpulevel" vm boot v --host clx
	exits 5
	"$cpulevel" level set pool p --unset
	run "$cpulevel" pool add p clx-2="$machines"/clx.txt
	[[ $output != *'cannot boot'* ]]
}

@test "a rollback: who cannot come back is told host by host" {
	"$cpulevel" pool init p
	"$cpulevel" pool add p a="$machines"/spr-5.10.txt
	"$cpulevel" publish "$machines"/spr.txt --host a
	"$cpulevel" pool add p b="$machines"/spr.txt c="$machines"/spr.txt
	"$cpulevel" vm boot v --host b
	run "$cpulevel" whatif p --kernel 'c=5.10'
	exits 0
	says '1 running VM cannot enter c any more until a power cycle'
}

# -- a pool whose level is set --------------------------------------------------

@test "a level that is set says what a power cycle brings, and whether there is a way back" {
	"$cpulevel" pool init p
	"$cpulevel" pool add p a="$machines"/milan.txt b="$machines"/milan.txt
	"$cpulevel" pool init lab
	"$cpulevel" pool add lab l="$machines"/milan-6.18.txt
	"$cpulevel" vm boot v --host a
	cat >plan.yaml <<-EOF
	pool: p
	steps:
	  - power-cycle: v
	  - kernel: [a=6.18, b=6.18]
	EOF
	# the pool's own level has IBRSB, which Linux 6.18 takes away
	run "$cpulevel" rehearse plan.yaml
	exits 1
	run "$cpulevel" whatif p --kernel '*=6.18'
	exits 1
	says 'would gain features by a power cycle'
	says 'no way back'
	# now one that fits both
	"$cpulevel" level new both --from pool:p --drop ibrsb
	run "$cpulevel" level set pool p both
	says '1 running VM keeps what it saw until a power cycle'
	run "$cpulevel" rehearse plan.yaml
	exits 0
	says 'no point of no return'
	run "$cpulevel" whatif p --kernel '*=6.18'
	exits 1
	says 'VMs boot at both@1, which is set for p'
	[[ $output != *'would gain'* && $output != *'no way back'* ]]
	"$cpulevel" vm stop v
	"$cpulevel" vm boot v --host a
	run "$cpulevel" whatif p --kernel '*=6.18'
	exits 0
	says '0 running VMs stranded'
}

@test "words that a newer report adds and that are 0 are no drift" {
	# featuresets as an older and a newer Xen have them (XOP-908)
	report() {
		printf 'cpu_info: vendor: GenuineIntel; features_hvm: %s; features_hvm_host: %s; features_pv: %s; features_pv_host: %s\n' "$1" "$1" "$1" "$1"
	}
	words=1fcbfbff-f7fa3203-2c100800-00000121-0000000f-d09f2feb-00000008-00000000-00000000
	report $words >old.xapi
	report $words-00000000-00000000 >new.xapi
	report $words-04000000-00000000 >more.xapi
	"$cpulevel" pool init p --platform xen-4.17
	"$cpulevel" pool add p a=old.xapi
	start=$(newest)
	"$cpulevel" publish new.xapi --host a
	[ "$(newest)" -gt "$start" ]
	run "$cpulevel" drift --since "$start"
	exits 0
	says 'no host drifted'
	run "$cpulevel" pool show p
	[[ $output != *settings* ]]
	"$cpulevel" publish more.xapi --host a
	run "$cpulevel" drift --since "$start"
	exits 1
}

@test "an address width that a setting of the firmware takes away is told by number" {
	# memory encryption takes bits of physical addresses: 46 -> 40
	"$cpulevel" pool init p
	"$cpulevel" pool add p a="$machines"/clx.txt b="$machines"/clx.txt
	"$cpulevel" vm boot v --host a
	start=$(newest)
	awk '$1 == "cpuid" && $2 == "0x80000008" {
		sub(/2e302e|302e/, $4 ~ /2e302e$/ ? "2e3028" : "3028", $4) } 1' \
		"$machines"/clx.txt >narrow.txt
	run "$cpulevel" publish narrow.txt --host b
	says 'maxphysaddr 46 -> 40'
	run "$cpulevel" drift --since "$start"
	exits 1
	says 'numbers: maxphysaddr 46 -> 40'
	says 'cannot enter any more'
}

@test "a VM's own CPUs, and with them ht, are no matter of hosts" {
	"$cpulevel" level cpu:icelake-sp --platform kvm-7.2 --topology 1x1x4x2 -o many.txt
	"$cpulevel" level cpu:icelake-sp --platform kvm-7.2 --topology 1x1x1x1 -o one.txt
	run "$cpulevel" diff many.txt one.txt
	exits 1
	[[ $output =~ htt\ +0x1.edx ]]
	"$cpulevel" pool init p --platform kvm-7.2
	"$cpulevel" pool add p a=cpu:icelake-sp b=cpu:icelake-sp
	for vm in many one; do
		"$cpulevel" vm boot $vm --host a --record $vm.txt
		run "$cpulevel" vm check $vm --to b
		exits 0
	done
}

@test "a toolstack that would compute another CPU today changes no boot record" {
	# a new release of what runs the guests hides SERIALIZE from new ones
	"$cpulevel" import cpu:sapphire-rapids -o is.txt
	without 7:0 edx 14 <is.txt >hidden.txt
	"$cpulevel" pool init p
	"$cpulevel" pool add p a=is.txt b=is.txt
	"$cpulevel" vm boot v --host a
	"$cpulevel" vm show v --json >before.json
	run "$cpulevel" whatif p --upgrade b=hidden.txt
	says '1 running VM cannot enter b any more until a power cycle'
	"$cpulevel" publish hidden.txt --host b
	run "$cpulevel" explain vm v --to b --json
	exits 1
	[[ $output == *'"field": "serialize"'*'the same versions show it'* ]]
	# nobody is asked to power-cycle for what they have: home is still home
	run "$cpulevel" vm check v --to a
	exits 0
	"$cpulevel" vm show v --json >after.json
	cmp before.json after.json
}

@test "RRSBA is told under the name that guests know" {
	sed 's/^msr 0x0000010a .*/msr 0x0000010a 0x000000000c02a0eb/
		s/^microcode: .*/microcode: 0x5003501/
		s/^state ret-alternate .*/state ret-alternate 0x00000000/' \
		"$machines"/clx.txt >old.txt
	"$cpulevel" pool init p
	"$cpulevel" pool add p a=old.txt b=old.txt
	"$cpulevel" vm boot v --host a
	run "$cpulevel" whatif p --upgrade b="$machines"/clx.txt
	says 'level changes 113 -> 114 features'
	says 'told from then on: rrsba'
	run "$cpulevel" publish "$machines"/clx.txt --host b
	says '+ rrsba'
	[[ $output != *numbers* ]]
	run "$cpulevel" explain vm v --to b
	exits 1
	says 'rsba or rrsba there, it was not told'
	run "$cpulevel" vm check v --to b
	says 'ret-alternate (rsba or rrsba)'
}
