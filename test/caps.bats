#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# caps and mask: what is said of hosts that fault, that have masks, that have
# neither, and of which it is not known.

bats_require_minimum_version 1.5.0
load verdicts

setup() {
	cpulevel=${CPULEVEL:?the program to test}
	root=${CPULEVEL_ROOT:-$PWD}
	cd "$BATS_TEST_TMPDIR" || return
	cp "$root"/test/pool/clx.txt .
	made nehalem 0x000106a5 0x0098e3fd
	made skylake 0x00050654 0x0098e3fd
	made newer 0x000f06f0 0x0098e3fd
	made nested 0x000106a5 0x8098e3fd
}

# made NAME SIGNATURE LEAF1-ECX: a host of a few registers, no MSR read
made() {
	cat >"$1.txt" <<-EOT
		cpulevel 1
		name: $1
		policy raw
		cpuid 0x00000000 - 0x0000000b 0x756e6547 0x6c65746e 0x49656e69
		cpuid 0x00000001 - $2 0x00100800 $3 0xbfebfbff
		cpuid 0x00000006 -    0x00000007 0x00000002 0x00000001 0x00000000
		cpuid 0x80000000 - 0x80000008 0x00000000 0x00000000 0x00000000
		cpuid 0x80000001 - 0x00000000 0x00000000 0x00000001 0x28100800
		cpuid 0x80000007 - 0x00000000 0x00000000 0x00000000 0x00000100
		cpuid 0x80000008 - 0x00003024 0x00000000 0x00000000 0x00000000
	EOT
}

# level_of HOST: in pool.level, without a feature that a mask reaches and one
# that none does; much of the hosts above is not known
level_of() {
	"$cpulevel" level "$1.txt" --guest pv --drop sse4-2,itsc \
		-o pool.level >/dev/null || [ $? -eq 4 ]
}

# -- caps --------------------------------------------------------------------------

@test "caps: a host with masks: which, from what, and what they leave" {
	run --separate-stderr "$cpulevel" caps nehalem.txt
	exits 0
	[ -z "$stderr" ]
	says 'faulting  no (assumed of model 6/1a)'
	says '1cd   msr 0x130 (assumed of model 6/1a)'
	says 'e1cd  msr 0x131'
	says 'caps 0x06, of 2014 0x01e:'
	says 'mask_ecx mask_edx mask_extd_ecx mask_extd_edx'
	says 'PV guests here cannot be levelled on leaves 6, 0x80000007: boot them with clearcpuid='
	says 'itsc'
}

@test "caps: a host that faults controls what PV guests see" {
	run "$cpulevel" caps skylake.txt --guest pv
	exits 0
	says 'faulting  yes'
	says 'by msr 0x140[0]'
	says 'PV guests here see the features that they are told'
	[[ $output != *hvm* ]]
}

@test "caps: the MSR says, where it was read" {
	echo 'msr 0x000000ce 0x0000000080000000' >>newer.txt
	run "$cpulevel" caps newer.txt
	exits 0
	says 'faulting  yes (the MSR was read)'
	sed -i 's/^msr .*/msr 0x000000ce 0x0000000000000000/' newer.txt
	run "$cpulevel" caps newer.txt
	exits 0
	says 'faulting  no (the MSR was read)'
}

@test "caps: 4 where it is not known" {
	run "$cpulevel" caps newer.txt
	exits 4
	says 'faulting  not known'
	says 'read MSR 0xce'
	run "$cpulevel" caps nested.txt
	exits 4
	says 'masks     not known'
	# HVM guests exit anyway
	run "$cpulevel" caps nested.txt --guest hvm
	exits 0
}

@test "caps -v: every field, with gate and reason" {
	run "$cpulevel" caps nehalem.txt -v --guest pv
	exits 0
	says 'a masking MSR covers it'
	says 'no masking MSR covers it'
	says 'sse4-2'
	says 'hidden only'
}

@test "caps --json: the document" {
	"$cpulevel" caps --json nehalem.txt >c.json
	json c.json 'd["format"] == "cpulevel-caps" and d["version"] == 1'
	json c.json 'd["xen_levelling_caps"] == "0x00000006"'
	json c.json '"mask_extd_edx" in d["levelling_caps_2014"]'
	json c.json '[c["msr"] for c in d["caps"] if c["cap"] == "1cd"] == ["0x00000130"]'
	json c.json 'set(d["guests"]) == {"pv", "hvm-shadow", "hvm"}'
	json c.json 'all(g["controlled"] + g["hidden_only"] + g["leaks"] + g["not_known"] == len(g["fields"]) for g in d["guests"].values())'
	json c.json '{f["field"]: f["control"] for f in d["guests"]["pv"]["fields"]}["itsc"] == "leaks"'
	json c.json '{f["field"]: f["control"] for f in d["guests"]["hvm"]["fields"]}["sse4-2"] == "hidden only"'
	"$cpulevel" caps --json nested.txt >c.json || [ $? -eq 4 ]
	json c.json 'd["xen_levelling_caps_unknown"] == "0x00000007"'
}

@test "caps: usage and input" {
	run "$cpulevel" caps
	exits 2
	run "$cpulevel" caps skylake.txt nehalem.txt
	exits 2
	run "$cpulevel" caps skylake.txt --guest what
	exits 2
	run "$cpulevel" caps skylake.txt --xyzzy
	exits 2
	run "$cpulevel" caps gone.txt
	exits 3
	run --separate-stderr "$cpulevel" caps clx.txt
	exits 3
	level_of skylake
	run --separate-stderr "$cpulevel" caps pool.level
	exits 3
	[[ $stderr == *'a description of a host is needed'* ]]
	run "$cpulevel" caps --help
	exits 0
	says 'cpulevel caps host.txt'
}

# -- mask --------------------------------------------------------------------------

# Nehalem without SSE4.2: ecx is the lower half, edx the higher one.
@test "mask: values, defaults, what they hide" {
	level_of nehalem
	run "$cpulevel" mask pool.level nehalem.txt
	exits 1
	says '0x130'
	says '0xbfebfbff0098e3fd'
	says 'AND mask: 0x1.ecx low, 0x1.edx high'
	says ' sse4-2'
	says 'does not see what'
	says "boot Linux with clearcpuid=arat"
	"$cpulevel" mask --json pool.level nehalem.txt >m.json || [ $? -eq 1 ]
	json m.json 'd["format"] == "cpulevel-mask" and d["version"] == 1'
	json m.json 'd["verdict"] == "no" and d["faulting"] == "no"'
	json m.json '"sse4-2" in d["msrs"][0]["hides"]'
	json m.json 'int(d["msrs"][0]["value"], 16) & ~int(d["msrs"][0]["default"], 16) == 0'
	json m.json 'not int(d["msrs"][0]["value"], 16) & 1 << 20'
	json m.json '[u["shown"] for u in d["unreached"] if u["field"] == "itsc" and u["sure"]] == ["0x1"]'
	json m.json 'd["clearcpuid"] == ["arat"]'
	json m.json '"sse4-2" not in [u["field"] for u in d["unreached"]]'
}

@test "mask: none is needed where CPUID faults" {
	level_of skylake
	run "$cpulevel" mask pool.level skylake.txt
	exits 0
	says 'YES'
	says 'msr 0x140[0] = 1'
	"$cpulevel" mask --json pool.level skylake.txt >m.json
	json m.json 'd["verdict"] == "yes" and d["msrs"] == [] and d["unreached"] == []'
}

@test "mask: 4 where it is not known whether CPUID faults" {
	level_of newer
	run "$cpulevel" mask pool.level newer.txt
	exits 4
	says 'UNKNOWN'
	says 'Not known whether CPUID faults here.'
}

@test "mask: usage and input" {
	run "$cpulevel" mask skylake.txt
	exits 2
	says 'a policy and a host are needed'
	run "$cpulevel" mask gone.txt skylake.txt
	exits 3
	level_of skylake
	run "$cpulevel" mask skylake.txt pool.level
	exits 3
	run "$cpulevel" mask --help
	exits 0
	says 'cpulevel mask pool.level'
}

# -- measuring ---------------------------------------------------------------------

@test "caps: what was measured counts, and is told" {
	{
		sed -n '1,/^name:/p' skylake.txt
		echo 'measured: 0x00000001/-.ecx done 0xffffffff pinned 0x00000001 never 0x00000000'
		sed '1,/^name:/d' skylake.txt
	} >measured.txt
	"$cpulevel" caps measured.txt --json >caps.json || [ $? -eq 4 ]
	python3 - <<-'EOF'
	import json
	d = json.load(open('caps.json'))
	assert d['measured'] == [{'register': '0x1.ecx', 'done': '0xffffffff',
				  'pinned': '0x00000001', 'never': '0x00000000'}], d['measured']
	fields = {f['field']: f for f in d['guests']['hvm']['fields']}
	assert fields['sse3']['control'] == 'leaks', fields['sse3']
	assert fields['ssse3']['control'] != 'leaks', fields['ssse3']
	EOF
	run "$cpulevel" caps measured.txt
	says 'always see 1, never 0'
	"$cpulevel" show measured.txt | grep -q 'measured  *1 registers'
}

@test "caps: a measurement that is none" {
	for bad in 'nonsense' '0x00000007/0x00.ebx done 0x1 pinned 0x3 never 0x0' \
		'0x00000007/0x00.ebx done 0x1 pinned 0x1 never 0x2' \
		'0x12345678/-.eax done 0x1 pinned 0x1 never 0x0' \
		'0x00000007/0x00.efx done 0x1 pinned 0x1 never 0x0' \
		'0x00000007/0x00.ebx done 0x1 pinned 0x1 never 0x0 and'; do
		{
			sed -n '1,/^name:/p' skylake.txt
			echo "measured: $bad"
			sed '1,/^name:/d' skylake.txt
		} >bad.txt
		run "$cpulevel" caps bad.txt
		exits 3
		says 'bad.txt:3: "'
		says 'is no measurement'
	done
	{
		sed -n '1,/^name:/p' skylake.txt
		for i in 1 2; do
			echo 'measured: 0x00000001/-.ecx done 0x1 pinned 0x1 never 0x0'
		done
		sed '1,/^name:/d' skylake.txt
	} >bad.txt
	run "$cpulevel" caps bad.txt
	exits 3
	says 'bad.txt'
	says 'measured twice'
}

@test "caps --measure: another machine is not measured here" {
	run "$cpulevel" caps skylake.txt --measure -o out.txt
	exits 5
	says 'is not this machine'
	[ ! -e out.txt ]
}

@test "caps --measure: what KVM here lets a program decide" {
	if [ ! -r /dev/kvm ] || [ ! -w /dev/kvm ]; then
		skip "no /dev/kvm that can be opened"
	fi
	"$cpulevel" capture --kvm -o here.txt 2>/dev/null
	"$cpulevel" caps here.txt --measure -o measured.txt --json >caps.json || [ $? -eq 4 ]
	# what a guest always sees it sees when it is read again
	"$cpulevel" caps here.txt --measure --json 2>/dev/null >again.json || [ $? -eq 4 ]
	cmp caps.json again.json
	"$cpulevel" caps measured.txt --json >later.json || [ $? -eq 4 ]
	cmp caps.json later.json
	python3 - <<-'EOF'
	import json
	d = json.load(open('caps.json'))
	m = {r['register']: r for r in d['measured']}
	# no KVM lets a program hide nothing, or everything be shown
	assert int(m['0x80000001.ecx']['pinned'], 16) != 0xffffffff
	assert int(m['0x0.ebx']['pinned'], 16) == 0, 'the vendor is a program\'s to say'
	EOF
}

# -- terminals ---------------------------------------------------------------------

@test "caps, mask: a narrow terminal is not overrun" {
	command -v script >/dev/null || skip "no script(1)"
	level_of nehalem
	for what in 'caps nehalem.txt' 'caps nehalem.txt -v' 'caps skylake.txt' \
		'mask pool.level nehalem.txt'; do
		env TERM=xterm NO_COLOR=1 script -qec "stty cols 60 rows 30; '$cpulevel' $what" /dev/null </dev/null 2>&1 |
			tr -d '\r' >screen || skip "script(1) cannot make a terminal here"
		[ -s screen ]
		run awk 'length > 60' screen
		exits 0
		[ -z "$output" ]
	done
}

# hvm-max says bmi2 and not erms; guests were seen to get it the other way.
@test "measured: what guests get counts, not what the hypervisor says" {
	cat >host.txt <<-'EOF'
	cpulevel 1
	name: odd
	measured: 0x00000007/0x00.ebx done 0xffffffff pinned 0x00000200 never 0x00000100
	policy hvm-max total
	cpuid 0x00000000 -    0x00000007 0x756e6547 0x6c65746e 0x49656e69
	cpuid 0x00000007 0x00 0x00000000 0x00000108 0x00000000 0x00000000
	EOF
	sed 's/^measured: .*/hypervisor: odd/' host.txt >said.txt
	sed 's/policy hvm-max/policy seen/; /^measured/d' host.txt >guest.txt
	"$cpulevel" show said.txt --of hvm-max | tr -s ' \n' '\n\n' >said
	"$cpulevel" show host.txt --of hvm-max | tr -s ' \n' '\n\n' >is
	grep -qx bmi2 said
	run ! grep -qx erms said
	grep -qx erms is
	run ! grep -qx bmi2 is
	grep -qx bmi1 is # told as asked: what was reported
	run "$cpulevel" check guest.txt said.txt
	exits 0
	run "$cpulevel" check guest.txt host.txt
	exits 1
	says bmi2
}
