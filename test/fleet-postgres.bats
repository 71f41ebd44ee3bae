#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The verbs on an inventory in PostgreSQL (test/postgres/with), by logins of
# each role.

bats_require_minimum_version 1.5.0
load verdicts
load fleet

setup() {
	fleet_setup
	sh -c "$CPULEVEL_TEST_STORE_RESET"
	export CPULEVEL_STORE=$CPULEVEL_POSTGRES PGOPTIONS='-c client_min_messages=error'
	"$cpulevel" pool init prod
	"$cpulevel" pool add prod icx-1="$machines"/icx.txt clx-1="$machines"/clx.txt
}

# The same store, by somebody else.
by() {
	echo "$CPULEVEL_POSTGRES" | sed "s,//[^@]*,//$1,"
}

roles() {
	postgres_roles icx-1/publisher watcher/reader alice/operator
}

@test "boot, publish, drift, audit, then, check" {
	run "$cpulevel" vm boot web --host icx-1
	exits 0
	run "$cpulevel" publish "$machines"/clx.txt --host icx-1
	exits 0
	says 'changed'
	run "$cpulevel" publish "$machines"/clx.txt --host icx-1
	exits 0
	says 'unchanged'
	run "$cpulevel" drift --since 1
	exits 1
	says 'avx512-vbmi2'
	run "$cpulevel" audit host icx-1
	exits 0
	run "$cpulevel" host show icx-1 --at 3
	exits 0
	says '0xd000421'
	run "$cpulevel" store check
	exits 0
	says '0 problems'
}

@test "a copy in a file, and back again, is the same" {
	"$cpulevel" vm boot web --host icx-1
	run "$cpulevel" store copy "$CPULEVEL_POSTGRES" copy.db
	exits 0
	"$cpulevel" audit >before
	sh -c "$CPULEVEL_TEST_STORE_RESET"
	run "$cpulevel" store copy copy.db "$CPULEVEL_POSTGRES"
	exits 0
	"$cpulevel" audit >after
	cmp before after
	run "$cpulevel" store check
	exits 0
	run "$cpulevel" pool show prod
	says 'icx-1'
}

@test "a publisher publishes itself, and nobody else" {
	roles
	run "$cpulevel" publish "$machines"/clx.txt --host icx-1 --store "$(by icx-1)"
	exits 0
	says 'icx-1  changed'
	run "$cpulevel" publish "$machines"/icx.txt --host clx-1 --store "$(by icx-1)"
	exits 3
	says 'row-level security'
	says 'the login "icx-1" may not do that'
	run "$cpulevel" pool init other --store "$(by icx-1)"
	exits 3
	run "$cpulevel" store check
	says '0 problems'
}

@test "a reader reads, an operator changes" {
	roles
	run "$cpulevel" pool show prod --store "$(by watcher)"
	exits 0
	says 'icx-1'
	run "$cpulevel" vm boot web --host icx-1 --store "$(by watcher)"
	exits 3
	says 'permission denied'
	run "$cpulevel" vm boot web --host icx-1 --store "$(by alice)"
	exits 0
	run "$cpulevel" host retire clx-1 --store "$(by alice)"
	exits 0
	run "$cpulevel" store check --store "$(by watcher)"
	exits 0
	says '0 problems'
}

@test "a server that is not there, and one without an inventory" {
	run "$cpulevel" pool list --store 'postgres://nobody@/x?host=/nonexistent'
	exits 3
	says '/nonexistent'
	sh -c "$CPULEVEL_TEST_STORE_RESET"
	run "$cpulevel" pool list
	exits 3
	says 'no inventory'
}

@test "old changes are taken away" {
	sh -c "$CPULEVEL_TEST_STORE_RESET"
	old_changes_go
	# back into a server that has the roles
	sh -c "$CPULEVEL_TEST_STORE_RESET"
	"$cpulevel" pool init x
	roles
	sql 'TRUNCATE change, pool, counter, object'
	run "$cpulevel" store copy copy.db "$CPULEVEL_STORE"
	exits 0
	run "$cpulevel" store check
	exits 0
}

@test "texts are UTF-8, and not without end" {
	sh -c "$CPULEVEL_TEST_STORE_RESET"
	texts_are_texts
	# the longest that are taken
	local most
	most=$(head -c 400 /dev/urandom | base64 -w0 | head -c 500)
	{
		printf 'cpulevel 1\nname: icx\ncpu: %s\nkernel: %s\n' "$most" "$most"
		printf 'microcode: %s\nhypervisor: %s\n' "$most" "$most"
		printf 'firmware: %s\n' "$most"
		sed 1,/^name/d "$machines"/icx.txt | grep -v '^[a-z]*: '
	} >longest.txt
	run "$cpulevel" publish longest.txt --host icx
	exits 0
	run "$cpulevel" publish longest.txt --host icx
	exits 0
	says unchanged
}
