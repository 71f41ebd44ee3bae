#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What has a name: levels, CPUs, models; what --cap, --drop and --keep do.

bats_require_minimum_version 1.5.0
load verdicts

setup() {
	cpulevel=${CPULEVEL:?the program to test}
	root=${CPULEVEL_ROOT:-$PWD}
	pool=$root/test/pool
	unset CPULEVEL_PATH
	cd "$BATS_TEST_TMPDIR" || return
}

# has FILE-OR-NAME: the features that its policy has, one sorted line
has() {
	"$cpulevel" show "$1" | awk '
		/^level/ { on = 1; next }
		/^  (sha256|unknown)/ { next }
		on { for (i = (/^  [a-z]/ ? 2 : 1); i <= NF; i++) if ($i !~ /=/) print $i }
	' | sort | tr '\n' ' '
}

# -- the psABI ------------------------------------------------------------------

# x86-64 psABI 1.0, section 3.1.1, table 3.1, in our names: CMPXCHG8B is cx8,
# SCE syscall, LZCNT abm; OSFXSR and OSXSAVE are CR4 bits of the guest, for
# which the standard's own text puts FXSR and XSAVE.
v1='cmov cx8 fpu fxsr mmx sse sse2 syscall'
v2="$v1 cx16 lahf-lm popcnt sse3 sse4-1 sse4-2 ssse3"
v3="$v2 abm avx avx2 bmi1 bmi2 f16c fma movbe xsave"
v4="$v3 avx512bw avx512cd avx512dq avx512f avx512vl"
# What every CPU in 64-bit mode has; cx16 (v2) needs the last three.
implied='clflush sep tsc'
long='lm msr pae'

@test "psABI: each level is the standard's table" {
	for v in 1 2 3 4; do
		list=v$v
		more=$implied
		[ $v = 1 ] || more="$implied $long"
		want=$(printf '%s\n' ${!list} $more | sort | tr '\n' ' ')
		got=$(has level:x86-64-v$v)
		echo "x86-64-v$v: $got, not $want"
		# where the AVX-512 state lies depends on the vendor: the level
		# cannot know it, and so not promise what owns it
		[ $v = 4 ] || [ "$got" = "$want" ]
		names=$(sed -n 's/^names: //p' "$root/levels/x86-64-v$v.txt")
		[ "$names" = "$(printf '%s\n' ${!list} | sort | tr '\n' ' ' | sed 's/ $//')" ]
	done
}

@test "psABI: the files have the bits of the standard" {
	# leaf 7 ebx of v4: BMI1, AVX2, BMI2, AVX512F, DQ, CD, BW, VL
	grep -q '^cpuid 0x00000007 0x00 - 0xd0030128/' "$root/levels/x86-64-v4.txt"
	grep -q '^cpuid 0x00000007 0x00 - 0x00000128/' "$root/levels/x86-64-v3.txt"
	grep -q '^cpuid 0x00000007 0x00 - 0x00000000/' "$root/levels/x86-64-v2.txt"
}

@test "psABI: the instructions of the next level are absent, not unknown" {
	for n in avx avx512f avx512bw aesni rdrand amx-tile 3dnow sse4a; do
		run "$cpulevel" explain level:x86-64-v2 $n
		says "$n"
	done
	"$cpulevel" show level:x86-64-v3 --json >v3.json
	# 7:0 ebx: avx512f, bit 16, is known to be 0; smep, bit 7, is unknown
	python3 - <<-'EOF'
	import json
	d = json.load(open('v3.json'))
	r = [c for c in d['cpuid'] if c['leaf'] == '0x00000007' and int(c['subleaf'], 0) == 0]
	value, known = (int(x, 0) for x in r[0]['ebx'].split('/'))
	assert known >> 16 & 1 and not value >> 16 & 1
	assert not known >> 7 & 1
	EOF
}

# psabi_of CPU LEVEL
psabi_of() {
	"$cpulevel" level --json "cpu:$1" >l.json || [ $? -eq 4 ]
	json l.json "d['psabi'] == '$2'"
}

# As the vendors document the families.
@test "psABI: what the catalogue's CPUs are" {
	psabi_of barcelona x86-64-v1
	psabi_of nehalem-ep x86-64-v2
	psabi_of ivy-bridge-ep x86-64-v2
	psabi_of interlagos x86-64-v2
	psabi_of denverton x86-64-v2
	psabi_of haswell-ep x86-64-v3
	psabi_of naples x86-64-v3
	psabi_of milan x86-64-v3
	psabi_of skylake-sp x86-64-v4
	psabi_of genoa x86-64-v4
	psabi_of granite-rapids x86-64-v4
	psabi_of knights-landing x86-64-v3
}

@test "every machine with long mode has what the levels imply" {
	corpus=${CPULEVEL_CORPUS:-$root/../shared/corpus}
	[ -d "$corpus" ] || skip "no dumps in $corpus"
	find "$corpus" -type f \( -name '*.txt' -o -name '*.xml' -o -name '*.test' \) \
		! -name '*FT2000*' | sort | while read -r f; do
		"$cpulevel" show "$f" --of host >out 2>err || continue
		grep -qw lm out || continue
		for n in $implied $long; do
			grep -qw -- "$n" out || { echo "$f: no $n"; exit 1; }
		done
	done
}

# -- names ------------------------------------------------------------------------

@test "names: case and -_. do not matter, a prefix does" {
	"$cpulevel" show level:x86_64_V3 >1
	"$cpulevel" show level:x86-64-v3 >2
	cmp 1 2
	"$cpulevel" show model:qemu/epyc-milan >1
	"$cpulevel" show model:qemu/EPYC-Milan >2
	diff <(tail -n +3 1) <(tail -n +3 2)
}

@test "names: did you mean" {
	run "$cpulevel" show level:x86-64-v33
	exits 3
	says 'no level "x86-64-v33"; did you mean level:x86-64-v3?'
	run "$cpulevel" show cpu:icelake-s
	exits 3
	says 'did you mean cpu:icelake-sp?'
	run "$cpulevel" show model:qemu/Haswel
	exits 3
	says 'did you mean model:qemu/Haswell?'
	run "$cpulevel" show model:nothing-at-all/like-this-one
	exits 3
	says 'show model:'
	run "$cpulevel" level icelake-sp
	exits 3
	says 'did you mean cpu:icelake-sp?'
}

@test "names: lists" {
	"$cpulevel" show level: >out
	grep -q '^level:x86-64-v3  ' out
	grep -q '^level:T2CL  ' out
	[ "$("$cpulevel" show cpu: | wc -l)" -ge 30 ]
	"$cpulevel" show model:qemu/ >out
	grep -q '^model:qemu/EPYC-Turin' out
	run ! grep -q libvirt out
	"$cpulevel" show level: cpu: --json >l.json || true
	"$cpulevel" show cpu: --json >l.json
	json l.json 'd["format"] == "cpulevel-names" and len(d["names"]) >= 30'
	json l.json 'all(set(n) == {"name", "about"} and n["about"] for n in d["names"])'
	run "$cpulevel" level cpu:
	exits 3
	says 'cpulevel show cpu:'
	run "$cpulevel" show level: clx.txt
	exits 2
}

@test "names: one's own come first, and need no rebuild" {
	mkdir -p own/levels own/cpus
	"$cpulevel" level "$pool/clx.txt" "$pool/icx.txt" -o own/levels/gold.txt >/dev/null
	cp "$pool/spr.txt" own/cpus/icelake-sp.txt
	export CPULEVEL_PATH=/nowhere:$PWD/own
	"$cpulevel" level --json "$pool/spr.txt" --cap gold >l.json
	json l.json '"amx-tile" not in d["features"] and "avx512f" in d["features"]'
	"$cpulevel" level --json cpu:icelake-sp >l.json
	json l.json '"amx-tile" in d["features"]'
	"$cpulevel" show level: | grep -q '^level:x86-64-v1'
	echo damaged >own/levels/bad.txt
	run "$cpulevel" show level:bad
	exits 3
	says 'own/levels/bad.txt'
	run "$cpulevel" show level:
	exits 0
	says 'cannot be read'
}

@test "names: on standard input, and with --from for the other files" {
	printf 'cpu:icelake-sp\ncpu:sapphire-rapids\n' | "$cpulevel" level --json - >l.json
	json l.json '[h["name"] for h in d["hosts"]] == ["icelake-sp", "sapphire-rapids"]'
	"$cpulevel" level --from text --json "$pool/icx.txt" --cap model:qemu/Haswell >l.json
	json l.json '"avx512f" not in d["features"]'
}

@test "names: what is imported is the same policy" {
	for name in model:qemu/Haswell-v2 level:x86-64-v3 cpu:genoa level:T2S; do
		"$cpulevel" import $name -o file.txt
		"$cpulevel" show $name | grep sha256 >1
		"$cpulevel" show file.txt | grep sha256 >2
		cmp 1 2
		[ -s 1 ]
	done
}

@test "names: installed, and moved, they are found" {
	mkdir -p away/bin away/share/cpulevel/levels
	cp "$cpulevel" away/bin/cpulevel
	cp "$root/levels/T2.txt" away/share/cpulevel/levels/only.txt
	away/bin/cpulevel show level:only | grep -q Firecracker
}

# -- the catalogue -----------------------------------------------------------------

@test "catalogue: every pair of one vendor has a level that fits both" {
	for pair in 'icelake-sp sapphire-rapids' 'nehalem-ep granite-rapids' \
		'rome turin' 'barcelona abu-dhabi' 'skylake-sp cascadelake-sp'; do
		set -- $pair
		"$cpulevel" level "cpu:$1" "cpu:$2" -o level.txt >/dev/null || [ $? -eq 4 ]
		for host in $pair; do
			run "$cpulevel" check level.txt "cpu:$host"
			[ "$status" -ne 1 ]
		done
	done
	run "$cpulevel" level cpu:icelake-sp cpu:sapphire-rapids
	exits 0
	run "$cpulevel" level cpu:rome cpu:skylake-sp
	exits 5
}

@test "catalogue: each says where it comes from, and no serial number" {
	for f in "$root"/cpus/*.txt; do
		grep -q '^source: ' "$f"
		grep -q '^about: ' "$f"
		! grep -qE '^cpuid 0x00000003|^extra|^msr 0x0000004[ef] ' "$f"
	done
}

# -- models -------------------------------------------------------------------------

@test "models: as a cap, every feature that is not the model's goes" {
	"$cpulevel" level --json "$pool/spr.txt" --cap model:qemu/Haswell-v1 >l.json
	"$cpulevel" show model:qemu/Haswell-v1 >out
	json l.json 'not {"avx512f", "adx", "smap", "arch-caps", "ibrsb", "pku"} & set(d["features"])'
	json l.json '{"avx2", "fma", "bmi2", "nx", "pcid"} <= set(d["features"])'
	json l.json 'd["numbers"]["maxphysaddr"] == 46'
	json l.json '{"avx512f", "pku"} <= set(d["dropped"])'
}

@test "models: as a member, what it has; the rest is not known, and told so" {
	run "$cpulevel" level --json "$pool/spr.txt" model:qemu/Haswell-v1
	exits 4
	echo "$output" >l.json
	json l.json '"avx2" in d["features"] and "avx512f" not in d["features"]'
	json l.json '"maxphysaddr" in d["incomplete"]'
}

@test "models: as a guest, what it has and the host has not" {
	run "$cpulevel" check model:qemu/Icelake-Server cpu:haswell-ep
	exits 1
	says avx512f
	run "$cpulevel" check model:libvirt/EPYC cpu:haswell-ep
	exits 1
}

# -- caps ---------------------------------------------------------------------------

@test "cap: a psABI level takes instructions, and nothing that a kernel needs" {
	for v in 2 3; do
		"$cpulevel" level --json "$pool/icx.txt" "$pool/spr.txt" --cap x86-64-v$v >l.json
		json l.json "d['psabi'] == 'x86-64-v$v'"
		json l.json '{"lm", "nx", "pae", "apic", "smep", "smap", "pcid", "ibrsb", "ssbd", "arch-caps", "tsc", "x2apic"} <= set(d["features"])'
		json l.json 'not {"avx512f", "amx-tile", "aesni", "sha", "hle", "rtm"} & set(d["features"]) - {"hle"}'
		json l.json 'd["numbers"]["maxphysaddr"] == 46'
	done
	json l.json 'd["incomplete"] == []'
}

@test "cap: a level that is a file beside its name is the file" {
	cp "$pool/clx.txt" x86-64-v3
	"$cpulevel" level --json "$pool/spr.txt" --cap x86-64-v3 >l.json
	json l.json '"avx512f" in d["features"]'
}

# Firecracker says so itself of T2: it hides AVX-512 and what came after Haswell.
@test "cap: a template takes what it forces off, and passes the rest" {
	for t in T2 T2S T2CL; do
		"$cpulevel" level --json "$pool/icx.txt" --cap level:$t >l.json
		json l.json 'not {"avx512f", "mpx", "rdseed", "adx", "sha", "gfni", "la57", "xsavec", "pku"} & set(d["features"])'
		json l.json '{"avx2", "fma", "aesni", "smap", "ibrsb", "ssbd", "lm", "nx"} <= set(d["features"])'
	done
}

@test "cap: numbers of the cap are a bound" {
	sed 's|^cpuid 0x80000008 -    0x0*2e|&|; s|^cpuid 0x80000008 -    0x\(.*\)2e 0x|cpuid 0x80000008 -    0x\127 0x|; s|^cpuid 0x80000008 -    0x\([0-9a-f]*\)2e |cpuid 0x80000008 -    0x\127 |' \
		"$pool/clx.txt" >small.txt
	"$cpulevel" level --json "$pool/icx.txt" --cap small.txt >l.json
	json l.json 'd["numbers"]["maxphysaddr"] == 39'
}

@test "cap: several are all of them" {
	"$cpulevel" level --json "$pool/spr.txt" --cap x86-64-v3 --cap level:T2 >both.json
	json both.json 'not {"avx512f", "pku", "aesni"} & set(d["features"])'
}

# -- drop ---------------------------------------------------------------------------

@test "drop: a group is all of its features" {
	for group in avx512 amx sgx mpx cet vmx; do
		[ $group != vmx ] || name=nested
		"$cpulevel" level --json cpu:sapphire-rapids --drop ${name:-$group} >l.json || [ $? -eq 4 ]
		json l.json "not [f for f in d['features'] if f.startswith('$group')]"
	done
	"$cpulevel" level --json cpu:sapphire-rapids --drop AVX512,AMX >l.json
	json l.json '"avx2" in d["features"]'
	json l.json '"avx512f" in d["dropped"]'
	"$cpulevel" level --json cpu:sapphire-rapids >all.json
	json all.json 'd["dropped"] == []'
}

@test "drop: TSX is a number, and its names go with it" {
	"$cpulevel" level --json cpu:cooperlake >l.json || [ $? -eq 4 ]
	json l.json '{"rtm", "hle"} <= set(d["features"]) and d["numbers"]["tsx"] == 2'
	for name in tsx rtm; do
		"$cpulevel" level --json cpu:cooperlake --drop $name >l.json || [ $? -eq 4 ]
		json l.json '"rtm" not in d["features"] and "tsx" not in d["numbers"]'
	done
}

# -- keep ---------------------------------------------------------------------------

@test "keep: 1, which machines are in the way, and nothing is written" {
	run --separate-stderr "$cpulevel" level "$pool/clx.txt" "$pool/icx.txt" --keep avx512f,gfni -o l.txt
	exits 1
	[ -z "$output" ]
	[ ! -e l.txt ]
	[[ $stderr == *'would lose gfni'*'clx is not known to have it'* ]]
	[[ $stderr != *'icx is not'* ]]
	[[ $stderr != *avx512f* ]]
	run "$cpulevel" level "$pool/clx.txt" "$pool/icx.txt" --keep avx512f,aes
	exits 0
}

@test "keep: what --cap and --drop took" {
	run "$cpulevel" level "$pool/icx.txt" --cap x86-64-v3 --keep aes
	exits 1
	says 'lose aesni'
	says '--cap or --drop took it'
	run "$cpulevel" level "$pool/icx.txt" --drop avx --keep avx2
	exits 1
	says 'LEVEL.requires'
	says '(avx)'
}

@test "keep: a level" {
	run "$cpulevel" level "$pool/clx.txt" "$pool/spr.txt" --keep x86-64-v4
	exits 0
	run "$cpulevel" level cpu:haswell-ep cpu:skylake-sp --keep x86-64-v4
	exits 1
	says 'lose avx512f'
	says 'haswell-ep is not known to have it'
}

@test "keep: names that it cannot keep" {
	run "$cpulevel" level "$pool/clx.txt" --keep avx513
	exits 2
	says 'did you mean'
	run "$cpulevel" level "$pool/clx.txt" --keep avx512
	exits 2
	says 'several features'
	run "$cpulevel" level "$pool/clx.txt" --keep maxphysaddr
	exits 2
}

# -- as a model -----------------------------------------------------------------------

# model_is TOOL LEVEL.json: what --as-model says, worked out from the tables.
model_is() {
	python3 - "$1" "$2" "$root/data" <<-'EOF'
	import csv, json, sys
	tool, level, data = sys.argv[1:]
	rows = lambda n: list(csv.DictReader(open('%s/%s.tsv' % (data, n)), delimiter='\t'))
	d = json.load(open(level))
	rules = {f['name']: f['rule'] for f in rows('fields')}
	said = {}
	for n in rows('names'):
	    if n[tool] != '-':
	        said.setdefault(n[tool], n['name'])
	field = {v: k for k, v in said.items()}
	models, has = [m for m in rows('models') if m['source'].startswith(tool + '-')], {}
	for m in models:
	    s = set(has.get(m['base'], ()))
	    for i in m['features'].split(','):
	        (s.add if i[0] == '+' else s.discard)(i[1:])
	    has[m['name']] = s
	real = lambda s: {f for f in s if f in field and rules[f] not in ('dynamic', 'free')
	                  and (not f.startswith('vmx-') or 'vmx' in d['features'])}
	vendor = {'GenuineIntel': 'Intel', 'AuthenticAMD': 'AMD'}[d['vendor']]
	level = real(d['features'])
	a = d['as_model']
	assert a['tool'] == tool
	fit = {m['name']: len(real(has[m['name']])) for m in models
	       if m['vendor'] in ('-', vendor) and real(has[m['name']]) <= level}
	assert fit[a['fits']['model']] == max(fit.values()), (a['fits']['model'], fit)
	for c in filter(None, (a['fits'], a['nearest'])):
	    model = real(has[c['model']])
	    assert model - level == real({said[n] for n in c['remove']}), (model - level, c['remove'])
	    assert level - model == real({said[n] for n in c['add']}), (level - model, c['add'])
	assert not a['fits']['remove']
	EOF
}

@test "as-model: the highest that fits, and the difference is the level" {
	for tool in qemu libvirt; do
		"$cpulevel" level --json "$pool"/{clx,icx,spr}.txt --as-model $tool >l.json
		model_is $tool l.json
		"$cpulevel" level --json cpu:rome cpu:turin --as-model $tool >l.json || [ $? -eq 4 ]
		model_is $tool l.json
		"$cpulevel" level --json cpu:haswell-ep cpu:broadwell-ep --as-model $tool >l.json || [ $? -eq 4 ]
		model_is $tool l.json
	done
	run "$cpulevel" level "$pool"/{clx,icx,spr}.txt --as-model qemu
	exits 0
	says 'qemu model Cascadelake-Server-v5: the highest that fits everywhere'
}

@test "as-model: without TSX it is a model without" {
	"$cpulevel" level --json cpu:cascadelake-sp --drop tsx --as-model libvirt >l.json || [ $? -eq 4 ]
	model_is libvirt l.json
	json l.json 'not {"hle", "rtm"} & set(d["as_model"]["fits"]["add"])'
	"$cpulevel" level --json cpu:cascadelake-sp --as-model libvirt >with.json || [ $? -eq 4 ]
	python3 -c 'import json; assert json.load(open("l.json"))["as_model"]["fits"]["model"] != json.load(open("with.json"))["as_model"]["fits"]["model"]'
}

@test "as-model: what the tool cannot name is said, and other tools are refused" {
	"$cpulevel" level --json "$pool/icx.txt" --as-model qemu >l.json
	json l.json '"cpuid-faulting" in d["as_model"]["unnamed"]'
	"$cpulevel" level --json "$pool/icx.txt" >l.json
	json l.json '"as_model" not in d'
	run "$cpulevel" level "$pool/icx.txt" --as-model xen
	exits 2
	says 'qemu or libvirt'
}

# -- the tables ------------------------------------------------------------------------

# bad_row TOOL FILE ROW WORD: the tool refuses the tables with this row
bad_row() {
	rm -rf tree
	mkdir -p tree/format tree/levels
	cp -r "$root/data" tree/data
	printf '%b\n' "$3" >>"tree/data/$2.tsv"
	run python3 "$root/tools/gen-$1.py" tree
	exits 3
	says "$2.tsv:$(wc -l <"tree/data/$2.tsv")"
	says "$4"
}

@test "tables: a row that would make a wrong level" {
	bad_row levels levels 'x86-64-v4\tpsabi:x86-64-v4\t-\t-\tagain\tnobody' 'a second level'
	bad_row levels levels 'v5\tpsabi:x86-64-v5\t-\t-\tnone\tnobody' 'has no psabi:x86-64-v5'
	bad_row levels levels 'v5\tpsabi:x86-64-v4\tnothing\t-\tnone\tnobody' 'no field is called nothing'
	bad_row levels templates 'T9\t0x1:0:ecx\t0x1\t0x1' 'levels.tsv has no T9'
	bad_row levels templates 'T2\t0x1:0:ecx\t0x00000004\t0x0' 'given twice'
	bad_row levels templates 'T2\t0x1:0:ecx\t0x00000001\t0x3' 'beyond what is forced'
}

@test "tables: a row that would make a wrong group" {
	bad_row groups groups 'zzz\tno-such\tabout\tsource' 'no-such is no capability'
	bad_row groups groups 'zzz\tfb-clear\tabout\tsource' 'fb-clear is no capability'
	bad_row groups groups 'aaa\tavx\tabout\tsource' 'aaa is not behind tsx'
	bad_row groups groups 'zzz\tavx,avx\tabout\tsource' 'named twice'
	bad_row groups groups 'xop\tfma4\tabout\tsource' 'xop is a field'
}
