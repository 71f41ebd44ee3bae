#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# check: verdicts, what they say, and the JSON contract.

bats_require_minimum_version 1.5.0
load verdicts

setup() {
	cpulevel=${CPULEVEL:?the program to test}
	root=${CPULEVEL_ROOT:-$PWD}
	pool=$root/test/pool
	cd "$BATS_TEST_TMPDIR" || return
	cp "$pool"/clx.txt "$pool"/icx.txt "$pool"/spr.txt .
	for host in clx icx spr; do
		"$cpulevel" level "$host.txt" -o "on-$host.txt" >/dev/null
	done
}

@test "check: 0, yes" {
	run --separate-stderr "$cpulevel" check on-clx.txt clx.txt
	exits 0
	says 'YES'
	[ -z "$stderr" ]
}

@test "check: 1, no, every finding and what to do" {
	run "$cpulevel" check on-icx.txt clx.txt
	exits 1
	says 'NO'
	for feature in sha gfni vaes la57 rdpid wbnoinvd avx512-vbmi2; do
		says "$feature"
	done
	says 'the host does not have it'
	says 'ret-alternate'
	says 'It would fit after a power cycle'
}

# Ice Lake's guests were not told that RRSBA holds: Cascade Lake's do.
@test "check: a hazard that the guest was not told is a finding" {
	"$cpulevel" check --json on-icx.txt clx.txt >c.json || [ $? -eq 1 ]
	json c.json 'any(f["field"] in ("ret-alternate", "rrsba") and f["severity"] == "security" for f in d["findings"])'
}

@test "check: 2, usage" {
	run "$cpulevel" check
	exits 2
	run "$cpulevel" check clx.txt
	exits 2
	says 'a guest and a host are needed'
	run "$cpulevel" check clx.txt icx.txt spr.txt
	exits 2
	run "$cpulevel" check --guest what clx.txt icx.txt
	exits 2
	run "$cpulevel" check --help
	exits 0
}

@test "check: 3, input" {
	run --separate-stderr "$cpulevel" check gone.txt clx.txt
	exits 3
	[ -z "$output" ]
	run "$cpulevel" check clx.txt gone.txt
	exits 3
	sed 's/^msr 0x0000010a .*/msr 0x0000010a 12345/; s/^cpulevel 1/cpulevel 1\nmsr/' clx.txt >bad.txt
	run --separate-stderr "$cpulevel" check clx.txt bad.txt
	exits 3
	[[ $stderr == *bad.txt:[0-9]*:\ * ]]
	cat clx.txt icx.txt >two.txt
	run "$cpulevel" check two.txt spr.txt
	exits 3
	says 'one machine is expected'
}

@test "check: 4 where what is not known decides" {
	grep -v '^cpuid 0x00000007' clx.txt >partial.txt
	run "$cpulevel" check on-clx.txt partial.txt
	exits 4
	says 'UNKNOWN'
	says 'not known what the host has'
	"$cpulevel" check --json on-clx.txt partial.txt >c.json || [ $? -eq 4 ]
	json c.json 'd["verdict"] == "unknown"'
	json c.json 'any(f["host"] == "?" for f in d["findings"])'
}

# A certain misfit is a no, whatever else is unknown.
@test "check: no beats unknown" {
	grep -v '^cpuid 0x80000008' clx.txt >partial.txt
	run "$cpulevel" check on-icx.txt partial.txt
	exits 1
}

@test "check: another vendor is a no that says so, and no level helps" {
	run "$cpulevel" check on-clx.txt "$pool/milan.txt"
	exits 1
	says 'vendor'
	says 'No level fits both: their CPUs are of different vendors.'
	[[ $output != *'after a power cycle'* && $output != *'-o FILE'* ]]
}

@test "check: what a level would have to tell, or have less of, is said" {
	run "$cpulevel" check cpu:haswell-ep cpu:icelake-sp --platform kvm-7.2
	exits 1
	says 'after a power cycle at a level that tells:'
	says '    fdp-excp-only ret-alternate'
	[[ $output != *without* ]]
	run "$cpulevel" check cpu:icelake-sp cpu:cascadelake-sp --platform kvm-7.2
	exits 1
	says 'at a level without:'
	says 'and with less, or other values, of:'
	says '    maxphysaddr'
	says 'and that tells:'
}

@test "check --json: keys of the contract" {
	"$cpulevel" check --json on-icx.txt clx.txt >c.json || [ $? -eq 1 ]
	json c.json 'd["format"] == "cpulevel-check" and d["version"] == 1'
	json c.json 'd["verdict"] == "no"'
	json c.json 'all(set(f) >= {"severity", "field", "where", "guest", "host", "reason"} for f in d["findings"])'
	json c.json 'all(f["severity"] in ("fatal", "security", "leak", "slow", "info") for f in d["findings"])'
	json c.json '[f for f in d["findings"] if f["field"] == "sha"][0]["where"] == "0x7:0.ebx[29]"'
	json c.json 'len(d["findings"]) == len({f["field"] for f in d["findings"]})'
	"$cpulevel" check --json on-clx.txt clx.txt >c.json
	json c.json 'd["verdict"] == "yes"'
	json c.json 'not [f for f in d["findings"] if f["severity"] in ("fatal", "security")]'
}

@test "check: worst first" {
	"$cpulevel" check --json on-spr.txt clx.txt >c.json || [ $? -eq 1 ]
	json c.json '[["fatal", "security", "leak", "slow", "info"].index(f["severity"]) for f in d["findings"]] == sorted(["fatal", "security", "leak", "slow", "info"].index(f["severity"]) for f in d["findings"])'
}

@test "check: the same bytes twice" {
	"$cpulevel" check --json on-spr.txt clx.txt >1.json || [ $? -eq 1 ]
	"$cpulevel" check --json on-spr.txt clx.txt >2.json || [ $? -eq 1 ]
	cmp 1.json 2.json
}

# One CPU, two kernels: a guest of the newer one is stranded by a rollback.
@test "check: a kernel's rollback" {
	"$cpulevel" level "$pool/spr-5.10.txt" -o old.txt >/dev/null
	run "$cpulevel" check old.txt spr.txt
	exits 0
	run "$cpulevel" check on-spr.txt "$pool/spr-5.10.txt"
	exits 1
	says 'amx-tile'
	says 'avx-vnni'
}

# A hint only makes the guest slower.
@test "check: slow is no refusal" {
	sed 's/^\(cpuid 0x00000007 0x00 0x........\) 0xd19f67eb/\1 0xd19f65eb/' clx.txt >no-erms.txt
	run "$cpulevel" check on-clx.txt no-erms.txt
	exits 0
	says 'erms'
	says 'slow'
}

@test "check: no colour in a pipe" {
	run "$cpulevel" check on-spr.txt clx.txt
	[[ $output != *$'\033'* ]]
}

# A machine as GUEST is a guest that booted there.  These show ITSC without a
# TSC frequency: whether that guest may move on is not known, all else fits.
@test "check: every machine runs its own guests, as far as is known" {
	for host in clx icx spr; do
		run "$cpulevel" check "$host.txt" "$host.txt"
		exits 4
		says itsc
		run "$cpulevel" level "$host.txt" -o own.level
		exits 0
		run "$cpulevel" check own.level "$host.txt"
		exits 0
	done
}
