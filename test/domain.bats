#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# capture --xen and xen, with a libxenguest that is no Xen's: test/xenlib.

bats_require_minimum_version 1.5.0
load verdicts

setup() {
	cpulevel=${CPULEVEL:?the program to test}
	xenlib=${CPULEVEL_XENLIB:?folder of the libraries}
	case $(uname -m) in
	x86_64) ;;
	*) skip "not an x86-64 machine" ;;
	esac
	if "$cpulevel" capture --xen 2>&1 | grep -q 'built without Xen'; then
		skip "the program was built without Xen"
	fi
	cd "$BATS_TEST_TMPDIR" || return
	export FAKE_XEN_STATE=$PWD/state
}

# on VERSION COMMAND...: with that Xen below
on() {
	version=$1
	shift
	env LD_LIBRARY_PATH="$xenlib" FAKE_XEN_RUNS="$version" "$cpulevel" "$@"
}

# A level of the fake machine's guests of a kind, without some features.
level() {
	kind=$1
	shift
	on 4.17 capture --xen -o machine.txt 2>/dev/null
	"$cpulevel" level machine.txt --guest "$kind" "$@" \
		-o "$kind.level" >/dev/null
}

# The line of leaf 7 of domain N.
leaf7() {
	on 4.17 xen get "$1" | grep '^cpuid 0x00000007 0x00'
}

@test "capture --xen: the same machine from each release's calls" {
	for version in 4.14 4.17 4.22; do
		on $version capture --xen -o $version.txt 2>$version.err
		grep -qx "xen: $version.3" $version.txt
		grep -v '^xen\|^platform' $version.txt >$version.same
		for kind in raw host pv-max pv-default hvm-max hvm-default; do
			grep -q "^policy $kind" $version.txt
		done
	done
	cmp 4.14.same 4.17.same
	cmp 4.22.same 4.17.same
	grep -qx 'cpus: 8' 4.17.txt
	grep -qx 'platform: xen-4.17' 4.17.txt
	grep -qx 'xen-command-line: console=com1' 4.17.txt
	grep -qx 'xen-levelling-caps: 0x0000019e' 4.14.txt
	# it went with 4.22: nothing is said, and nothing is made up
	run grep xen-levelling-caps 4.22.txt
	exits 1
	grep -q 'capabilities: not told' 4.22.err
}

@test "capture --xen: the policies in their places, though their numbers are not in order" {
	on 4.17 capture --xen -o machine.txt 2>err
	run grep 'featureset is not' err
	exits 1
	"$cpulevel" show machine.txt --of hvm-max >hvm
	"$cpulevel" show machine.txt --of pv-max >pv
	grep -qw smep hvm
	run grep -w smep pv
	exits 1
	# by the registers: of pv-max ecx has bit 1, of pv-default not
	for kind in pv-max:0x00000063 pv-default:0x00000061 \
		hvm-max:0x00000077 hvm-default:0x00000071; do
		"$cpulevel" show machine.txt --of "${kind%:*}" --raw |
			grep '^ *0x80000001 ' | grep -q "${kind#*:}"
	done
	"$cpulevel" import machine.txt | cmp - machine.txt
}

@test "capture --xen: no Xen, no library, another release" {
	run env LD_LIBRARY_PATH="$xenlib" FAKE_XEN_OPEN=2 "$cpulevel" \
		capture --xen -o gone.txt
	exits 3
	says 'there is no /dev/xen/privcmd'
	says 'domain 0'
	run env LD_LIBRARY_PATH="$xenlib" FAKE_XEN_OPEN=13 "$cpulevel" \
		capture --xen -o gone.txt
	exits 3
	says 'only root of domain 0'
	run on 4.19 capture --xen -o gone.txt
	exits 3
	says 'Xen 4.19 runs here and libxenguest.so.4.19 is not installed'
	run on 4.31 capture --xen -o gone.txt
	exits 3
	says 'Xen 4.31 runs here; this program knows the libraries of 4.14 to 4.22'
	[ ! -e gone.txt ]
	run "$cpulevel" capture --xen --kvm
	exits 2
}

@test "the program says which libraries it opens" {
	command -v readelf >/dev/null || skip "there is no readelf"
	readelf -p .note.dlopen "$cpulevel" >note
	sed -n 's/^[^{]*\(\[{.*\]\)$/\1/p' note | grep '"xen"' >note.json
	json note.json 'd[0]["soname"][5] == "libxenguest.so.4.17"'
	json note.json 'len(d[0]["soname"]) == 9 and d[0]["priority"]'
	readelf -n "$cpulevel" | grep -A 2 'notes found in: .note.dlopen' |
		grep -q FDO
}

@test "xen get: a boot record, which is read again" {
	on 4.17 xen get 1 -o pv.txt
	on 4.22 xen get 1 | cmp - pv.txt
	on 4.14 xen get 1 | cmp - pv.txt
	grep -qx 'name: domain-1' pv.txt
	grep -qx 'guest: pv' pv.txt
	grep -qx 'policy seen' pv.txt
	on 4.17 xen get 2 | grep -qx 'guest: hvm'
	on 4.17 xen get 2 --json >two.json
	json two.json 'd["kind"] == "seen" and d["format"] == "cpulevel-policy"'
	run on 4.17 xen get 7
	exits 3
	says 'there is no domain 7'
}

@test "xen set: what fits is set, read back, and reported" {
	level hvm --drop avx2 --drop sse4-2
	before=$(leaf7 2)
	run on 4.17 xen set 2 hvm.level --dry-run
	exits 0
	says 'hidden: sse4-2 avx2'
	says 'nothing was changed (--dry-run)'
	[ ! -e state ]
	[ "$(leaf7 2)" = "$before" ]
	run on 4.17 xen set 2 hvm.level
	exits 0
	says 'set, read back, and Xen holds it'
	[ "$(leaf7 2)" != "$before" ]
	run on 4.22 xen set 2 hvm.level --json
	exits 0
	printf '%s' "$output" >set.json
	json set.json 'd["format"] == "cpulevel-xen" and d["version"] == 1'
	json set.json 'd["done"] == "set" and d["verdict"] == "yes"'
	json set.json 'd["changes"] == [] and d["held"] == []'
	json set.json '(d["domain"], d["guest"], d["xen"]) == (2, "hvm", "4.22.3")'
	on 4.17 xen get 2 -o two.txt
	"$cpulevel" check two.txt hvm.level >/dev/null
}

@test "xen set: who plays Hyper-V keeps its name" {
	level hvm --drop avx2
	export FAKE_XEN_VIRIDIAN=1
	on 4.17 xen get 2 | grep -q '^cpuid 0x40000000 - .* 0x7263694d 0x666f736f 0x76482074$'
	run on 4.17 xen set 2 hvm.level
	exits 0
}

@test "xen set: a domain gets what another one had" {
	level pv --drop avx2
	on 4.14 xen set 1 pv.level >/dev/null
	on 4.17 xen get 1 -o one.txt
	rm state
	run on 4.17 xen set 1 one.txt
	exits 0
	says 'hidden: avx2'
	on 4.17 xen get 1 | cmp - one.txt
	run on 4.17 xen set 1 one.txt
	says 'the domain has this policy already'
}

@test "xen set: what does not fit is refused by us, with all findings" {
	level hvm
	# PV guests have none of these
	run on 4.17 xen set 1 hvm.level --json
	exits 1
	printf '%s' "$output" >set.json
	json set.json 'd["verdict"] == "no" and d["done"] == "refused"'
	json set.json '{"pse", "pge", "smep", "smap"} <= {f["field"] for f in d["findings"]}'
	json set.json 'all(f["reason"] for f in d["findings"])'
	[ ! -e state ]
	# a feature that this machine does not have, by hand
	on 4.17 xen get 2 -o two.txt
	sed -i 's/^\(cpuid 0x00000007 0x00 0x........\) 0x......../\1 0x209c01a9/' two.txt
	run on 4.17 xen set 2 two.txt
	exits 1
	says 'NO '
	says 'sha '
	says 'nothing was changed'
	[ ! -e state ]
	# and one without what it needs: nothing is made up for in silence
	on 4.17 xen get 2 | sed 's/^\(cpuid 0x00000001 .*\) 0xf6f83203 /\1 0xe2f83203 /' \
		>two.txt
	run on 4.17 xen set 2 two.txt
	exits 1
	says 'avx2 '
	[ ! -e state ]
}

@test "xen set: Xen says yes and keeps something else" {
	level hvm --drop bmi1
	export FAKE_XEN_KEEPS=clamp
	before=$(leaf7 2)
	run on 4.17 xen set 2 hvm.level --json
	exits 1
	printf '%s' "$output" >set.json
	json set.json 'd["verdict"] == "yes" and d["done"] == "taken-back"'
	json set.json '[(f["field"], f["guest"], f["host"]) for f in d["held"]] == [("avx2", "1", "0")]'
	[ "$(leaf7 2)" = "$before" ]
	run on 4.17 xen set 2 hvm.level
	exits 1
	says 'the domain has its old policy again'
	export FAKE_XEN_KEEPS=stuck
	run on 4.17 xen set 2 hvm.level
	exits 3
	says 'do not start it'
}

@test "xen set: Xen refuses" {
	level hvm
	for why in 'ran:before it runs for the first time' \
		'leaf:leaf 0x7 sub-leaf 2: Numerical result out of range' \
		'msr:MSR 0x10a: Invalid argument'; do
		export FAKE_XEN_KEEPS=${why%%:*}
		run on 4.17 xen set 2 hvm.level
		exits 5
		says "${why#*:}"
		says 'nothing was changed'
	done
	run on 4.17 xen set 2 hvm.level --json
	exits 5
	printf '%s' "$output" >set.json
	json set.json 'd["done"] == "refused-by-xen" and "0x10a" in d["reason"]'
}

@test "xen: usage" {
	run on 4.17 xen
	exits 2
	run on 4.17 xen put 1
	exits 2
	run on 4.17 xen get
	exits 2
	run on 4.17 xen get web-17
	exits 2
	says 'xl domid'
	run on 4.17 xen set 1
	exits 2
	run on 4.17 xen get 1 -n
	exits 2
	run on 4.17 xen set 1 gone.level
	exits 3
	run on 4.17 xen set 1 -o out gone.level
	exits 2
}
