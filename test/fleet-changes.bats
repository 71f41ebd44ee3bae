#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# publish, drift, watch, audit, store; --at; and a rolling upgrade as a story.

bats_require_minimum_version 1.5.0
load verdicts
load fleet

setup() {
	fleet_setup
}

# -- publish -------------------------------------------------------------------

@test "publish: new, unchanged, changed; written only when something changed" {
	run "$cpulevel" publish "$machines"/spr-5.10.txt --host spr-01
	exits 0
	says 'spr-01  new'
	unchanged "$cpulevel" publish "$machines"/spr-5.10.txt --host spr-01
	exits 0
	says 'spr-01  unchanged'
	run "$cpulevel" publish "$machines"/spr.txt --host spr-01
	exits 0
	says 'kernel 5.10.255-253.1008.amzn2.x86_64 -> 6.1.172-216.329.amzn2023.x86_64'
	says 'amx-tile'
	unchanged "$cpulevel" publish "$machines"/spr-5.10.txt --host spr-01 --dry-run
	says 'would change'
}

@test "publish: this machine" {
	run "$cpulevel" publish --host me
	[ "$status" -eq 0 ] || skip "this machine cannot be described: $output"
	run "$cpulevel" host show me
	says 'to new guests'
	unchanged "$cpulevel" publish --host me
	says 'unchanged'
}

@test "publish: a level is no machine" {
	"$cpulevel" level --guest hvm "$machines"/clx.txt -o l.txt
	"$cpulevel" pool init p
	unchanged "$cpulevel" publish l.txt --host x
	exits 3
	says 'no machine'
}

@test "publish --batch: JSON lines; a bad one is told with its number" {
	python3 - "$machines" >reports <<-'EOF'
	import json, sys
	for i in range(600):
	    name = ('clx', 'icx', 'spr')[i % 3]
	    with open('%s/%s.txt' % (sys.argv[1], name)) as f:
	        print(json.dumps({'host': 'h%d' % i, 'report': f.read()}))
	EOF
	"$cpulevel" publish --batch --json <reports >r.json
	json r.json '(d["reports"], d["changed"], d["new"]) == (600, 600, 600)'
	unchanged "$cpulevel" publish --batch --json <reports
	says '"changed": 0'
	echo '{"host": "h7"}' >bad
	unchanged "$cpulevel" publish --batch <bad
	exits 3
	says '<stdin>:1:'
	{ head -1 reports; echo; echo '{"host": "x", "report": "nonsense"}'; } >bad
	unchanged "$cpulevel" publish --batch <bad
	exits 3
	says '<stdin>:3: x:'
}

# -- the changes ---------------------------------------------------------------

@test "audit: who, what, why; by name, also of what is gone" {
	prod
	"$cpulevel" vm boot web --host icx --note 'CHG-1'
	"$cpulevel" vm move web --to clx --note 'CHG-2'
	run "$cpulevel" audit vm web
	exits 0
	[ "${#lines[@]}" -eq 2 ]
	says 'host icx -> clx  (CHG-2)'
	run "$cpulevel" audit --limit 1
	[ "${#lines[@]}" -eq 1 ]
	"$cpulevel" audit --json >a.jsonl
	python3 - <<-'EOF'
	import json
	rows = [json.loads(l) for l in open('a.jsonl')]
	assert [r['seq'] for r in rows] == list(range(1, len(rows) + 1))
	assert all(r['actor'] and r['time'] for r in rows)
	assert rows[-1]['before']['host'] != rows[-1]['after']['host']
	EOF
	run "$cpulevel" audit vm nobody
	exits 3
	run "$cpulevel" audit vm
	exits 2
	run "$cpulevel" audit thing x
	exits 2
	run "$cpulevel" audit pool prod
	says 'vm web'
	says 'host clx'
}

@test "audit: levels that were set, of the level and of whom they were set for" {
	prod
	"$cpulevel" level new gold --from pool:prod --note CHG-7
	"$cpulevel" level set vm web gold --note CHG-8
	"$cpulevel" level set pool prod gold --note CHG-9
	run "$cpulevel" audit level gold
	[ "${#lines[@]}" -eq 3 ]
	says CHG-7
	says CHG-8
	says CHG-9
	run "$cpulevel" audit vm web
	says CHG-8
	[[ $output != *CHG-9* ]]
	run "$cpulevel" audit pool prod
	says CHG-9
	[[ $output != *CHG-8* ]]
	run "$cpulevel" audit level gold --limit 1
	[ "${#lines[@]}" -eq 1 ]
	says CHG-9
}

@test "watch: goes on after --since without a gap, and as changes come" {
	prod
	"$cpulevel" watch --since 0 --timeout 0 --json >w.jsonl
	[ "$(wc -l <w.jsonl)" -eq "$(newest)" ]
	last=$(newest)
	"$cpulevel" watch --since "$last" --timeout 2 >later &
	watcher=$!
	sleep 0.3
	"$cpulevel" vm boot web --host icx
	wait "$watcher"
	grep -q 'vm web: new' later
	[ "$(wc -l <later)" -eq 1 ]
}

@test "--at: as it was, by number and by time" {
	prod
	first=$(newest)
	"$cpulevel" vm boot web --host icx
	"$cpulevel" pool remove prod clx
	run "$cpulevel" pool show prod --at "$first"
	exits 0
	says '3 hosts  0 VMs'
	says '113 features'
	run "$cpulevel" pool show prod --at now
	says '2 hosts  1 VM '
	run "$cpulevel" vm show web --at "$first"
	exits 3
	run "$cpulevel" pool show prod --at 7d
	exits 3
	says 'nothing yet'
	run "$cpulevel" pool show prod --at 2001-01-01T00:00Z
	exits 3
	run "$cpulevel" pool show prod --at 2099-01-01
	exits 3
	says 'has not come yet'
	run "$cpulevel" pool show prod --at 99999
	exits 3
	for bad in yesterday 2026-13-01 7x ''; do
		run "$cpulevel" pool show prod --at "$bad"
		exits 2
	done
}

@test "times: zones, ago, units" {
	"$cpulevel" pool init p
	for to_come in 2099-01-01 2099-01-01T08:00 2099-01-01T08:00:30Z \
		'2099-01-01 08:00+02:00' 2099-01-01T08:00:00.5-0530; do
		run "$cpulevel" pool list --at "$to_come"
		exits 3
		says 'has not come yet'
	done
	for none in 2026-02-29 2026-04-31 2100-02-29 2026-11-20T24:00; do
		run "$cpulevel" pool list --at "$none"
		exits 2
		says 'is no time'
	done
	run "$cpulevel" pool list --at 2024-02-29
	exits 3
	says 'nothing yet'
	for past in 7d '2h ago' '90 min' 1w '3 days ago'; do
		run "$cpulevel" pool list --at "$past"
		exits 3
		says 'nothing yet'
	done
}

@test "store: info, check, copy" {
	prod
	"$cpulevel" vm boot web --host icx
	run "$cpulevel" store check
	exits 0
	says '0 problems'
	"$cpulevel" store copy "$CPULEVEL_STORE" copy.db
	diff <("$cpulevel" audit --json) <("$cpulevel" audit --json --store copy.db)
	diff <("$cpulevel" pool show prod) <("$cpulevel" pool show prod --store copy.db)
	run "$cpulevel" store check --store copy.db
	exits 0
	run "$cpulevel" store copy "$CPULEVEL_STORE" copy.db
	exits 3
	run "$cpulevel" store copy nowhere.db other.db
	exits 3
}

@test "several at once: each change is there, none twice" {
	prod
	for i in 1 2 3 4 5 6 7 8; do
		(
			for j in 1 2 3; do
				"$cpulevel" vm boot "vm-$i-$j" --host icx
				"$cpulevel" vm move "vm-$i-$j" --to spr
			done
		) >/dev/null &
	done
	wait
	run "$cpulevel" store check
	exits 0
	"$cpulevel" vm list --host spr --json >l.json
	json l.json 'len(d["vms"]) == 24'
	[ "$("$cpulevel" audit --json | grep -c '"kind":"vm"')" -eq 48 ]
}

# -- a rolling upgrade ---------------------------------------------------------
#
# Two Sapphire Rapids with Linux 5.10 get 6.1, one after the other, the
# microcode the same: guests gain AMX and others, 133 features become 145.  A
# rollback of one host then strands who booted in between.

@test "a rolling upgrade from Linux 5.10 to 6.1, and back" {
	"$cpulevel" pool init spr
	"$cpulevel" pool add spr a="$machines"/spr-5.10.txt \
		b="$machines"/spr-5.10.txt
	"$cpulevel" vm boot early --host a
	start=$(newest)

	# the first host: the level stays, nobody is stranded
	"$cpulevel" publish "$machines"/spr.txt --host b
	run "$cpulevel" pool show spr
	says '133 features'
	[[ $output =~ b[^$'\n']*'145      12  kernel' ]]
	run "$cpulevel" drift spr --since "$start"
	exits 1
	says 'kernel 5.10.255-253.1008.amzn2.x86_64 -> 6.1.172-216.329.amzn2023.x86_64'
	says 'amx-tile'
	[[ $output != *stranded* && $output != *'cannot enter'* ]]
	run "$cpulevel" vm move early --to b
	exits 0

	# the second: new boots have more, early keeps what it saw
	"$cpulevel" publish "$machines"/spr.txt --host a
	"$cpulevel" vm boot late --host b
	"$cpulevel" vm list --json >l.json
	json l.json '{v["name"]: v["level"] for v in d["vms"]} == {"early": "spr@1", "late": "spr@2"}'
	"$cpulevel" level list --json >l.json
	json l.json '[(l["vms"], l["vms_older"], l["feature_count"]) for l in d["levels"]] == [(1, 1, 145)]'
	upgraded=$(newest)

	# back: late has nowhere to go, early has
	"$cpulevel" publish "$machines"/spr-5.10.txt --host a
	run "$cpulevel" drift spr --since "$upgraded"
	exits 1
	says '1 VM that could run there cannot enter any more; 1 of them has nowhere else to go'
	run "$cpulevel" vm check late --all
	exits 1
	run "$cpulevel" vm check early --all
	exits 0
	run "$cpulevel" drift spr --since "$start" --json
	exits 1
	run "$cpulevel" drift spr --since "$(newest)"
	exits 0
	says 'no host drifted'
}

# without_rrsba < MACHINE: as an older microcode had it; RRSBA is bit 19 of
# ARCH_CAPABILITIES (SDM v4, table 2-2)
without_rrsba() {
	python3 -c '
import sys
for line in sys.stdin:
    w = line.split()
    if w[:2] == ["msr", "0x0000010a"]:
        v = int(w[2], 16)
        assert v & 1 << 19
        line = line.replace(w[2], "0x%016x" % (v & ~(1 << 19)))
    elif w[:1] == ["microcode:"]:
        line = "microcode: 0x5003303\n"
    if w[:2] != ["state", "ret-alternate"]:
        print(line, end="")'
}

@test "microcode that adds RRSBA: who was not told cannot come, until a power cycle" {
	without_rrsba <"$machines"/clx.txt >before.txt
	"$cpulevel" pool init clx
	"$cpulevel" pool add clx a=before.txt b=before.txt
	"$cpulevel" vm boot web --host a
	start=$(newest)
	"$cpulevel" publish "$machines"/clx.txt --host b
	run "$cpulevel" drift --since "$start"
	exits 1
	says 'microcode 0x5003303 -> 0x5003901'
	says '+ rrsba'
	says '1 VM that could run there cannot enter any more; 1 of them has nowhere else to go'
	unchanged "$cpulevel" vm move web --to b
	exits 1
	says 'ret-alternate'
	# the level now tells it everywhere, although a does not need it
	"$cpulevel" vm stop web
	"$cpulevel" vm boot web --host a
	run "$cpulevel" pool show clx
	says 'not true of all hosts: rrsba'
	run "$cpulevel" vm move web --to b
	exits 0
}

@test "--json: every verb prints documents with format and version" {
	# document FORMAT ARGUMENT...
	document() {
		local format=$1
		shift
		"$cpulevel" "$@" --json >doc.json || [ $? -eq 1 ]
		python3 - "$format" <<-'EOF' || { echo "$*"; return 1; }
		import json, sys
		with open('doc.json') as f:
		    text = f.read()
		docs = [json.loads(text)] if text.startswith('{\n') else \
		    [json.loads(line) for line in text.splitlines()]
		assert docs
		for d in docs:
		    assert d['format'] == sys.argv[1], d['format']
		    assert d['version'] == 1
		EOF
	}
	document cpulevel-pool pool init p
	document cpulevel-pool pool import p "$machines"/clx.txt "$machines"/icx.txt
	document cpulevel-pool pool add p spr="$machines"/spr.txt
	document cpulevel-pools pool list
	document cpulevel-pool pool show p
	document cpulevel-hosts host list
	document cpulevel-host host show clx
	document cpulevel-host host set clx --group g
	document cpulevel-vm vm boot v --host icx
	document cpulevel-vm vm show v
	document cpulevel-check vm check v --to clx
	document cpulevel-vm-check vm check v --all
	document cpulevel-check vm move v --to clx
	document cpulevel-vms vm list
	document cpulevel-vm vm stop v
	document cpulevel-vm vm remove v
	document cpulevel-stored-level level new l --from host:icx
	document cpulevel-stored-level level show l
	document cpulevel-levels level list
	document cpulevel-assign level set pool p l
	document cpulevel-assign level set pool p --unset
	document cpulevel-lattice level lattice
	document cpulevel-publish publish "$machines"/spr-5.10.txt --host spr
	document cpulevel-drift drift --since 1
	document cpulevel-change audit
	document cpulevel-change watch --since 0 --timeout 0
	document cpulevel-store store info
	document cpulevel-store-check store check
	document cpulevel-host host retire spr
	document cpulevel-pool pool remove p clx
}

@test "drift: also of a host that was added before it reported" {
	"$cpulevel" pool init prod
	"$cpulevel" pool add prod spr="$machines"/spr.txt
	since=$(newest)
	"$cpulevel" pool add prod icx
	"$cpulevel" publish "$machines"/icx.txt --host icx
	run "$cpulevel" drift --since "$since"
	exits 0
	"$cpulevel" publish "$machines"/clx.txt --host icx
	run "$cpulevel" drift --since "$since"
	exits 1
	says 'prod  1 host: icx'
	says '0xd000421 -> 0x5003901'
	run "$cpulevel" pool show prod
	[[ $output =~ icx[^$'\n']*'cpu microcode' ]]
}

@test "audit: a note of several lines is one, and moves no cursor" {
	prod
	"$cpulevel" host set icx --group g --note $'one\ntwo\x1b[31m'
	run "$cpulevel" audit host icx
	says '(one?two?[31m)'
}

@test "numbers that are none: --limit, --timeout" {
	prod
	for bad in abc -3 0 1x; do
		run "$cpulevel" audit --limit "$bad"
		exits 2
	done
	run "$cpulevel" audit --limit 1
	[ "${#lines[@]}" -eq 1 ]
	for bad in abc -1 nan; do
		run "$cpulevel" watch --timeout "$bad"
		exits 2
	done
	run "$cpulevel" drift --since 2099-01-01
	exits 3
	says 'has not come yet'
}

@test "publish --batch: what a host says last counts, and is counted once" {
	reports() {
		for m in "$@"; do
			python3 -c 'import json, sys
print(json.dumps({"host": "h", "report": open(sys.argv[1]).read()}))' "$machines/$m.txt"
		done
	}
	run "$cpulevel" publish --batch < <(reports icx icx clx)
	exits 0
	says '3 reports: 2 changed, 1 of these new'
	"$cpulevel" publish --batch < <(reports icx clx)
	run "$cpulevel" host show h
	says '0x5003901'
}
