#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vm: what was promised, where it may go; level: which promise comes next.

bats_require_minimum_version 1.5.0
load verdicts
load fleet

setup() {
	fleet_setup
}

# seen VM: the hash of what it saw
seen() {
	"$cpulevel" vm show "$1" --json |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["seen"])'
}

# -- boot ----------------------------------------------------------------------

@test "vm boot: at the pool's own level, written down" {
	prod
	run "$cpulevel" vm boot web --host icx --note 'first'
	exits 0
	says 'prod@1'
	"$cpulevel" vm show web --json >v.json
	json v.json 'd["format"] == "cpulevel-vm" and d["host"] == "icx" and d["pool"] == "prod"'
	json v.json 'd["level"] == "prod@1" and d["feature_count"] == 113 and d["guest"] == "hvm"'
}

@test "vm boot: usage, unknown names, running elsewhere" {
	prod
	unchanged "$cpulevel" vm boot web
	exits 2
	says 'on which host?'
	unchanged "$cpulevel" vm boot web --host icy
	exits 3
	says 'did you mean icx?'
	unchanged "$cpulevel" vm boot web --host icx --level nothing
	exits 3
	unchanged "$cpulevel" vm boot web --host icx --level prod@7
	exits 3
	says 'the newest is 1'
	"$cpulevel" vm boot web --host icx
	unchanged "$cpulevel" vm boot web --host spr
	exits 5
	says 'is running on icx'
	run "$cpulevel" vm boot web --host icx
	exits 0
}

@test "vm boot: refused with every finding where the level does not fit" {
	prod
	"$cpulevel" level new icx-only --from host:icx
	unchanged "$cpulevel" vm boot web --host clx --level icx-only
	exits 5
	says 'NO  web cannot run on clx'
	says 'vaes'
	says 'gfni'
	run "$cpulevel" vm show web
	exits 3
}

@test "vm boot: a retired host, or one that never reported" {
	prod
	"$cpulevel" host retire clx
	unchanged "$cpulevel" vm boot web --host clx
	exits 5
	"$cpulevel" pool init other
	"$cpulevel" pool add other blank
	unchanged "$cpulevel" vm boot web --host blank
	exits 4
}

@test "vm boot --record: what the guest saw is believed, and told if it cannot be" {
	prod
	"$cpulevel" level --guest hvm "$machines"/icx.txt -o record.txt
	run "$cpulevel" vm boot web --host icx --record record.txt
	exits 0
	refute_warning=$output
	[[ $refute_warning != *warning* ]]
	run "$cpulevel" vm boot two --host clx --record record.txt
	exits 0
	says 'warning'
	run "$cpulevel" vm check web --to clx
	exits 1
}

# -- a running VM keeps what it saw --------------------------------------------

@test "a lesser host joins: running VMs keep their level and cannot go there" {
	"$cpulevel" pool init prod
	"$cpulevel" pool import prod "$machines"/icx.txt "$machines"/spr.txt
	"$cpulevel" vm boot web --host icx
	saw=$(seen web)
	"$cpulevel" pool add prod clx="$machines"/clx.txt
	[ "$(seen web)" = "$saw" ]
	unchanged "$cpulevel" vm move web --to clx
	exits 1
	says 'nothing was changed'
	says 'gfni'
	run "$cpulevel" vm move web --to spr
	exits 0
	# after a power cycle it may
	"$cpulevel" vm stop web
	"$cpulevel" vm boot web --host spr
	[ "$(seen web)" != "$saw" ]
	run "$cpulevel" vm move web --to clx
	exits 0
}

@test "vm check --all: those that take it first; 1 if none does" {
	prod
	"$cpulevel" level new two --from host:icx,spr
	"$cpulevel" vm boot web --host icx --level two
	run "$cpulevel" vm check web --all
	exits 0
	[[ ${lines[1]} == *yes* ]]
	[[ ${lines[3]} == *no*clx* ]]
	"$cpulevel" vm check web --all --json >c.json
	json c.json 'd["homes"] == 1 and {h["host"]: h["verdict"] for h in d["hosts"]} == {"clx": "no", "icx": "yes", "spr": "yes"}'
	"$cpulevel" level new spr-only --from host:spr
	"$cpulevel" vm boot one --host spr --level spr-only
	run "$cpulevel" vm check one --all
	exits 1
	says '0 other hosts'
}

@test "vm check --json is a cpulevel-check document" {
	prod
	"$cpulevel" level new icx-only --from host:icx
	"$cpulevel" vm boot web --host icx --level icx-only
	"$cpulevel" vm check web --to clx --json >c.json || [ $? -eq 1 ]
	json c.json 'd["format"] == "cpulevel-check" and d["verdict"] == "no"'
	json c.json '"vaes" in [f["field"] for f in d["findings"]]'
}

@test "vm stop, remove, list" {
	prod
	"$cpulevel" vm boot web --host icx
	"$cpulevel" vm boot db --host clx
	unchanged "$cpulevel" vm remove web
	exits 5
	"$cpulevel" vm list --host clx --json >l.json
	json l.json '[v["name"] for v in d["vms"]] == ["db"]'
	"$cpulevel" vm stop web
	"$cpulevel" vm list prod --json >l.json
	json l.json '{v["name"]: v["host"] for v in d["vms"]} == {"web": None, "db": "clx"}'
	unchanged "$cpulevel" vm move web --to clx
	exits 5
	"$cpulevel" vm remove web
	run "$cpulevel" vm show web
	exits 3
	run "$cpulevel" audit vm web
	exits 0
	says 'removed'
}

# -- which level ---------------------------------------------------------------

@test "level set: the VM's before its group's before the pool's" {
	prod
	for l in pool group vm; do
		"$cpulevel" level new for-$l --from pool:prod
	done
	"$cpulevel" host set icx --group g
	"$cpulevel" level set pool prod for-pool
	"$cpulevel" level set group g for-group
	"$cpulevel" level set vm a for-vm
	"$cpulevel" vm boot a --host icx
	"$cpulevel" vm boot b --host icx
	"$cpulevel" vm boot c --host clx
	"$cpulevel" level set pool prod --unset
	"$cpulevel" vm boot d --host clx
	"$cpulevel" vm list --json >l.json
	json l.json '{v["name"]: v["level"] for v in d["vms"]} == {"a": "for-vm@1", "b": "for-group@1", "c": "for-pool@1", "d": "prod@1"}'
}

@test "level set: a version stays, without one the newest counts" {
	prod
	"$cpulevel" level new gold --from pool:prod
	"$cpulevel" level new gold --from pool:prod --drop avx512
	"$cpulevel" level set vm old gold@1
	"$cpulevel" level set vm new gold
	"$cpulevel" vm boot old --host icx
	"$cpulevel" vm boot new --host icx
	"$cpulevel" vm list --json >l.json
	json l.json '{v["name"]: v["level"] for v in d["vms"]} == {"old": "gold@1", "new": "gold@2"}'
	"$cpulevel" level list --json >l.json
	json l.json '[(l["name"], l["level_version"], l["vms"], l["vms_older"]) for l in d["levels"] if l["name"] == "gold"] == [("gold", 2, 1, 1)]'
}

@test "level set: who keeps what it saw is said; errors" {
	prod
	"$cpulevel" vm boot web --host icx
	"$cpulevel" level new low --from pool:prod --cap x86-64-v3
	run "$cpulevel" level set pool prod low
	exits 0
	says '1 running VM keeps what it saw until a power cycle'
	unchanged "$cpulevel" level set pool prdo low
	exits 3
	unchanged "$cpulevel" level set pool prod lwo
	exits 3
	says 'did you mean low?'
	unchanged "$cpulevel" level set host icx low
	exits 2
	unchanged "$cpulevel" level set group g --unset
	exits 3
}

@test "level new: of hosts, pools and files; the same name is the next version" {
	prod
	run "$cpulevel" level new two --from host:icx,spr --note CHG-1
	exits 0
	says 'two@1'
	says '127 features'
	run "$cpulevel" level new two "$machines"/clx.txt "$machines"/icx.txt
	exits 0
	says 'two@2'
	says '- '
	run "$cpulevel" level show two@1
	exits 0
	says 'CHG-1'
	says 'host:icx,spr'
	"$cpulevel" level show two --json >l.json
	json l.json 'd["level_version"] == 2 and d["follows"] is None'
	unchanged "$cpulevel" level new prod --from host:icx
	exits 5
	unchanged "$cpulevel" level new x@1 --from host:icx
	exits 2
	unchanged "$cpulevel" level new x
	exits 2
	unchanged "$cpulevel" level new x --from host:icx --drop nonsense
	exits 2
	unchanged "$cpulevel" level new x --from host:icx "$machines"/milan.txt
	exits 5
}

@test "level new --follow: within its limits it follows the pool" {
	prod
	"$cpulevel" level new slim --follow prod --drop avx512
	"$cpulevel" level set pool prod slim
	"$cpulevel" vm boot a --host icx
	"$cpulevel" pool remove prod clx
	"$cpulevel" vm boot b --host icx
	"$cpulevel" vm list --json >l.json
	json l.json '{v["name"]: v["level"] for v in d["vms"]} == {"a": "slim@1", "b": "slim@2"}'
	"$cpulevel" level show slim --json >l.json
	json l.json '"gfni" in d["features"] and "avx512f" not in d["features"]'
}

@test "level lattice: distinct levels and their order" {
	prod
	"$cpulevel" level lattice prod --json >l.json
	json l.json 'len(d["nodes"]) == 5 and d["complete"]'
	json l.json '[n["feature_count"] for n in d["nodes"]] == [145, 128, 127, 114, 113]'
	json l.json '[n["hosts"] for n in d["nodes"]] == [1, 1, 2, 1, 3]'
	json l.json 'd["nodes"][2]["above"] == [5] and d["nodes"][0]["above"] == [3]'
	run "$cpulevel" level lattice prod --dot
	exits 0
	says 'digraph'
	says 'n5 -> n3'
}

@test "levels of the store where a file is asked for" {
	prod
	run "$cpulevel" check store:prod@1 "$machines"/clx.txt
	exits 0
	run "$cpulevel" gen store:prod --for qemu
	exits 0
	run "$cpulevel" show store:prdo
	exits 3
	says 'did you mean prod?'
}

@test "files called new or list are still files of level" {
	cp "$machines"/clx.txt new
	run "$cpulevel" level ./new
	exits 0
	says 'level of 1 machine'
}

@test "level set: a group that is not there, another kind of guests, who keeps what" {
	prod
	"$cpulevel" level new gold --from host:icx,spr
	"$cpulevel" host set icx --group big
	"$cpulevel" vm boot web --host icx
	"$cpulevel" vm boot db --host clx
	run "$cpulevel" level set group big gold
	exits 0
	says '1 running VM keeps what it saw'
	run "$cpulevel" level set group bigg gold
	exits 0
	says 'no host is in a group bigg yet'
	"$cpulevel" level new old --from cpu:cascadelake-sp --guest pv --platform xen-4.17
	run "$cpulevel" level set pool prod old
	says 'is for pv guests, and those of pool prod are hvm'
}

@test "vm move: into another pool is said" {
	prod
	"$cpulevel" vm boot web --host icx
	"$cpulevel" pool init other
	"$cpulevel" pool add other gnr="$machines"/gnr.txt
	run "$cpulevel" vm move web --to gnr
	exits 0
	says 'web  icx -> gnr, out of prod into other'
	run "$cpulevel" vm move web --to gnr
	says 'runs on gnr already'
}
