#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# level: exit codes, the JSON contract, determinism, input in all its forms.

bats_require_minimum_version 1.5.0
load verdicts

setup() {
	cpulevel=${CPULEVEL:?the program to test}
	root=${CPULEVEL_ROOT:-$PWD}
	pool=$root/test/pool
	cd "$BATS_TEST_TMPDIR" || return
	cp "$pool"/clx.txt "$pool"/icx.txt "$pool"/spr.txt .
}

# -- exit codes --------------------------------------------------------------

@test "level: 0, and the answer on stdout alone" {
	"$cpulevel" level clx.txt icx.txt spr.txt >out 2>err
	[ -s out ]
	[ ! -s err ]
	head -1 out | grep -q 'level of 3 machines'
}

@test "level: 2, usage" {
	run "$cpulevel" level
	exits 2
	says 'which machines?'
	says 'cpulevel level --help'
	run "$cpulevel" level --no-such-option clx.txt
	exits 2
	run "$cpulevel" level --guest vm clx.txt
	exits 2
	says 'pv, hvm-shadow or hvm'
	run "$cpulevel" level --of nothing clx.txt
	exits 2
	run "$cpulevel" level --from nothing clx.txt
	exits 2
	run "$cpulevel" level --cap
	exits 2
}

@test "level: --help is no error" {
	run "$cpulevel" level --help
	exits 0
	says '--vendor-parity'
}

@test "level: 3, a file that is not there is not skipped" {
	run --separate-stderr "$cpulevel" level clx.txt gone.txt icx.txt
	exits 3
	[ -z "$output" ]
	[[ $stderr == *gone.txt*'No such file'* ]]
}

@test "level: 3 with FILE:LINE where a file is damaged, and nothing is written" {
	sed 's/^cpuid 0x00000007 0x00 0x/cpuid 0x00000007 0x00 0y/' icx.txt >bad.txt
	line=$(grep -n 0y bad.txt | cut -d: -f1)
	run --separate-stderr "$cpulevel" level clx.txt bad.txt -o level.txt
	exits 3
	[ -z "$output" ]
	[[ $stderr == *"bad.txt:$line: "* ]]
	[ "$(echo *.t*)" = 'bad.txt clx.txt icx.txt spr.txt' ]
}

@test "level: 3 where output cannot be written, 3 where it is full" {
	run "$cpulevel" level clx.txt -o no/such/folder/level.txt
	exits 3
	[ -e /dev/full ] || skip "no /dev/full"
	run bash -c '"$0" level clx.txt >/dev/full' "$cpulevel"
	exits 3
}

@test "level: 4 where a number is not known of every machine" {
	grep -v '^cpuid 0x80000008' icx.txt >partial.txt
	run "$cpulevel" level clx.txt partial.txt
	exits 4
	says 'incomplete'
	says 'maxphysaddr'
}

@test "level: 5 for several vendors, with who they are and why" {
	cp "$pool/milan.txt" .
	run --separate-stderr "$cpulevel" level clx.txt milan.txt icx.txt -o l.txt
	exits 5
	[ -z "$output" ]
	[[ $stderr == *Intel*'2 machines'*clx* ]]
	[[ $stderr == *AMD*'1 machine,'*milan* ]]
	[[ $stderr == *vendor-parity* ]]
	[ ! -e l.txt ]
}

# -- the document --------------------------------------------------------------

@test "level --json: keys and types of the contract" {
	"$cpulevel" level --json clx.txt icx.txt spr.txt >l.json
	json l.json 'd["format"] == "cpulevel-level" and d["version"] == 1'
	json l.json 'd["guest"] == "hvm" and "Intel" in d["vendor"]'
	json l.json 'set(d) >= {"format", "version", "guest", "vendor", "features", "numbers", "hosts", "blame", "conflicts", "leaks"}'
	json l.json 'all(type(f) is str for f in d["features"])'
	json l.json 'all(type(n) is int for n in d["numbers"].values())'
	json l.json '[h["name"] for h in d["hosts"]] == ["clx", "icx", "spr"]'
	json l.json 'all(set(h) >= {"name", "offers", "gives_up", "alone_lacks"} for h in d["hosts"])'
	json l.json 'all(type(h[k]) is int for h in d["hosts"] for k in ("offers", "gives_up"))'
	json l.json 'all(set(v) <= {"clx", "icx", "spr"} and v for v in d["blame"].values())'
	json l.json 'not set(d["blame"]) & set(d["features"])'
	json l.json 'd["conflicts"] == [] and type(d["leaks"]) is list'
	json l.json 'd["numbers"]["maxphysaddr"] == 46'
	json l.json 'len(d["features"]) == len(set(d["features"]))'
}

@test "level --json: names are escaped" {
	sed 's/^name: .*/name: a "b" \\ c/' clx.txt >quoted.txt
	"$cpulevel" level --json quoted.txt >l.json
	json l.json 'd["hosts"][0]["name"] == "a \"b\" \\ c"'
}

@test "level: the same bytes twice, and in any order of the files" {
	"$cpulevel" level clx.txt icx.txt spr.txt -o 1.txt >1.out
	"$cpulevel" level clx.txt icx.txt spr.txt -o 2.txt >2.out
	cmp 1.txt 2.txt
	cmp 1.out 2.out
	for order in 'icx spr clx' 'spr clx icx' 'spr icx clx' 'clx spr icx'; do
		# shellcheck disable=SC2086
		"$cpulevel" level $(printf '%s.txt ' $order) -o 2.txt >/dev/null
		cmp 1.txt 2.txt
	done
	"$cpulevel" level --json clx.txt icx.txt spr.txt >1.json
	"$cpulevel" level --json clx.txt icx.txt spr.txt >2.json
	cmp 1.json 2.json
}

@test "level: a level of levels is the level, and of itself" {
	"$cpulevel" level clx.txt icx.txt spr.txt -o all.txt >/dev/null
	"$cpulevel" level clx.txt icx.txt -o two.txt >/dev/null
	"$cpulevel" level two.txt spr.txt -o nested.txt >/dev/null
	"$cpulevel" level all.txt -o again.txt >/dev/null
	for f in all nested again; do
		sed '/^members:/d' "$f.txt" >"$f.facts"
	done
	cmp all.facts nested.facts
	cmp all.facts again.facts
}

# -- what is written -------------------------------------------------------------

# The maxima follow from the content, whoever made the CPU: else all of it
# would be out of range when the file is read.
@test "level -o: a level of no known vendor is read as it was written" {
	"$cpulevel" level level:x86-64-v2 -o v2.level >/dev/null || [ $? -eq 4 ]
	"$cpulevel" level v2.level --json >level.json || [ $? -eq 4 ]
	json level.json '{"sse4-2", "lm"} <= set(d["features"])'
	json level.json 'd["psabi"] == "x86-64-v2"'
}

@test "level -o: check accepts it against every member" {
	"$cpulevel" level clx.txt icx.txt spr.txt -o level.txt >/dev/null
	[ "$(head -1 level.txt)" = 'cpulevel 1' ]
	for host in clx icx spr; do
		run "$cpulevel" check level.txt "$host.txt"
		exits 0
	done
	for host in icx spr; do
		run "$cpulevel" check "$host.txt" level.txt
		exits 1
	done
}

@test "level -o: the file is replaced whole or kept" {
	echo old >level.txt
	run "$cpulevel" level clx.txt gone.txt -o level.txt
	exits 3
	[ "$(cat level.txt)" = old ]
	"$cpulevel" level clx.txt -o level.txt >/dev/null
	[ "$(head -1 level.txt)" = 'cpulevel 1' ]
	[ -z "$(find . -name '*.tmp')" ]
}

@test "level --drop: the feature and what needs it" {
	"$cpulevel" level --json --drop avx512f,AVX_VNNI --drop=pku clx.txt icx.txt >l.json
	json l.json 'not {"avx512f", "avx512vl", "pku"} & set(d["features"])'
	json l.json '"avx2" in d["features"]'
	run "$cpulevel" level --drop fb-clear clx.txt
	exits 2
	says 'fb-clear is not a capability'
}

@test "level --drop: an unknown name, did you mean" {
	run "$cpulevel" level --drop avx512ff clx.txt
	exits 2
	says 'no feature "avx512ff"; did you mean avx512f?'
	run "$cpulevel" level --drop avx2,aavx clx.txt -o l.txt
	exits 2
	says 'did you mean avx?'
	[ ! -e l.txt ]
}

@test "level --drop: names of other tools" {
	"$cpulevel" level --json --drop pni clx.txt >l.json
	json l.json '"sse3" not in d["features"] and "ssse3" not in d["features"]'
}

@test "level --cap: no more than the cap has, and its other words do not limit" {
	"$cpulevel" level --json icx.txt spr.txt --cap clx.txt >l.json
	"$cpulevel" level --json clx.txt icx.txt spr.txt >all.json
	json l.json 'not {"avx512-vbmi", "gfni", "la57"} & set(d["features"])'
	json l.json '"avx512f" in d["features"]'
	json l.json '{h["name"] for h in d["hosts"]} == {"icx", "spr"}'
	run "$cpulevel" level icx.txt --cap gone.txt
	exits 3
}

@test "level --vendor-parity: told that it is not for migration" {
	cp "$pool/milan.txt" .
	run "$cpulevel" level --vendor-parity clx.txt milan.txt
	exits 0
	says 'NOT FOR MIGRATION'
	"$cpulevel" level --vendor-parity --json clx.txt milan.txt -o parity.txt >l.json
	json l.json 'd["migratable"] is False'
	json l.json '"avx2" in d["features"] and "avx512f" not in d["features"]'
	json l.json 'not {"rdcl-no", "ibrsb", "svm", "vmx"} & set(d["features"])'
	grep -q '^parity: ' parity.txt
	"$cpulevel" level --json clx.txt icx.txt >l.json
	json l.json 'd["migratable"] is True'
}

# -- input in all its forms ------------------------------------------------------

@test "level: a folder, and a folder in it, by name" {
	mkdir -p hosts/more
	mv icx.txt hosts/2.txt
	mv clx.txt hosts/1.txt
	mv spr.txt hosts/more/3.txt
	touch hosts/.hidden
	"$cpulevel" level --json hosts >l.json
	json l.json '[h["name"] for h in d["hosts"]] == ["clx", "icx", "spr"]'
}

@test "level: a folder with a file that is no machine says how to read the others" {
	mkdir some
	cp clx.txt icx.txt some/
	echo 'About these dumps' >some/README
	run --separate-stderr "$cpulevel" level some
	exits 3
	[ -z "$output" ]
	[[ $stderr == *'some/README: not a format'*'cpulevel level some/*.txt'* ]]
	"$cpulevel" level some/*.txt | head -1 | grep -q 'level of 2 machines'
	run --separate-stderr "$cpulevel" level some/README
	[[ $stderr != *'every file'* ]]
	# a damaged machine is not one to leave out
	rm some/README
	echo 'cpuid' >>some/clx.txt
	run --separate-stderr "$cpulevel" level some
	exits 3
	[[ $stderr != *'every file'* ]]
}

@test "level: a list on stdin, or a description" {
	printf 'clx.txt\nicx.txt\nspr.txt\n' | "$cpulevel" level --json - >l.json
	json l.json 'len(d["hosts"]) == 3'
	"$cpulevel" level --json - <clx.txt >l.json
	json l.json '[h["name"] for h in d["hosts"]] == ["clx"]'
	cat clx.txt icx.txt | "$cpulevel" level --json - >l.json
	json l.json '[h["name"] for h in d["hosts"]] == ["clx", "icx"]'
	run bash -c 'printf "clx.txt\ngone.txt\n" | "$0" level -' "$cpulevel"
	exits 3
	says 'gone.txt'
}

@test "level: an empty folder and empty input are no level" {
	mkdir none
	run "$cpulevel" level none
	exits 3
	says 'no machine to level'
	run bash -c '"$0" level - </dev/null' "$cpulevel"
	exits 3
}

@test "level: a damaged machine says its line on stdin too" {
	run bash -c 'cat clx.txt icx.txt | sed "s/^msr 0x0000010a .*/msr 0x10a what/" | "$0" level -' "$cpulevel"
	exits 3
	says "<stdin>:$(grep -n '^msr 0x0000010a' clx.txt | cut -d: -f1): "
}

# -- terminals ---------------------------------------------------------------------

@test "level: no colour in a pipe" {
	run "$cpulevel" level clx.txt icx.txt
	exits 0
	[[ $output != *$'\033'* ]]
}

# On a terminal of 60 columns, with the variables of $1.
on_terminal() {
	command -v script >/dev/null || skip "no script(1)"
	env $1 script -qec "stty cols 60 rows 30; '$cpulevel' level clx.txt icx.txt spr.txt" /dev/null </dev/null >typescript 2>&1 ||
		skip "script(1) cannot make a terminal here"
	tr -d '\r' <typescript >screen
}

@test "level: colour on a terminal, none with NO_COLOR" {
	on_terminal TERM=xterm
	grep -q $'\033\\[' screen
	on_terminal 'TERM=xterm NO_COLOR=1'
	run grep -c $'\033\\[' screen
	[ "$output" = 0 ]
}

@test "level: a narrow terminal is not overrun" {
	on_terminal 'TERM=xterm NO_COLOR=1'
	grep -q avx512f screen
	run awk 'length > 60' screen
	exits 0
	[ -z "$output" ]
}

# -- x86-64 levels -----------------------------------------------------------------

# without FEATURE...: what is left of Ice Lake
psabi_without() {
	"$cpulevel" level --json icx.txt --drop "$1" >l.json
	json l.json "d['psabi'] == $2"
}

# glibc forgot BMI1 and BMI2 in v3 until 2022, and Proxmox' v3 is another.
@test "level: x86-64-v3 needs all of it" {
	"$cpulevel" level --json icx.txt >l.json
	json l.json 'd["psabi"] == "x86-64-v4"'
	for f in avx512f avx512bw avx512cd avx512dq avx512vl; do
		psabi_without "$f" '"x86-64-v3"'
	done
	for f in avx avx2 bmi1 bmi2 f16c fma abm movbe xsave; do
		psabi_without "$f" '"x86-64-v2"'
	done
	for f in cx16 lahf-lm popcnt sse3 sse4-1 sse4-2 ssse3; do
		psabi_without "$f" '"x86-64-v1"'
	done
	psabi_without cmov None
}

# -- the policy of a VM -------------------------------------------------------------

# register FILE LEAF SUBLEAF: its four registers in the first policy.
register() {
	"$cpulevel" show "$1" --raw | awk -v l="$2" -v s="$3" \
		'$1 == l && $2 == s { print $3, $4, $5, $6 }'
}

@test "level --topology: what is written has the VM's leaves" {
	"$cpulevel" level clx.txt icx.txt spr.txt --topology 1x2x4x2 -o vm.txt >out
	"$cpulevel" level clx.txt icx.txt spr.txt -o level.txt >plain
	cmp out plain
	grep -qx 'topology: 1x2x4x2' vm.txt
	[ "$(register vm.txt 0x0000000b 1)" = \
		'0x00000004 0x00000010 0x00000200 0x00000000' ]
	[ "$(register vm.txt 0x0000001f 2)" = \
		'0x00000004 0x00000010 0x00000500 0x00000000' ]
	[ -z "$(register level.txt 0x0000000b 1)" ]
	# nothing but topology and maxima differ: it runs where the level does
	for host in clx icx spr; do
		"$cpulevel" check vm.txt $host.txt
	done
	"$cpulevel" diff level.txt vm.txt >out || [ $? -eq 1 ]
	grep -E '^  +[a-z0-9-]+ +(0x|msr)' out >rows
	[ "$(wc -l <rows)" -ge 20 ]
	[ -z "$(grep -vE ' topology +free |^ +max-basic-leaf ' rows)" ]
}

@test "level --topology: AMD's caches come with it" {
	cp "$pool/milan.txt" .
	cat >zen.txt <<-'EOF'
	CPUID 00000000: 00000010-68747541-444D4163-69746E65
	CPUID 00000001: 00A20F10-00100800-7EFA320B-178BFBFF
	CPUID 80000000: 8000001E-68747541-444D4163-69746E65
	CPUID 80000001: 00A20F10-20000000-75C237FF-2FD3FBFF
	CPUID 80000008: 00003030-111EF657-0000400F-00000000
	CPUID 8000001D: 00004121-01C0003F-0000003F-00000000 [SL 00]
	CPUID 8000001D: 0003C163-03C0003F-00007FFF-00000001 [SL 01]
	CPUID 8000001E: 00000000-00000100-00000000-00000000
	EOF
	"$cpulevel" level zen.txt --topology 1x1x4x1 -o vm.txt >out || [ $? -eq 4 ]
	[ "$(register vm.txt 0x8000001d 0)" = \
		'0x00000121 0x01c0003f 0x0000003f 0x00000000' ]
	[ "$(register vm.txt 0x8000001d 1)" = \
		'0x0000c163 0x03c0003f 0x00007fff 0x00000001' ]
}

@test "level --identity: what is written is that CPU" {
	"$cpulevel" level clx.txt icx.txt spr.txt --identity spr.txt -o vm.txt >out
	"$cpulevel" level clx.txt icx.txt spr.txt -o level.txt >plain
	cmp out plain
	grep -qx 'identity: spr' vm.txt
	own=$(register spr.txt 0x00000001 - | cut -d' ' -f1)
	[ "$(register vm.txt 0x00000001 - | cut -d' ' -f1)" = "$own" ]
	[ "$(register level.txt 0x00000001 - | cut -d' ' -f1)" != "$own" ]
	"$cpulevel" check vm.txt clx.txt
}

@test "level: 2, a topology that none can be, or without a file to go to" {
	for shape in 1x1x4 0x1x1x1 1x1x4x2x 1x1x4x2q x1x1x1x1 1x-1x1x1 1x1x99999x1; do
		run --separate-stderr "$cpulevel" level clx.txt \
			--topology "$shape" -o vm.txt
		exits 2
		[ -z "$output" ]
		[[ $stderr == *"$shape"* ]]
	done
	run "$cpulevel" level clx.txt --topology 1x1x1x1
	exits 2
	says 'need -o'
	run "$cpulevel" level clx.txt --identity clx.txt
	exits 2
	run "$cpulevel" level clx.txt --guest pv --topology 1x1x1x1 -o vm.txt
	exits 2
	run "$cpulevel" level clx.txt --vendor-parity --identity clx.txt -o vm.txt
	exits 2
	[ ! -e vm.txt ]
}

@test "level: 5, a topology or a donor that this vendor cannot have" {
	cp "$pool/milan.txt" .
	run --separate-stderr "$cpulevel" level milan.txt --topology 1x9x1x1 -o vm.txt
	exits 5
	[ -z "$output" ]
	[[ $stderr == *'at most 8 dies'* ]]
	run --separate-stderr "$cpulevel" level clx.txt --drop x2apic \
		--topology 64x1x2x2 -o vm.txt
	exits 5
	[[ $stderr == *'need x2apic'* ]]
	run --separate-stderr "$cpulevel" level clx.txt --identity milan.txt -o vm.txt
	exits 5
	[[ $stderr == *milan*'vendors differ'* ]]
	run "$cpulevel" level clx.txt --identity gone.txt -o vm.txt
	exits 3
	[ ! -e vm.txt ]
}

# -- guest kinds -------------------------------------------------------------------

@test "level --guest: each kind's own default is taken" {
	cat >host.txt <<-'EOF'
	name-label: two-kinds
	vendor: GenuineIntel
	features_pv_host: 0183fbff-00000001
	features_hvm_host: 0183fbff-00000201
	EOF
	"$cpulevel" level --json --guest hvm host.txt >hvm.json || [ $? -eq 4 ]
	"$cpulevel" level --json --guest pv host.txt >pv.json || [ $? -eq 4 ]
	json hvm.json 'd["guest"] == "hvm" and d["hosts"][0]["policy"] == "hvm-default"'
	json pv.json 'd["guest"] == "pv" and d["hosts"][0]["policy"] == "pv-default"'
}

# A host that runs no HVM guests is refused, not taken for one without features.
@test "level --guest: a machine without that kind is not zero" {
	printf 'name-label: pv-only\nfeatures_pv_host: 0183fbff\n' >pv.txt
	run "$cpulevel" level --guest hvm pv.txt
	exits 3
	says 'pv-only'
}

@test "level -o -: the level, whole, and nothing else on standard output" {
	"$cpulevel" level cpu:rome cpu:milan -o file.txt >report || [ $? -eq 4 ]
	[ -s report ]
	"$cpulevel" level cpu:rome cpu:milan -o - >piped || [ $? -eq 4 ]
	cmp <(sed /^name:/d file.txt) <(sed /^name:/d piped)
	[ ! -e - ]
	run "$cpulevel" level cpu:rome -o - --json
	[ "$status" -eq 2 ]
	run "$cpulevel" level cpu:rome cpu:icelake-sp -o -
	[ "$status" -eq 5 ]
	[ -z "$(grep '^cpulevel 1' <<<"$output")" ]
}

# Behaviour that no CPUID bit tells: known where all agree, unknown elsewhere.
behaves() { # behaves FROM TO VALUE: the same machine with that FCS/FDS
	sed "s/^state mxcsr-mask.*/&\nstate x87-no-fcs-fds 0x0000000$3/" \
		"$1" >"$2"
}

@test "level: behaviour that all machines share is part of it" {
	behaves clx.txt one.txt 1
	behaves icx.txt two.txt 1
	"$cpulevel" level one.txt two.txt -o level.txt >/dev/null
	grep -qx 'state x87-no-fcs-fds 0x00000001' level.txt
	"$cpulevel" check level.txt one.txt --json >c.json
	json c.json '"x87-no-fcs-fds" not in [f["field"] for f in d["findings"]]'
}

@test "level: behaviour that differs is unknown in it, and is told" {
	behaves clx.txt one.txt 1
	behaves icx.txt two.txt 0
	"$cpulevel" level one.txt two.txt -o level.txt --json >l.json
	grep -qx 'state x87-no-fcs-fds 0x00000000/0xfffffffe' level.txt
	json l.json '"x87-no-fcs-fds" in json.dumps(d["leaks"])'
	"$cpulevel" level one.txt -o alone.txt >/dev/null
	"$cpulevel" check alone.txt two.txt --json >c.json || [ $? -eq 1 ]
	json c.json '[f["severity"] for f in d["findings"] if f["field"] == "x87-no-fcs-fds"] == ["leak"]'
}
