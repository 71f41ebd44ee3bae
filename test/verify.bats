#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# verify: this machine against what it is said to see.

bats_require_minimum_version 1.5.0
load verdicts

# XOP: no CPU since 2017 has it
setup() {
	grep -qw xop /proc/cpuinfo && skip "this CPU has XOP"
	cpulevel=${CPULEVEL:?the program to test}
	case $(uname -m) in
	x86_64) ;;
	*) skip "not an x86-64 machine" ;;
	esac
	cd "$BATS_TEST_TMPDIR" || return
	"$cpulevel" capture -o here.txt 2>/dev/null
}

@test "verify: what it sees is what it sees" {
	run "$cpulevel" verify here.txt --of raw
	exits 0
	[[ $output == YES* ]]
	says 'as promised: '
	[[ $output != *'not promised'* && $output != *'it faults'* ]]
}

@test "verify: a feature that was not promised, one that is missing, a number" {
	# as a level would have it: this machine's, without one feature, with another
	python3 - <<-'EOF'
	import re
	out = []
	for line in open('here.txt'):
	    m = re.match(r'(cpuid 0x00000001 -\s+\S+ \S+ )0x([0-9a-f]{8})( .*)', line)
	    if m:
	        ecx = int(m[2], 16) & ~(1 << 0)  # no SSE3
	        line = '%s0x%08x%s\n' % (m[1], ecx, m[3])
	    m = re.match(r'(cpuid 0x80000001 -\s+\S+ \S+ )0x([0-9a-f]{8})( .*)', line)
	    if m:
	        line = '%s0x%08x%s\n' % (m[1], int(m[2], 16) | 1 << 11, m[3])  # XOP
	    m = re.match(r'(cpuid 0x80000008 -\s+)0x([0-9a-f]{8})( .*)', line)
	    if m:
	        line = '%s0x%08x%s\n' % (m[1], int(m[2], 16) - 1, m[3])
	    out.append(line)
	open('promise.txt', 'w').writelines(out)
	EOF
	run "$cpulevel" verify promise.txt --of raw
	exits 1
	[[ $output == NO* ]]
	run "$cpulevel" verify promise.txt --of raw --json
	exits 1
	printf '%s' "$output" >verify.json
	python3 - <<-'EOF'
	import json
	d = json.load(open('verify.json'))
	assert (d['format'], d['version'], d['verdict']) == ('cpulevel-verify', 1, 'no')
	f = {x['field']: x for x in d['fields']}
	assert f['sse3']['status'] == 'not-promised', f['sse3']
	assert f['xop']['status'] == 'missing', f['xop']
	assert f['maxphysaddr']['status'] == 'different', f['maxphysaddr']
	bad = [x['field'] for x in d['fields']
	       if x['status'] in ('missing', 'not-promised', 'different', 'faults')]
	assert sorted(bad) == ['maxphysaddr', 'sse3', 'xop'], bad
	EOF
}

@test "verify: an instruction that is there works, hidden or not" {
	run "$cpulevel" verify here.txt --of raw --json
	exits 0
	printf '%s' "$output" >verify.json
	python3 - <<-'EOF'
	import json
	d = json.load(open('verify.json'))
	flags = set(next(l for l in open('/proc/cpuinfo') if l.startswith('flags')).split(':')[1].split())
	f = {x['field']: x['status'] for x in d['fields']}
	# what Linux shows works, so it cannot fault; what works and is not shown is told so
	names = {'sse4-1': 'sse4_1', 'sse4-2': 'sse4_2', 'avx2': 'avx2', 'bmi2': 'bmi2', 'adx': 'adx',
	         'rdrand': 'rdrand', 'fma': 'fma', 'sha': 'sha_ni', 'abm': 'abm', 'sse4a': 'sse4a', 'xop': 'xop'}
	for ours, linux in names.items():
	    if linux in flags:
	        assert f[ours] == 'as-promised', (ours, f[ours])
	    else:
	        assert f[ours] in ('hidden-works', 'hidden-blocked'), (ours, f[ours])
	EOF
}

@test "verify: a record is a promise, too" {
	"$cpulevel" gen here.txt --of raw --for record -o here.rec 2>/dev/null
	"$cpulevel" import here.rec -o same.txt 2>/dev/null
	"$cpulevel" verify same.txt --json >text.json || true
	"$cpulevel" verify here.rec --json >record.json || true
	cmp text.json record.json
	grep -q '"status": "as-promised"' record.json
	head -c -2 here.rec >cut.rec
	run "$cpulevel" verify cut.rec
	exits 3
}

@test "verify: usage and input" {
	run "$cpulevel" verify
	exits 2
	run "$cpulevel" verify here.txt here.txt
	exits 2
	run "$cpulevel" verify gone.txt
	exits 3
	run "$cpulevel" verify here.txt --of level
	exits 3
}
