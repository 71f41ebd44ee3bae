#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pool, host: hosts come and go, and the level follows.

bats_require_minimum_version 1.5.0
load verdicts
load fleet

setup() {
	fleet_setup
}

# -- pool ----------------------------------------------------------------------

@test "pool init: a store is made; twice, or of no such platform, is refused" {
	run "$cpulevel" pool init prod --platform kvm-6.1
	exits 0
	[ -e fleet.db ]
	unchanged "$cpulevel" pool init prod
	exits 5
	unchanged "$cpulevel" pool init other --platform kvm-6.1 --guest pv
	exits 2
	says 'runs no pv guests'
	unchanged "$cpulevel" pool init other --platform kvm-1
	exits 2
}

@test "no store: 3, and what to do" {
	run "$cpulevel" pool list
	exits 3
	says 'pool init'
	[ ! -e fleet.db ]
}

@test "pool import: the level that the hosts have, as version 1" {
	run prod
	exits 0
	says 'prod  3 hosts  level prod@1  113 features = x86-64-v4 + 84'
}

@test "pool show: who hides how much, who limits, what is told everywhere" {
	prod
	run "$cpulevel" pool show prod
	exits 0
	says 'prod  3 hosts  0 VMs  GenuineIntel  level prod@1'
	says 'limiting: clx (14 features)'
	says 'not true of all hosts: fb-clear rrsba'
	[[ $output =~ clx[^$'\n']*' 114 '+' 1 ' ]]
	[[ $output =~ icx[^$'\n']*' 128 '+' 16 ' ]]
	[[ $output =~ spr[^$'\n']*' 145 '+' 33 ' ]]
}

@test "pool show --json: the same, with names" {
	prod
	"$cpulevel" pool show prod --json >p.json
	json p.json 'd["format"] == "cpulevel-pool" and d["version"] == 1'
	json p.json 'd["hosts"] == 3 and not d["incomplete"]'
	json p.json 'd["level"]["version"] == 1 and d["level"]["current"]'
	json p.json 'len(d["level"]["features"]) == 113'
	json p.json '"la57" in d["limiting"]["features"] and len(d["limiting"]["features"]) == 14'
	json p.json 'set(d["statements"]) == {"fb-clear", "rrsba"}'
	json p.json '[m["hidden"] for m in d["members"]] == [1, 16, 33]'
}

@test "a pool's level is that of cpulevel level" {
	prod
	"$cpulevel" level --guest hvm --json "$machines"/clx.txt \
		"$machines"/icx.txt "$machines"/spr.txt >l.json
	"$cpulevel" pool show prod --json >p.json
	python3 - <<-'EOF'
	import json
	a = json.load(open('l.json'))['features']
	b = json.load(open('p.json'))['level']['features']
	assert sorted(a) == sorted(b), set(a) ^ set(b)
	EOF
}

@test "pool add HOST=FILE: a lesser host lowers the level, and says what goes" {
	"$cpulevel" pool init prod
	"$cpulevel" pool add prod icx="$machines"/icx.txt
	run "$cpulevel" pool add prod clx="$machines"/clx.txt
	exits 0
	says 'level prod@2  113 features'
	says '  + rrsba'
	[[ ${output#*  - } == *vaes*la57* ]]
	run "$cpulevel" pool remove prod clx
	exits 0
	says 'prod@3  128 features'
	says '+'
}

@test "fail closed: a host that never reported makes the pool incomplete" {
	prod
	run "$cpulevel" pool add prod new-01
	exits 0
	says 'incomplete: 1 host never reported'
	run "$cpulevel" pool show prod
	exits 4
	says 'never reported'
	unchanged "$cpulevel" vm boot web --host icx
	exits 4
	says 'incomplete'
	"$cpulevel" publish "$machines"/icx.txt --host new-01
	run "$cpulevel" pool show prod
	exits 0
}

@test "fail closed: an unreachable host counts as it was, and is no home" {
	prod
	"$cpulevel" vm boot web --host icx
	"$cpulevel" host set clx --state unreachable --note 'a fan'
	run "$cpulevel" pool show prod
	exits 4
	says '113 features'
	says 'cannot be reached'
	unchanged "$cpulevel" vm move web --to clx
	exits 4
	run "$cpulevel" vm check web --to clx
	exits 4
	says 'cannot be reached'
	unchanged "$cpulevel" vm boot other --host clx
	exits 4
	run "$cpulevel" vm boot other --host spr
	exits 0
	says 'warning: 1 host of pool prod cannot be reached'
	"$cpulevel" publish "$machines"/clx.txt --host clx
	run "$cpulevel" vm check web --to clx
	exits 0
}

@test "several vendors: no level of its own, one for each" {
	prod
	run "$cpulevel" pool add prod milan="$machines"/milan.txt
	exits 0
	says 'vendors differ'
	run "$cpulevel" pool show prod
	says 'Intel: 3 hosts, 113 features'
	says 'AMD: 1 host,'
	unchanged "$cpulevel" vm boot web --host icx
	exits 5
	says 'vendors differ'
}

@test "pool import: all or nothing" {
	prod
	mkdir hosts
	cp "$machines"/milan.txt hosts/a.txt
	sed 's/^cpuid 0x00000007 0x00 0x/cpuid 0x00000007 0x00 0y/' \
		"$machines"/icx.txt >hosts/b.txt
	unchanged "$cpulevel" pool import prod hosts
	exits 3
	says 'hosts/b.txt:'
	run "$cpulevel" host show milan
	exits 3
	unchanged "$cpulevel" pool import prod "$machines"/gnr.txt "$machines"/gnr.txt
	exits 3
	says 'two descriptions of a host gnr'
	unchanged "$cpulevel" pool import prod /nowhere
	exits 3
}

@test "pool import: from standard input" {
	"$cpulevel" pool init prod
	run "$cpulevel" pool import prod - <"$machines"/icx.txt
	exits 0
	says '1 host '
}

@test "--dry-run says it and changes nothing" {
	prod
	unchanged "$cpulevel" pool add prod gnr="$machines"/gnr.txt --dry-run
	exits 0
	says '4 hosts'
	says 'nothing was changed'
	run "$cpulevel" host show gnr
	exits 3
}

@test "names: did you mean" {
	prod
	run "$cpulevel" pool show prdo
	exits 3
	says 'did you mean prod?'
	run "$cpulevel" host show clz
	exits 3
	says 'did you mean clx?'
	run "$cpulevel" pool lst
	exits 2
	says 'did you mean list?'
	run "$cpulevel" pool
	exits 2
	run "$cpulevel" pool show
	exits 2
}

@test "pool list" {
	prod
	"$cpulevel" pool init empty
	"$cpulevel" vm boot web --host icx
	"$cpulevel" pool list --json >l.json
	json l.json '[(p["name"], p["hosts"], p["vms"], p["level"]) for p in d["pools"]] == [("prod", 3, 1, "prod@1"), ("empty", 0, 0, None)]'
	run "$cpulevel" pool list
	says 'prod@1'
}

@test "at 60 columns nothing is wider" {
	prod
	command -v script >/dev/null || skip "no script(1) for a terminal"
	script -qec "stty cols 60; NO_COLOR=1 '$cpulevel' pool show prod" \
		/dev/null | tr -d '\r' >out
	grep -q clx out
	[ "$(awk '{ if (length > m) m = length } END { print m }' out)" -le 60 ]
}

@test "many hosts are shown by kind" {
	"$cpulevel" pool init big
	for i in $(seq 30); do
		sed "s/^name: .*/name: icx-$i/" "$machines"/icx.txt
	done >many.txt
	"$cpulevel" pool import big many.txt
	"$cpulevel" pool show big --json >p.json
	json p.json 'd["hosts"] == 30 and [m["hosts"] for m in d["members"]] == [30]'
	"$cpulevel" pool show big --all --json >p.json
	json p.json 'len(d["members"]) == 30'
}

@test "a folder of descriptions is a store that can be read" {
	run "$cpulevel" pool show default --store "$machines"
	says 'Intel: 5 hosts'
	run "$cpulevel" pool init more --store "$machines"
	exits 3
}

@test "real machines, PV guests, derived for Xen: the level is that of level" {
	corpus=${CPULEVEL_CORPUS:-$root/../shared/corpus}
	[ -d "$corpus/libvirt" ] || skip "no corpus of dumps"
	"$cpulevel" pool init xen --guest pv --platform xen-4.17
	"$cpulevel" pool import xen "$corpus"/libvirt/*-Xeon-*.xml
	"$cpulevel" pool show xen --json >p.json
	"$cpulevel" level --guest pv --platform xen-4.17 --json \
		"$corpus"/libvirt/*-Xeon-*.xml >l.json 2>/dev/null
	python3 - <<-'EOF'
	import json
	p, l = json.load(open('p.json')), json.load(open('l.json'))
	assert p['hosts'] == len(l['hosts']) and p['guest'] == 'pv'
	assert sorted(p['level']['features']) == sorted(l['features'])
	EOF
	"$cpulevel" vm boot web --host "$(python3 -c '
import json
print(json.load(open("p.json"))["members"][0]["host"])')"
	"$cpulevel" vm check web --all --json >c.json
	json c.json 'all(h["verdict"] == "yes" for h in d["hosts"])'
}

# -- host ----------------------------------------------------------------------

@test "host list, host show, in text and JSON" {
	prod
	run "$cpulevel" host list prod
	exits 0
	says 'spr'
	"$cpulevel" host list --json >l.json
	json l.json '[h["name"] for h in d["hosts"]] == ["clx", "icx", "spr"]'
	"$cpulevel" host show spr --json >h.json
	json h.json 'd["microcode"] == "0x2b000661" and d["pool"] == "prod" and d["feature_count"] == 145'
}

@test "host retire: not while VMs run there; then it is in no pool" {
	prod
	"$cpulevel" vm boot web --host clx
	unchanged "$cpulevel" host retire clx
	exits 5
	says 'vm list --host clx'
	unchanged "$cpulevel" pool remove prod clx
	exits 5
	"$cpulevel" vm move web --to icx
	run "$cpulevel" host retire clx
	exits 0
	run "$cpulevel" pool show prod
	says '2 hosts'
	says 'prod@2'
	says '127 features'
	run "$cpulevel" host show clx
	says 'retired'
}

@test "host set" {
	prod
	unchanged "$cpulevel" host set clx
	exits 2
	unchanged "$cpulevel" host set clx --state gone
	exits 2
	"$cpulevel" host set clx --group gpu
	"$cpulevel" host show clx --json >h.json
	json h.json 'd["group"] == "gpu"'
	"$cpulevel" host set clx --group ''
	"$cpulevel" host show clx --json >h.json
	json h.json 'd["group"] is None'
}

# -- where hosts and pools go --------------------------------------------------

@test "a host is in one pool: from another it leaves that, and its level is told" {
	prod
	"$cpulevel" pool init other
	run "$cpulevel" pool add other clx
	exits 0
	says 'other  1 host  level other@1  114 features'
	says '1 of them came from prod:'
	says 'prod  2 hosts  level prod@2  127 features'
	"$cpulevel" pool add other icx --json >o.json
	json o.json 'd["from"][0]["name"] == "prod" and d["from"][0]["moved"] == 1'
	json o.json 'd["from"][0]["level"]["version"] == 3'
	run "$cpulevel" audit pool prod
	says 'host clx: pool prod -> -'
	"$cpulevel" vm boot web --host spr
	unchanged "$cpulevel" pool add other spr
	exits 5
	says 'VMs are running on spr'
}

@test "pool drop: when nothing is in it; it can be read --at, and made anew" {
	prod
	before=$(newest)
	unchanged "$cpulevel" pool drop prod
	exits 5
	says '3 hosts'
	"$cpulevel" vm boot web --host icx --level prod
	"$cpulevel" vm stop web
	"$cpulevel" pool remove prod clx icx spr
	unchanged "$cpulevel" pool drop prod
	exits 5
	says 'VM web belongs to prod'
	"$cpulevel" vm remove web
	"$cpulevel" pool add prod clx
	"$cpulevel" level new fast --follow prod
	"$cpulevel" level set pool prod fast
	"$cpulevel" pool remove prod clx
	unchanged "$cpulevel" pool drop prod
	exits 5
	says 'level fast follows prod'
	"$cpulevel" level new fast --from store:fast
	unchanged "$cpulevel" pool drop prod --dry-run
	exits 0
	run "$cpulevel" pool drop prod --note 'rack 7 is gone'
	exits 0
	says 'prod  dropped'
	run "$cpulevel" pool show prod
	exits 3
	run "$cpulevel" pool show prod --at "$before"
	exits 0
	says '3 hosts'
	run "$cpulevel" audit pool prod
	says 'pool prod: removed  (rack 7 is gone)'
	says 'host icx: pool prod -> -'
	# its level stays as it was, and goes on in a new pool of the name
	run "$cpulevel" level show prod
	exits 0
	says 'nothing: it stays as it is'
	run "$cpulevel" level list
	exits 0
	"$cpulevel" pool init prod
	run "$cpulevel" pool add prod spr
	says 'level prod@3  145 features'
	run "$cpulevel" pool show prod
	[[ $output != *'next boots at'* ]]
	run "$cpulevel" store check
	says '0 problems'
	run "$cpulevel" pool drop nonsense
	exits 3
}

@test "pool add: the same host twice is refused" {
	prod
	unchanged "$cpulevel" pool add prod a="$machines"/clx.txt a="$machines"/icx.txt
	exits 2
	says 'host a is given twice'
}

@test "pool import: a retired host is not brought back by a file; pool add does" {
	prod
	"$cpulevel" host retire clx
	unchanged "$cpulevel" pool import prod "$machines"/clx.txt
	exits 5
	says 'clx is retired'
	run "$cpulevel" pool add prod clx="$machines"/clx.txt
	exits 0
	says '3 hosts'
}

@test "vendors that nobody knows are not left out" {
	prod
	for i in 1 2; do
		sed "s/756e6547/7878787$i/;s/0x0000000d 0x756e6547 0x6c65746e 0x49656e69/0x0000000d 0x7878787$i 0x78787878 0x78787878/" \
			"$machines"/spr.txt >odd$i.txt
		grep -q "7878787$i" odd$i.txt
	done
	run "$cpulevel" pool add prod odd1=odd1.txt
	exits 0
	run "$cpulevel" pool show prod
	exits 0
	says 'unknown vendors: 1 host, '
	says 'Intel: 3 hosts, 113 features'
	"$cpulevel" pool add prod odd2=odd2.txt
	run "$cpulevel" pool show prod
	says 'unknown vendors: 2 hosts, no level in common'
	"$cpulevel" pool show prod --json >p.json
	json p.json 'sum(v["hosts"] for v in d["by_vendor"]) == d["hosts"] == 5'
}

# -- what people type ----------------------------------------------------------

@test "pool init --dry-run: also where there is no store yet" {
	[ -z "${CPULEVEL_TEST_STORE-}" ] || skip "that one is there"
	run "$cpulevel" pool init prod --dry-run
	exits 0
	says 'prod  0 hosts'
	[ ! -e fleet.db ]
}

@test "a folder with other files: the command that is offered works" {
	"$cpulevel" pool init 'rack 7'
	mkdir -p "it's here/sub"
	cp "$machines"/clx.txt "it's here/sub"
	echo other >"it's here/sub/readme.md"
	unchanged "$cpulevel" pool import --note 'as found' 'rack 7' "it's here/"
	exits 3
	says 'cpulevel pool import:'
	offered=$(sed -n 's/^  cpulevel //p' <<<"$output")
	[ "$offered" = "pool import --note 'as found' 'rack 7' 'it'\\''s here'/*/*.txt" ]
	eval "\"\$cpulevel\" $offered"
	run "$cpulevel" pool show 'rack 7'
	says '1 host'
}

@test "names: an @ belongs to versions, other characters are kept" {
	"$cpulevel" pool init p
	unchanged "$cpulevel" pool init p@7
	exits 2
	for name in '日本' "it's" 'a"b' 'a b' -- -x; do
		[ "$name" = -- ] && continue
		run "$cpulevel" pool init -- "$name"
		exits 0
	done
	for name in '' $'a\nb' $'a\xff'; do
		unchanged "$cpulevel" pool init -- "$name"
		exits 3
	done
	"$cpulevel" pool list --json >p.json
	json p.json 'len(d["pools"]) == 6'
	# tables count characters, not bytes
	run "$cpulevel" pool list
	[[ ${lines[2]} == '  日本 '* && ${#lines[2]} -eq ${#lines[1]} ]]
	unchanged "$cpulevel" host set p --group $'g\nh'
	exits 2
}

@test "what a table cuts ends in dots" {
	prod
	run script -qc "stty cols 60; '$cpulevel' pool show prod" /dev/null
	[[ $output =~ '6.1.17'[^$'\n']*'.. ' ]]
}

@test "a CPU without a name is short in columns, whole elsewhere" {
	prod
	run "$cpulevel" pool show prod
	says 'Intel 06-55-07  6.1.'
	run "$cpulevel" host list prod
	says 'Intel 06-8f-08'
	run "$cpulevel" host show clx
	says 'Intel family 0x6 model 0x55 stepping 0x7'
}

# -- the same in text and JSON, and as elsewhere -------------------------------

@test "pool show: exit 4 says what is not known" {
	"$cpulevel" pool init prod
	grep -v '^cpuid 0x80000008' "$machines"/clx.txt >some.txt
	run "$cpulevel" pool add prod clx=some.txt
	exits 0
	says 'incomplete'
	run "$cpulevel" pool show prod
	exits 4
	says 'INCOMPLETE: not known of all hosts: maxphysaddr'
	"$cpulevel" pool show prod --json >p.json || [ $? -eq 4 ]
	json p.json 'd["incomplete"] and "maxphysaddr" in d["not_known"]'
}

@test "pool show: OWN and HIDDEN are what level says each offers and gives up" {
	corpus=${CPULEVEL_CORPUS:-$root/../shared/corpus}/InstLatx64
	[ -d "$corpus" ] || skip "no dumps of real CPUs: $corpus"
	"$cpulevel" pool init p
	"$cpulevel" pool import p "$corpus"/GenuineIntel005* "$corpus"/GenuineIntel00[48]*
	"$cpulevel" pool show p --all --json >p.json || [ $? -eq 4 ]
	"$cpulevel" level --guest hvm --json "$corpus"/GenuineIntel005* \
		"$corpus"/GenuineIntel00[48]* >l.json || [ $? -eq 4 ]
	python3 - <<-'EOF'
	import json
	with open('p.json') as p, open('l.json') as l:
	    p, l = json.load(p), json.load(l)
	pool = {m['host']: (m['own'], m['hidden']) for m in p['members']}
	level = {h['name']: (h['offers'], h['gives_up']) for h in l['hosts']}
	assert len(pool) > 4 and pool == level, (pool, level)
	assert p['level']['features'] == l['features']
	EOF
}

@test "pool show: what limits is counted as it is named" {
	corpus=${CPULEVEL_CORPUS:-$root/../shared/corpus}/InstLatx64
	[ -d "$corpus" ] || skip "no dumps of real CPUs: $corpus"
	"$cpulevel" pool init p
	"$cpulevel" pool import p "$corpus"/AuthenticAMD0000500* "$corpus"/AuthenticAMD0A*
	"$cpulevel" pool show p --json >p.json || [ $? -eq 4 ]
	run "$cpulevel" pool show p
	[[ $output =~ 'limiting: AuthenticAMD0000500_K5_CPUID ('([0-9]+)' features)' ]]
	json p.json "len(d['limiting']['features']) == ${BASH_REMATCH[1]}"
}

@test "--json has the keys that doc/fleet.md names" {
	prod
	keys() {
		local want=$1
		shift
		"$cpulevel" "$@" --json >doc.json
		python3 - "$want format version" <<-'EOF' || { echo "$*"; return 1; }
		import json, sys
		with open('doc.json') as f:
		    d = json.load(f)
		assert sorted(d) == sorted(sys.argv[1].split()), sorted(d)
		EOF
	}
	host='name pool state group cpu kernel microcode hypervisor firmware policy'
	pool='name guest platform hosts unknown unreachable without level'
	"$cpulevel" level set pool prod prod@1
	keys "$pool vms incomplete not_known vendors by_vendor set limiting statements members" \
		pool show prod
	json doc.json 'd["set"] == {"level": "prod", "level_version": 1}'
	keys "$host" host set icx --group g
	keys "$host vms feature_count" host show icx
	keys 'name level_version guest feature_count features follows made actor note policy definition set_for vms vms_older' \
		level show prod
	keys "$host" host retire icx
	keys "$pool from" pool add prod icx
	"$cpulevel" pool init other
	keys 'name dropped' pool drop other
}
