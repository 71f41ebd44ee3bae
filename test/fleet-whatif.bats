#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# whatif and rehearse: what becomes of a fleet if hosts change.

bats_require_minimum_version 1.5.0
load verdicts
load questions

setup_file() {
	questions_file
}

setup() {
	questions_setup
}

# -- whatif ------------------------------------------------------------------

@test "whatif: without Cascade Lake the level rises by its 14 features" {
	run "$cpulevel" whatif a --leave clx-01
	exits 0
	says 'level rises 113 -> 127 features'
	says 'avx512-vbmi2 gfni vaes vpclmulqdq'
	says '0 running VMs stranded'
	says '2 VMs on clx-01 must move first: all can'
	says '3 VMs would gain features by a power cycle'
	says 'no way back'
	run "$cpulevel" whatif a --leave clx-01 --json
	exits 0
	[ "$(field 'd["format"]')" = cpulevel-whatif ]
	[ "$(field 'len(d["levels"][0]["gained"])')" = 14 ]
	[ "$(field 'd["levels"][0]["lost"]')" = '[]' ]
	[ "$(field 'd["vms"]["gain"]')" = 3 ]
	[ "$(field 'd["way_back"]')" = no ]
}

@test "whatif: without Sapphire or Granite Rapids it stays" {
	for host in spr-01 gnr-01; do
		run "$cpulevel" whatif a --leave "$host" --json
		[ "$(field 'd["levels"][0]["gained"]')" = '[]' ]
		[ "$(field 'd["levels"][0]["after"]')" = 113 ]
	done
}

@test "whatif: a VM on its only home cannot move, and that is said" {
	run "$cpulevel" whatif a --leave icx-01
	exits 1
	says '2 VMs on icx-01 must move first: 1 cannot'
	says '1 VM can go nowhere already'
}

@test "whatif: who had two homes and loses one is stranded, by name" {
	run "$cpulevel" whatif a --leave gnr-01 --vms
	exits 1
	says '1 running VM stranded'
	says db-1
	lacks web-17
	run "$cpulevel" whatif a --leave gnr-01 --json
	[ "$(field 'd["vms"]["stranded"]')" = 1 ]
}

@test "whatif: Linux 6.18 takes IBRSB from Milan and strands what booted with it" {
	run "$cpulevel" whatif m --kernel 'milan-*=6.18'
	exits 1
	says 'level changes 113 -> 116 features'
	says '- ibrsb stibp ssbd'
	says 'as seen with kernel 6.18.30'
	says '2 running VMs stranded'
	says 'in this order: milan-1 milan-2'
	says 'no moment at which every VM keeps a home: milan-3'
	run "$cpulevel" whatif m --kernel 'milan-*=6.18' --json
	[ "$(field 'd["levels"][0]["lost"]')" = "['ibrsb', 'stibp', 'ssbd']" ]
	[ "$(field 'd["order"]')" = "['milan-1', 'milan-2']" ]
	[ "$(field 'd["blocked"]')" = "['milan-3']" ]
}

@test "whatif: Linux 6.1 on Sapphire Rapids brings AMX; one has it already" {
	run "$cpulevel" whatif s --kernel 'spr-*=6.1'
	exits 0
	says '1 host has it already'
	says 'level rises 133 -> 145 features'
	says amx-tile
}

@test "whatif: microcode that adds RRSBA shuts out whom nobody told" {
	# as Cascade Lake was before the microcode of May 2023
	sed 's/^msr 0x0000010a .*/msr 0x0000010a 0x000000000c02a0eb/
		s/^microcode: .*/microcode: 0x5003501/
		s/^state ret-alternate .*/state ret-alternate 0x00000000/' \
		"$pool/clx.txt" >clx-old.txt
	export CPULEVEL_STORE=$BATS_TEST_TMPDIR/rrsba.db
	"$cpulevel" pool init c
	"$cpulevel" pool add c c-1=clx-old.txt c-2=clx-old.txt
	"$cpulevel" vm boot v-1 --host c-1
	"$cpulevel" pool init other
	"$cpulevel" pool add other o-1="$pool/clx.txt"
	run "$cpulevel" whatif c --microcode 'c-*=0x5003901'
	exits 1
	says 'told from then on: rrsba'
	says '1 running VM stranded'
	says 'was not told: rrsba'
	run "$cpulevel" whatif c --microcode 'c-1=0x05003901' --json
	exits 1
	[ "$(field 'd["levels"][0]["told"]')" = "['rrsba']" ]
}

@test "whatif: mixed vendors have a level each" {
	run "$cpulevel" whatif a --join "$pool/milan.txt"
	exits 0
	says '2 vendors: a level each, none in common'
	says 'AMD level: 113 features; there was none'
}

@test "whatif: nobody knows what no host has shown" {
	run "$cpulevel" whatif m --kernel 'milan-*=7.9'
	exits 4
	says 'no host with this CPU has shown kernel 7.9'
	says 'of kernel this is known: 6.1.172 6.18.30'
	says '--upgrade milan-1=FILE'
}

@test "whatif: a host of which nothing is known makes it incomplete" {
	cp "$CPULEVEL_STORE" copy.db
	export CPULEVEL_STORE=$PWD/copy.db
	"$cpulevel" pool add a new-01
	run "$cpulevel" whatif a --leave clx-01
	exits 4
	says 'incomplete: 1 host never reported'
}

@test "whatif: usage and names" {
	run "$cpulevel" whatif a
	exits 2
	says 'what if what?'
	run "$cpulevel" whatif --leave clx-01
	exits 2
	run "$cpulevel" whatif a --leave clx-1
	exits 3
	says clx-01
	run "$cpulevel" whatif a --leave milan-1
	exits 3
	says 'milan-1 is no host of a'
	run "$cpulevel" whatif a --leave nobody
	exits 3
	says 'cpulevel host list'
	run "$cpulevel" whatif a --leave clx
	exits 3
	says 'did you mean clx-01'
	run "$cpulevel" whatif a --kernel 'gone-*=6.1'
	exits 3
	run "$cpulevel" whatif a --upgrade clx-01
	exits 2
	says 'HOST=FILE is needed'
	run "$cpulevel" whatif a --leave clx-01 --leave clx-01
	exits 2
	says 'to change twice'
	run "$cpulevel" whatif b --leave clx-01
	exits 3
}

# plans: a build without libyaml reads none
plans() {
	"$cpulevel" rehearse - </dev/null 2>&1 | grep -q libyaml &&
		skip 'built without libyaml'
	return 0
}

# -- rehearse ----------------------------------------------------------------

@test "rehearse: the kernel of Sapphire Rapids, and where there is no way back" {
	plans
	printf 'pool: s\nsteps:\n  - kernel: spr-*=6.1\n' >plan.yaml
	run "$cpulevel" rehearse plan.yaml
	exits 0
	says 'every VM keeps a home at every step'
	says 'point of no return: step 2'
	run "$cpulevel" rehearse plan.yaml --json
	[ "$(field '[(s["who"], s["before"], s["after"], s["way_back"]) for s in d["steps"]]')" = \
		"[('spr-a', 133, 133, 'yes'), ('spr-b', 133, 145, 'no')]" ]
}

@test "rehearse: Milan stops at step 2; with a power cycle at a lower level it does not" {
	plans
	printf 'pool: m\nsteps:\n  - kernel: milan-*=6.18\n' >plan.yaml
	run "$cpulevel" rehearse plan.yaml
	exits 1
	says 'stops at step 2'
	says '2 stranded'
	cp "$CPULEVEL_STORE" copy.db
	export CPULEVEL_STORE=$PWD/copy.db
	"$cpulevel" level new roll --from host:milan-1 --drop ibrsb
	printf 'pool: m\nsteps:\n  - power-cycle: m-*=roll\n  - kernel: milan-*=6.18\n' >plan.yaml
	run "$cpulevel" rehearse plan.yaml
	exits 0
	says '2 boot anew'
	says 'every VM keeps a home at every step'
}

@test "rehearse: a host that left is not there any more; one that came back is" {
	plans
	printf 'pool: s\nsteps:\n  - leave: spr-a\n  - kernel: spr-*=6.1\n' >plan.yaml
	run "$cpulevel" rehearse plan.yaml --json
	exits 0
	[ "$(field '[s["who"] for s in d["steps"]]')" = "['spr-a', 'spr-b']" ]
	[ "$(field '[s["after"] for s in d["steps"]]')" = '[133, 145]' ]
	printf 'pool: s\nsteps:\n  - leave: [spr-a, spr-a]\n' >plan.yaml
	run "$cpulevel" rehearse plan.yaml
	exits 3
	says 'spr-a is no host of s'
	printf 'pool: s\nsteps:\n  - leave: spr-c\n  - join: %s\n' \
		"$pool/spr.txt" >plan.yaml
	run "$cpulevel" rehearse plan.yaml --json
	[ "$(field '[s["before"] for s in d["steps"]]')" = '[133, 133]' ]
	[ "$(field 'd["steps"][0]["cannot_move"]')" = 1 ]
}

@test "rehearse: a level at which VMs run nowhere is told at that step" {
	plans
	printf 'pool: m\nsteps:\n  - power-cycle: m-*=big\n' >plan.yaml
	run "$cpulevel" rehearse plan.yaml
	exits 1
	says 'no host admits 2 of them'
	says 'stops at step 1'
	run "$cpulevel" rehearse plan.yaml --json
	[ "$(field 'd["steps"][0]["nowhere"]')" = 2 ]
}

@test "rehearse: FILE:LINE where a plan is bad" {
	plans
	printf 'pool: s\nsteps:\n  - leav: spr-a\n' >plan.yaml
	run "$cpulevel" rehearse plan.yaml
	exits 3
	says 'plan.yaml:3: no step "leav"'
	printf 'pool: s\nsteps:\n  - leave: [spr-a\n' >plan.yaml
	run "$cpulevel" rehearse plan.yaml
	exits 3
	says 'plan.yaml:4:'
	printf 'steps:\n  - leave: spr-a\n' >plan.yaml
	run "$cpulevel" rehearse plan.yaml
	exits 3
	says 'which pool?'
	printf 'pool: s\nsteps:\n  - leave: &a spr-a\n  - leave: *a\n' >plan.yaml
	run "$cpulevel" rehearse plan.yaml
	exits 3
	says 'no aliases'
	printf 'pool: s\nsteps:\n  - power-cycle: none-*\n' >plan.yaml
	run "$cpulevel" rehearse plan.yaml
	exits 3
	says 'no running VM'
	: >plan.yaml
	run "$cpulevel" rehearse plan.yaml
	exits 3
	run "$cpulevel" rehearse gone.yaml
	exits 3
}

@test "whatif --join: under the name that pool add would give it" {
	run "$cpulevel" whatif a --join new-7="$pool/icx.txt"
	says 'join: new-7'
	cp "$pool/icx.txt" 'a=b.txt'
	run "$cpulevel" whatif a --join a=b.txt
	says 'join: icx'
	run "$cpulevel" whatif a --join new-7=nothing.txt
	exits 3
	says 'nothing.txt: No such file'
}

@test "rehearse: a name that is too long is no other one" {
	local long
	long=$(printf '%0256d' 0)
	printf 'pool: a\nsteps:\n  - power-cycle: "%s"\n' "$long" >long.yaml
	run "$cpulevel" rehearse long.yaml
	exits 3
	says 'line 3: a name of more than 255 bytes'
}
