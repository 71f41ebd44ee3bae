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

# qmp FILE COMMAND...: what QEMU answers.
qmp() {
	out=$1
	shift
	{
		echo '{"execute": "qmp_capabilities"}'
		cat "$@"
		echo '{"execute": "quit"}'
	} | timeout 60 qemu-system-x86_64 -S -display none -machine none \
		-accel tcg -qmp stdio >"$out"
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

# Machines of the corpus, each capped to what TCG can do, in one session.
@test "stacks: QMP takes the properties of many machines" {
	need qemu-system-x86_64
	corpus=${CPULEVEL_CORPUS:-$root/../shared/corpus}
	[ -d "$corpus/libvirt" ] || skip "no corpus in $corpus"
	tcg
	n=0
	for dump in "$corpus"/libvirt/*.xml; do
		"$cpulevel" level "$dump" --cap tcg.qmp -o l.level \
			>/dev/null 2>&1 || [ $? -eq 4 ]
		"$cpulevel" gen l.level --for qemu-qmp >want.$n 2>losses
		n=$((n + 1))
	done
	[ $n -ge 20 ]
	fit_many() {
		python3 - $n "$1" <<-'EOF'
		import json, sys
		def props(line):
		    return line['return']['model']['props']
		with open('tcg.qmp', encoding='utf-8') as f:
		    can = props([json.loads(l) for l in f if '"props"' in l][0])
		want = [json.load(open('want.%d' % i, encoding='utf-8')) for i in range(int(sys.argv[1]))]
		for w in want:
		    p = w['arguments']['model']['props']
		    for name in [x for x in p if x not in can]:
		        del p[name]
		    p['phys-bits'] = 40
		if sys.argv[2] == 'ask':
		    print('\n'.join(json.dumps(w) for w in want))
		    sys.exit()
		got = [json.loads(l) for l in open('got.qmp', encoding='utf-8')]
		got = [g for g in got if 'model' in g.get('return', {})]
		assert len(got) == len(want), (len(got), len(want))
		for w, g in zip(want, got):
		    for k, v in w['arguments']['model']['props'].items():
		        assert props(g)[k] == v, (w['arguments']['model']['name'], k, v)
		EOF
	}
	fit_many ask >ask
	qmp got.qmp ask
	fit_many compare
}

# Which bit does each property set?  A name's number is read from nine runs, a
# binary digit each: where the bit is set, it counts.  What others need is on
# in all of them.  TCG refuses many, but says which bits it refused.
@test "stacks: each name is QEMU's for that very bit" {
	need qemu-system-x86_64
	tcg
	python3 - "$root" <<-'EOF'
	import csv, json, re, subprocess, sys
	NEEDED = {'arch-capabilities', 'core-capability', 'intel-pt', 'lm', 'pdcm', 'sgx',
	          'svm', 'vmx', 'xsave', 'xsaves'}
	with open('tcg.qmp', encoding='utf-8') as f:
	    can = [json.loads(l) for l in f if '"props"' in l][0]['return']['model']['props']
	def rows(name):
	    with open(sys.argv[1] + '/data/%s.tsv' % name, encoding='ascii') as f:
	        return list(csv.DictReader(f, delimiter='\t'))
	place = {r['name']: re.match(r'(0x\w+):(\S+?):(e..)\[(\d+)\]$', r['place'])
	         for r in rows('fields')}
	want = {}
	for r in rows('names'):
	    m = place[r['name']]
	    # the properties of KVM's own leaves need KVM
	    if m and r['qemu'] in can and not m[1].startswith('0x4000'):
	        want[r['qemu']] = (int(m[1], 16), 0 if m[2] == '-' else int(m[2]), m[3].upper(), int(m[4]))
	names = sorted(set(want) - NEEDED)
	def bits(on):
	    cpu = 'base,level=0x24,xlevel=0x80000022,xlevel2=0xc0000004,' + ','.join(
	        ('+' if n in on else '-') + n for n in want)
	    ask = [{'execute': 'qmp_capabilities'}] + [
	        {'execute': 'qom-get', 'arguments': {'path': '/machine/unattached/device[0]', 'property': p}}
	        for p in ('feature-words', 'filtered-features')] + [{'execute': 'quit'}]
	    p = subprocess.run(
	        ['qemu-system-x86_64', '-S', '-display', 'none', '-machine', 'pc', '-nodefaults',
	         '-accel', 'tcg', '-qmp', 'stdio', '-cpu', cpu],
	        input='\n'.join(map(json.dumps, ask)), stdout=subprocess.PIPE,
	        stderr=subprocess.DEVNULL, encoding='utf-8', timeout=60, check=True)
	    words = [w for l in p.stdout.splitlines() for w in json.loads(l).get('return', {})
	             if isinstance(w, dict)]
	    return {(w['cpuid-input-eax'], w.get('cpuid-input-ecx', 0), w['cpuid-register'], b)
	            for w in words for b in range(32) if w['features'] >> b & 1}
	always = bits(NEEDED & set(want))
	number = {}
	for digit in range(9):
	    on = {n for i, n in enumerate(names, 1) if i >> digit & 1}
	    for bit in bits(on | NEEDED & set(want)) - always:
	        number[bit] = number.get(bit, 0) | 1 << digit
	for i, n in enumerate(names, 1):
	    assert number.get(want[n]) == i, (n, want[n], [b for b in number if number[b] == i])
	assert 150 < len(names) < 512, len(names)
	EOF
}

@test "stacks: each name is libvirt's for that very bit" {
	map=/usr/share/libvirt/cpu_map/x86_features.xml
	[ -e $map ] || skip 'no cpu_map: script/bootstrap installs it'
	python3 - "$root" $map <<-'EOF'
	import csv, re, sys
	import xml.etree.ElementTree as xml
	def rows(name):
	    with open(sys.argv[1] + '/data/%s.tsv' % name, encoding='ascii') as f:
	        return list(csv.DictReader(f, delimiter='\t'))
	place = {r['name']: re.match(r'(msr:)?(0x\w+):?(\S*?):?(e..)?\[(\d+)\]$', r['place'])
	         for r in rows('fields')}
	ours = {}
	for r in rows('names'):
	    m = place[r['name']]
	    sub = m[3].strip(':')
	    ours[r['libvirt']] = (m[1] or '', int(m[2], 16), int(sub) if sub.isdigit() else 0,
	                          m[4], int(m[5]))
	n = 0
	for f in xml.parse(sys.argv[2]).getroot().iter('feature'):
	    if f.get('name') not in ours:
	        continue
	    theirs = set()
	    for e in f:
	        if e.tag not in ('cpuid', 'msr'):
	            continue
	        for reg in ('eax', 'ebx', 'ecx', 'edx'):
	            mask = int(e.get(reg, '0'), 0)
	            for b in [b for b in range(32) if mask >> b & 1]:
	                if e.tag == 'msr':
	                    theirs.add(('msr:', int(e.get('index'), 0), 0, None,
	                                b + 32 * (reg == 'edx')))
	                else:
	                    theirs.add(('', int(e.get('eax_in'), 0), int(e.get('ecx_in', '0'), 0),
	                                reg, b))
	    assert ours[f.get('name')] in theirs, (f.get('name'), ours[f.get('name')], theirs)
	    n += 1
	assert n > 180, n
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

# libxl 4.17 has not the names of later features; xl passes over a key that it
# does not know, and such a Xen does not show the feature.
@test "stacks: libxl takes the keys of cpuid=" {
	"$cpulevel" gen clx.txt --for xl >cpuid 2>losses
	python3 - <<-'EOF' || {
	import ctypes, re, sys
	try:
	    xl = ctypes.CDLL('libxenlight.so')
	except OSError:
	    sys.exit(77)
	def parse(text):
	    policy = ctypes.c_void_p()
	    return xl.libxl_cpuid_parse_config(ctypes.byref(policy), text.encode())
	assert parse('nonsense=1') and parse('avx2=y') and not parse('avx2=1')
	keys = re.match('cpuid="host,(.*)"$', open('cpuid', encoding='ascii').read().strip())[1].split(',')
	unknown = [k for k in keys if parse(k)]
	assert len(keys) > 150 and len(unknown) < len(keys) // 5, unknown
	assert all(k.endswith('=0') for k in unknown), unknown
	EOF
		[ $? -eq 77 ] && skip 'no libxenlight here; script/bootstrap installs it'
		return 1
	}
}

# What a guest then reads is KVM's to say: some pin bits.
@test "stacks: KVM takes the array, entry by entry" {
	[ -r /dev/kvm ] && [ -w /dev/kvm ] || skip 'no /dev/kvm here'
	"$cpulevel" level clx.txt icx.txt -o l.level >/dev/null
	"$cpulevel" gen l.level --for kvm-cpuid2 -o array 2>losses
	python3 - <<-'EOF' || {
	import fcntl, os, struct, sys
	CREATE_VM, CREATE_VCPU, SET_CPUID2, GET_CPUID2 = 0xae01, 0xae41, 0x4008ae90, 0xc008ae91
	try:
	    vm = fcntl.ioctl(os.open('/dev/kvm', os.O_RDWR), CREATE_VM, 0)
	    vcpu = fcntl.ioctl(vm, CREATE_VCPU, 0)
	except OSError as e:
	    sys.exit(77)
	array = bytearray(open('array', 'rb').read())
	assert fcntl.ioctl(vcpu, SET_CPUID2, array, True) == 0
	got = bytearray(struct.pack('<II', 256, 0) + bytes(40 * 256))
	fcntl.ioctl(vcpu, GET_CPUID2, got, True)
	def entries(a):
	    n = struct.unpack_from('<I', a)[0]
	    return {struct.unpack_from('<III', a, 8 + 40 * i): struct.unpack_from('<IIII', a, 20 + 40 * i)
	            for i in range(n)}
	want, got = entries(array), entries(got)
	assert set(want) == set(got)
	assert want[0, 0, 0] == got[0, 0, 0]
	assert want[0x80000002, 0, 0] == got[0x80000002, 0, 0]
	EOF
		[ $? -eq 77 ] && skip 'KVM makes no virtual machines here'
		return 1
	}
}
