#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Questions about a fleet have the same answers from PostgreSQL
# (test/postgres/with) and from a file.

bats_require_minimum_version 1.5.0
load verdicts
load questions

setup_file() {
	questions_file
}

setup() {
	questions_setup
	sh -c "$CPULEVEL_TEST_STORE_RESET"
	export PGOPTIONS='-c client_min_messages=error'
}

# both QUESTION...: the same bytes and exit code from either
both() {
	local one=0 two=0
	"$cpulevel" "$@" >one 2>&1 || one=$?
	"$cpulevel" "$@" --store "$CPULEVEL_POSTGRES" >two 2>&1 || two=$?
	[ "$one" -eq "$two" ] && cmp one two || {
		echo "$*: $one $two"
		return 1
	}
	[ -s one ]
}

@test "the same bytes" {
	"$cpulevel" store copy "$CPULEVEL_STORE" "$CPULEVEL_POSTGRES"
	both whatif a --leave gnr-01 --vms
	both whatif m --kernel 'milan-*=6.18' --json
	both explain vm new-1 --to spr-a --json
	both place vm web-17
	both why-not amx-tile s
	both why-not vm new-1 --to spr-a
	both blame vaes --json
	both mobility --all --json
	both mobility --all --stranded
	both suggest a --groups 2
	printf 'pool: s\nsteps:\n  - kernel: spr-*=6.1\n' >plan.yaml
	both rehearse plan.yaml --json
	both mobility a --at 10
}
