#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# explain vm, place, why-not, blame, mobility, suggest: where VMs may go.

bats_require_minimum_version 1.5.0
load verdicts
load questions

setup_file() {
	questions_file
}

setup() {
	questions_setup
}

# -- explain vm, place, why-not ----------------------------------------------

@test "explain vm: every finding by name and place, and what helps" {
	run "$cpulevel" explain vm web-17 --to clx-01 --all
	exits 1
	says 'NO  web-17 (saw 128 features) cannot run on clx-01: 17 missing'
	says vaes
	says 'SIGILL possible'
	says 'harmless: speed only'
	says 'level icx-only@1'
	says 'power-cycle web-17 at the level of a (113 features)'
	run "$cpulevel" explain vm web-17 --to clx-01 --json
	[ "$(field 'd["format"], d["verdict"]')" = "('cpulevel-explain-vm', 'no')" ]
	[ "$(field '[f["where"] for f in d["findings"] if f["field"] == "vaes"]')" = "['0x7:0.ecx[9]']" ]
	[ "$(field 'd["fix"]["power_cycle"]')" = True ]
	[ "$(field 'd["fix"]["hosts"]')" = '[]' ]
}

@test "explain vm: yes, and where else" {
	run "$cpulevel" explain vm web-1 --to gnr-01
	exits 0
	says 'YES  web-1'
	run "$cpulevel" explain vm db-1 --to clx-01
	exits 1
	says 'or migrate to: gnr-01'
}

@test "explain vm: a feature that another kernel shows is no matter of silicon" {
	run "$cpulevel" explain vm new-1 --to spr-a
	exits 1
	says 'kernel 6.1.172 shows it'
}

@test "explain vm: usage and names" {
	run "$cpulevel" explain vm web-1
	exits 2
	says 'to which host?'
	run "$cpulevel" explain vm web-11 --to clx-01
	exits 3
	says 'did you mean'
	run "$cpulevel" explain vm web-1 --to clx-09
	exits 3
	says clx-01
}

@test "place: those that admit it first, the least to spare before all" {
	run "$cpulevel" place vm web-1
	exits 0
	says 'web-1: 3 other hosts of a'
	run "$cpulevel" place vm web-1 --json
	[ "$(field '[h["host"] for h in d["hosts"]]')" = "['clx-01', 'icx-01', 'spr-01', 'gnr-01']" ]
	[ "$(field 'd["hosts"][0]["own"]')" = True ]
	run "$cpulevel" place vm web-17
	exits 1
	says 'web-17: 0 other hosts of a'
	says 'without '
}

@test "why-not: one change, and what is not enough" {
	run "$cpulevel" why-not vm new-1 --to spr-a
	exits 0
	says 'yes  kernel 6.1.172 on spr-a'
	says 'yes  new-1 power-cycled at the level of s for hvm guests'
	run "$cpulevel" why-not vaes a
	exits 0
	says 'yes  a without clx-01'
	run "$cpulevel" why-not amx-tile a
	exits 1
	says 'no   a without icx-01'
	says 'no single change'
	run "$cpulevel" why-not amx-tile s --json
	exits 0
	[ "$(field '[c["enough"] for c in d["changes"]]')" = '[True, True]' ]
	run "$cpulevel" why-not sse2 a
	exits 0
	says 'nothing is in the way'
	run "$cpulevel" why-not vm new-1
	exits 2
	run "$cpulevel" why-not rrsba a
	exits 2
}

# -- blame, mobility, suggest ------------------------------------------------

@test "blame: hosts, VMs and levels without it" {
	run "$cpulevel" blame vaes a
	exits 1
	says 'hidden by 1 of 4 hosts'
	says clx-01
	says '3 of 5 VMs booted without it'
	says 'levels without it: a@1'
	run "$cpulevel" blame vaes --json
	exits 1
	[ "$(field '[p["pool"] for p in d["pools"]]')" = "['a', 'm', 'lab', 's']" ]
	[ "$(field 'd["pools"][0]["who"]')" = "['clx-01']" ]
	run "$cpulevel" blame sse2 a
	exits 0
	says 'all 4 hosts have it'
	run "$cpulevel" blame fb-clear a
	says 'stated by 2 of 4 hosts'
	run "$cpulevel" blame vaess a
	exits 2
	says 'did you mean vaes'
}

@test "mobility: a VM's own host is no other host" {
	run "$cpulevel" mobility a
	exits 1
	says '4 hosts, 5 VMs: 1 stranded; 1 island'
	run "$cpulevel" mobility a --json
	[ "$(field 'sorted((g["vms"], g["others"], g["fate"]) for g in d["pools"][0]["groups"])')" = \
		"[(1, 0, 'stranded'), (1, 1, 'free'), (3, 3, 'free')]" ]
	run "$cpulevel" mobility m
	exits 0
}

@test "mobility: the whole fleet, and who is stranded by name" {
	run "$cpulevel" mobility --all
	exits 1
	says '9 running VMs, 2 can go nowhere'
	run "$cpulevel" mobility --all --stranded
	exits 1
	says web-17
	says new-1
	lacks web-1$' '
	run "$cpulevel" mobility --all --stranded --json
	[ "$(field 'sorted(v["vm"] for v in d["vms_stranded"])')" = "['new-1', 'web-17']" ]
	run "$cpulevel" mobility
	exits 2
}

@test "mobility: islands of two vendors" {
	cp "$CPULEVEL_STORE" copy.db
	export CPULEVEL_STORE=$PWD/copy.db
	"$cpulevel" pool add a amd-1="$pool/milan.txt" amd-2="$pool/milan.txt"
	run "$cpulevel" mobility a
	says '2 islands'
	says 'island 2, 2 hosts'
	says 'amd-1 amd-2'
	# of one vendor it is not in the level of the other
	run "$cpulevel" blame sse4a a
	exits 1
	says 'hidden by 4 of 6 hosts'
	run "$cpulevel" why-not sse4a a
	exits 1
	run "$cpulevel" explain vm web-1 --to amd-1
	exits 1
	says 'the CPU vendors differ'
	run "$cpulevel" place vm web-1
	says 'another vendor: '
}

@test "mobility: without running VMs there are no islands to tell of" {
	export CPULEVEL_STORE=$PWD/empty.db
	"$cpulevel" pool init e
	"$cpulevel" pool add e e1="$pool/clx.txt" e2="$pool/icx.txt"
	run "$cpulevel" mobility e
	exits 0
	says '2 hosts, no running VM'
}

@test "suggest: the newer two and the older two" {
	run "$cpulevel" suggest a --groups 2
	exits 0
	says '4 hosts in 2 sub-pools'
	says '145 features: spr-01 gnr-01'
	says '113 features: clx-01 icx-01'
	says 'no other division keeps more'
	run "$cpulevel" suggest a --groups 2 --homes 3
	exits 0
	says '1 sub-pool'
	run "$cpulevel" suggest a --groups 2 --homes 5
	exits 1
	says 'a sub-pool of Intel has 4 hosts that can be reached: --homes 4 at most'
	run "$cpulevel" suggest a
	exits 2
	run "$cpulevel" suggest a --groups 0
	exits 2
}

@test "fleet: of what is not known nothing is promised" {
	export CPULEVEL_STORE=$PWD/unknown.db
	"$cpulevel" pool init a
	"$cpulevel" pool add a c1="$pool/clx.txt" i1="$pool/icx.txt"
	"$cpulevel" level new i --from host:i1
	"$cpulevel" vm boot v --host i1 --level i
	run "$cpulevel" place vm v
	exits 1
	"$cpulevel" pool add a n1
	run "$cpulevel" explain vm v --to n1
	exits 4
	says 'UNKNOWN  v'
	run "$cpulevel" explain vm v --to c1
	exits 1
	says 'once all hosts of a have reported'
	lacks 'fix: power-cycle'
	run "$cpulevel" place vm v
	exits 4
	says 'nothing is known of it'
	run "$cpulevel" mobility a
	exits 4
	says '0 stranded, 1 not known'
	run "$cpulevel" why-not vaes a
	exits 4
	says 'as far as is known'
	run "$cpulevel" why-not vm v --to c1
	exits 4
	run "$cpulevel" suggest a --groups 2
	exits 4
	run "$cpulevel" blame sse2 a
	exits 4
	# a host that cannot be reached is nobody's home
	"$cpulevel" pool remove a n1
	"$cpulevel" pool add a i2="$pool/icx.txt"
	run "$cpulevel" mobility a
	exits 0
	"$cpulevel" host set i2 --state unreachable
	run "$cpulevel" mobility a
	exits 4
	run "$cpulevel" explain vm v --to i2
	exits 4
	says 'i2 cannot be reached'
	lacks 'fix: power-cycle'
	run "$cpulevel" why-not vm v --to i2
	exits 4
	says 'i2 cannot be reached'
	lacks 'nothing is in the way'
	run "$cpulevel" place vm v
	exits 4
	says 'i2    unknown'
	says 'cannot be reached'
	run "$cpulevel" suggest a --groups 1 --homes 2
	exits 4
	says '1 host cannot be reached'
	run "$cpulevel" suggest a --groups 1 --homes 3
	exits 1
	run "$cpulevel" mobility a
	says '1 host never reported or cannot be reached'
	run "$cpulevel" whatif a --leave c1
	exits 4
	says 'cannot be reached; counted as'
}

# -- all of them -------------------------------------------------------------

@test "fleet: no line is wider than a narrow terminal" {
	command -v script >/dev/null || skip 'there is no script(1)'
	for question in 'whatif m --kernel milan-*=6.18' 'explain vm web-17 --to clx-01' \
		'place vm web-17' 'why-not vaes a' 'blame vaes' 'mobility a' \
		'mobility --all' 'mobility --all --stranded' \
		'suggest a --groups 2'; do
		script -qec "stty cols 60; NO_COLOR=1 $cpulevel $question" \
			/dev/null | tr -d '\r' >wide
		[ -s wide ]
		if grep -E '^.{61}' wide; then
			echo "$question"
			return 1
		fi
	done
}

@test "fleet: the same bytes each time, and as it was before" {
	"$cpulevel" mobility a --json >one || true
	"$cpulevel" mobility a --json >two || true
	cmp one two
	cp "$CPULEVEL_STORE" copy.db
	export CPULEVEL_STORE=$PWD/copy.db
	seq=$("$cpulevel" audit --json | tail -n 1 |
		python3 -c 'import json, sys; print(json.loads(sys.stdin.read())["seq"])')
	"$cpulevel" pool add a amd-1="$pool/milan.txt"
	run "$cpulevel" mobility a --at "$seq" --json
	[ "$output" = "$(cat one)" ]
}

@test "fleet: names are completed" {
	# shellcheck source=/dev/null
	source "${CPULEVEL_ROOT:-.}/completion/cpulevel.bash"
	offered() {
		COMP_WORDS=(cpulevel "$@")
		COMP_CWORD=$#
		_cpulevel "$cpulevel" "${COMP_WORDS[$COMP_CWORD]}" \
			"${COMP_WORDS[$((COMP_CWORD - 1))]}"
		echo "${COMPREPLY[*]}"
	}
	[ "$(offered whatif l)" = lab ]
	[ "$(offered whatif a --leave cl)" = clx-01 ]
	[ "$(offered why-not vm new)" = new-1 ]
	[ "$(offered why-not vaes l)" = lab ]
	[ "$(offered blame vaes l)" = lab ]
	[ "$(offered place v)" = vm ]
	[ "$(offered place vm db)" = db-1 ]
	[ "$(offered explain vm web-1 --to gn)" = gnr-01 ]
	[ "$(offered mob)" = mobility ]
	[ "$(offered rehe)" = rehearse ]
}

@test "suggest: a vendor with too few hosts is named" {
	"$cpulevel" pool init mixed
	"$cpulevel" pool add mixed c="$pool/clx.txt" i="$pool/icx.txt"
	"$cpulevel" pool add mixed milan="$pool/milan.txt"
	run "$cpulevel" suggest mixed --groups 3
	exits 1
	says 'a sub-pool of AMD has 1 host that can be reached: --homes 1 at most'
	run "$cpulevel" suggest mixed --groups 2 --homes 1
	exits 0
	says 'no other division keeps more'
}
