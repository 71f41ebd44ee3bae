#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# gen, against the programs that it writes for.  They are older than the facts
# in data/, so what they cannot have is left out first, by class:
#
# - a name that this version does not know;
# - a statement (`or`) that QEMU's TCG cannot make: no emulator has MD_CLEAR;
# - phys-bits: TCG has 40, whatever is asked for.
#
# Any other difference fails.

bats_require_minimum_version 1.5.0
load verdicts

setup() {
	cpulevel=${CPULEVEL:?the program to test}
	root=${CPULEVEL_ROOT:-$PWD}
	cd "$BATS_TEST_TMPDIR" || return
	cp "$root"/test/pool/clx.txt "$root"/test/pool/icx.txt \
		"$root"/test/pool/spr.txt .
}

need() {
	command -v "$1" >/dev/null || skip "no $1 here; script/bootstrap installs it"
}

# qmp FILE COMMAND...: what QEMU answers.  Numbers of 64 bits are cut: a reader
# of JSON need not have them.
qmp() {
	out=$1
	shift
	{
		echo '{"execute": "qmp_capabilities"}'
		cat "$@"
		echo '{"execute": "quit"}'
	} | timeout 60 qemu-system-x86_64 -S -display none -machine none \
		-accel tcg -qmp stdio | sed 's/18446744073709551552/0/g' >"$out"
}

# What TCG can do at most: tcg.qmp.
tcg() {
	echo '{"execute": "query-cpu-model-expansion", "arguments": {"type": "full", "model": {"name": "max"}}}' >ask
	qmp tcg.qmp ask
}

# The text without what this QEMU cannot have, and that list.
fit() {
	python3 - "$1" "$root" <<-'EOF'
	import csv, json, sys
	with open('tcg.qmp', encoding='utf-8') as f:
	    can = [json.loads(l) for l in f if '"props"' in l][0]['return']['model']['props']
	rule = {}
	with open(sys.argv[2] + '/data/fields.tsv', encoding='ascii') as f:
	    rules = {r['name']: r['rule'] for r in csv.DictReader(f, delimiter='\t')}
	with open(sys.argv[2] + '/data/names.tsv', encoding='ascii') as f:
	    for r in csv.DictReader(f, delimiter='\t'):
	        rule[r['qemu']] = rules[r['name']]
	text = open(sys.argv[1], encoding='ascii').read().strip()
	assert text.startswith("-cpu '") and text.endswith(",enforce'"), text
	words, left = [], []
	for w in text[6:-1].split(','):
	    name = w.lstrip('+-').split('=')[0]
	    if words and name != 'enforce' and name not in can:
	        left.append('unknown ' + w)
	    elif w[0] == '+' and rule.get(name) == 'or' and not can[name]:
	        left.append('statement ' + w)
	    elif name == 'phys-bits':
	        words.append('phys-bits=40')
	    else:
	        words.append(w)
	open('fitted', 'w', encoding='ascii').write(','.join(words))
	print('\n'.join(left))
	EOF
}

@test "stacks: QEMU starts with what TCG can do, enforced" {
	need qemu-system-x86_64
	tcg
	for pool in clx.txt 'clx.txt icx.txt' 'icx.txt spr.txt'; do
		# shellcheck disable=SC2086
		"$cpulevel" level $pool --cap tcg.qmp -o l.level >/dev/null
		"$cpulevel" gen l.level --for qemu >cpu.txt 2>losses
		fit cpu.txt
		run timeout 60 qemu-system-x86_64 -S -display none -machine q35 \
			-accel tcg -qmp stdio -cpu "$(cat fitted)" \
			<<<'{"execute": "qmp_capabilities"} {"execute": "quit"}'
		exits 0
		[[ $output != *warning* ]]
	done
}

@test "stacks: enforce refuses what TCG cannot do" {
	need qemu-system-x86_64
	tcg
	"$cpulevel" level icx.txt -o l.level >/dev/null
	"$cpulevel" gen l.level --for qemu >cpu.txt 2>losses
	fit cpu.txt
	run timeout 60 qemu-system-x86_64 -S -display none -machine q35 \
		-accel tcg -qmp stdio -cpu "$(cat fitted)" \
		<<<'{"execute": "qmp_capabilities"} {"execute": "quit"}'
	exits 1
	says "TCG doesn't support requested feature"
}

@test "stacks: QMP expands the same properties" {
	need qemu-system-x86_64
	tcg
	"$cpulevel" level clx.txt icx.txt --cap tcg.qmp -o l.level >/dev/null
	"$cpulevel" gen l.level --for qemu-qmp >want.json 2>losses
	python3 - <<-'EOF'
	import json
	with open('tcg.qmp', encoding='utf-8') as f:
	    can = [json.loads(l) for l in f if '"props"' in l][0]['return']['model']['props']
	want = json.load(open('want.json', encoding='utf-8'))
	props = want['arguments']['model']['props']
	for name in [n for n in props if n not in can]:
	    del props[name]
	props['phys-bits'] = 40
	json.dump(want, open('ask', 'w', encoding='utf-8'))
	EOF
	qmp got.qmp ask
	python3 - <<-'EOF'
	import json
	want = json.load(open('ask', encoding='utf-8'))['arguments']['model']['props']
	with open('got.qmp', encoding='utf-8') as f:
	    got = [json.loads(l) for l in f if '"props"' in l][0]['return']['model']['props']
	wrong = {n: (v, got[n]) for n, v in want.items() if got[n] != v}
	# statements that TCG cannot make
	for name in ('md-clear',):
	    wrong.pop(name, None)
	assert not wrong, wrong
	assert len(want) > 150, len(want)
	EOF
}

# virsh's list of names is that of its own version.
fit_libvirt() {
	python3 - "$@" <<-'EOF'
	import re, sys
	with open('/usr/share/libvirt/cpu_map/x86_features.xml', encoding='utf-8') as f:
	    known = set(re.findall("<feature name='([^']*)'", f.read()))
	for line in open(sys.argv[1], encoding='ascii'):
	    m = re.search("<feature .*name='([^']*)'", line)
	    if not m or m[1] in known:
	        sys.stdout.write(line)
	EOF
}

@test "stacks: libvirt takes the <cpu> of a domain" {
	need virsh
	need virt-xml-validate
	[ -e /usr/share/libvirt/cpu_map/x86_features.xml ] || skip 'no cpu_map'
	for host in clx icx; do
		"$cpulevel" gen $host.txt --for libvirt 2>losses >cpu.xml
		{
			echo "<domain type='test'><name>$host</name><memory>65536</memory><vcpu>1</vcpu>"
			echo "<os><type arch='x86_64'>hvm</type></os>"
			fit_libvirt cpu.xml
			echo '</domain>'
		} >domain.xml
		virt-xml-validate domain.xml
		virsh -c test:///default define domain.xml --validate
	done
}

# A model that old versions have, too.  The baseline is what both hosts have.
@test "stacks: libvirt's baseline takes the <cpu> of hosts" {
	need virsh
	[ -e /usr/share/libvirt/cpu_map/x86_features.xml ] || skip 'no cpu_map'
	for host in clx icx; do
		"$cpulevel" gen $host.txt --for libvirt-host --model Westmere 2>losses >$host.xml
		fit_libvirt $host.xml >>hosts.xml
	done
	virsh -c test:///default cpu-baseline hosts.xml --features >both.xml
	grep -q "<feature policy='require' name='avx512f'/>" both.xml
	grep -q "<vendor>Intel</vendor>" both.xml
	run grep -c "name='la57'" both.xml
	[ "$output" = 0 ]
}
