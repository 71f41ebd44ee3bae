#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# An inventory over a network: the server proves who it is, and each login,
# too (test/postgres/tls).

bats_require_minimum_version 1.5.0
load verdicts
load fleet

setup() {
	fleet_setup
	sh -c "$CPULEVEL_TEST_STORE_RESET"
	export PGOPTIONS='-c client_min_messages=error'
	export CPULEVEL_STORE=$CPULEVEL_POSTGRES
	"$cpulevel" pool init prod
	"$cpulevel" pool add prod icx-1="$machines"/icx.txt clx-1="$machines"/clx.txt
	postgres_roles icx-1/publisher watcher/reader alice/operator secret/operator
}

# at LOGIN HOST PARAMETERS...: the same store through the network
at() {
	local uri="postgres://$1@$2:$PGPORT/cpulevel?hostaddr=127.0.0.1" p
	shift 2
	for p in "$@"; do
		uri="$uri&$p"
	done
	CPULEVEL_STORE=$uri
}

# verified LOGIN [CERTIFICATE]: as doc/store.md says
verified() {
	at "$1" fleet.example sslmode=verify-full \
		"sslrootcert=$CPULEVEL_TLS/ca.crt" \
		"sslcert=$CPULEVEL_TLS/${2-$1}.crt" \
		"sslkey=$CPULEVEL_TLS/${2-$1}.key"
}

@test "TLS with a certificate for each: host, reader, operator" {
	verified icx-1
	run "$cpulevel" publish "$machines"/clx.txt --host icx-1
	exits 0
	says 'icx-1  changed'
	[ "$(psql -qAtX "$CPULEVEL_STORE" -c 'SELECT ssl FROM pg_stat_ssl
		WHERE pid = pg_backend_pid()')" = t ]
	run "$cpulevel" publish "$machines"/icx.txt --host clx-1
	exits 3
	says 'the login "icx-1" may not do that'
	run "$cpulevel" vm boot web --host icx-1
	exits 3
	says 'the login "icx-1" may not do that'
	verified watcher
	run "$cpulevel" pool show prod
	exits 0
	says 'icx-1'
	run "$cpulevel" host retire clx-1
	exits 3
	says 'the login "watcher" may not do that'
	verified alice
	run "$cpulevel" vm boot web --host icx-1
	exits 0
	run "$cpulevel" store check
	exits 0
	says '0 problems'
}

@test "a host's service publishes with its certificate" {
	verified icx-1
	run "$cpulevel" publish "$machines"/icx.txt --host icx-1
	exits 0
	says 'unchanged'
	unset CPULEVEL_STORE
	# the same by libpq's environment, with nothing in the URI
	export PGHOST=fleet.example PGHOSTADDR=127.0.0.1 PGSSLMODE=verify-full \
		PGSSLROOTCERT=$CPULEVEL_TLS/ca.crt PGUSER=icx-1 \
		PGSSLCERT=$CPULEVEL_TLS/icx-1.crt PGSSLKEY=$CPULEVEL_TLS/icx-1.key
	run "$cpulevel" publish "$machines"/icx.txt --host icx-1 \
		--store postgres:///cpulevel
	exits 0
	says 'unchanged'
}

# lacks TEXT: the last output does not have it
lacks() {
	[[ "$output" != *"$1"* ]] || {
		echo "it says \"$1\": $output"
		return 1
	}
}

# refused TEXT COMMAND...: exit 3, says so in one line, and nothing is changed
refused() {
	local text=$1
	shift
	run "$@"
	exits 3
	says "$text"
	[ "${#lines[@]}" -eq 1 ]
	[ "$(psql -qAtX "$CPULEVEL_POSTGRES" \
		-c 'SELECT count(*) FROM cpulevel.change')" -eq "$changes" ]
}

@test "a server of somebody else is not spoken to" {
	changes=$(newest)
	at alice fleet.example sslmode=verify-full \
		"sslrootcert=$CPULEVEL_TLS/other.crt" \
		"sslcert=$CPULEVEL_TLS/alice.crt" "sslkey=$CPULEVEL_TLS/alice.key"
	refused 'certificate verify failed' "$cpulevel" vm boot web --host icx-1
	refused 'certificate verify failed' "$cpulevel" pool list
	# its name
	at alice another.example sslmode=verify-full \
		"sslrootcert=$CPULEVEL_TLS/ca.crt" \
		"sslcert=$CPULEVEL_TLS/alice.crt" "sslkey=$CPULEVEL_TLS/alice.key"
	refused 'does not match host name "another.example"' \
		"$cpulevel" vm boot web --host icx-1
	# nothing to verify it with
	at alice fleet.example sslmode=verify-full \
		"sslrootcert=$CPULEVEL_TLS/missing.crt"
	refused 'missing.crt' "$cpulevel" vm boot web --host icx-1
}

@test "who is not who they say they are does not come in" {
	changes=$(newest)
	verified clx-1 icx-1
	refused 'certificate authentication failed for user "clx-1"' \
		"$cpulevel" publish "$machines"/icx.txt --host clx-1
	# no certificate
	at icx-1 fleet.example sslmode=verify-full \
		"sslrootcert=$CPULEVEL_TLS/ca.crt" sslcert=/nonexistent
	refused 'valid client certificate' \
		"$cpulevel" publish "$machines"/clx.txt --host icx-1
	# of another authority
	openssl req -new -newkey rsa:2048 -nodes -subj /CN=icx-1 \
		-keyout false.key -out request 2>/dev/null
	openssl x509 -req -in request -CA "$CPULEVEL_TLS"/other.crt \
		-CAkey "$CPULEVEL_TLS"/other.key -CAcreateserial -days 2 \
		-out false.crt 2>/dev/null
	chmod 600 false.key
	at icx-1 fleet.example sslmode=verify-full \
		"sslrootcert=$CPULEVEL_TLS/ca.crt" "sslcert=$PWD/false.crt" \
		"sslkey=$PWD/false.key"
	refused 'unknown ca' \
		"$cpulevel" publish "$machines"/clx.txt --host icx-1
	# without TLS
	at icx-1 fleet.example sslmode=disable
	refused 'no encryption' \
		"$cpulevel" publish "$machines"/clx.txt --host icx-1
}

@test "a password with everything in it, that nothing shows" {
	changes=$(newest)
	psql -qX "$CPULEVEL_POSTGRES" \
		-c "ALTER ROLE secret PASSWORD 'p@ss/w:o?r#d %41&x=y'"
	local word='p%40ss%2Fw%3Ao%3Fr%23d%20%2541%26x%3Dy'
	at "secret:$word" fleet.example sslmode=verify-full \
		"sslrootcert=$CPULEVEL_TLS/ca.crt"
	run "$cpulevel" store info
	exits 0
	says 'secret:...@fleet.example'
	lacks 'p%40ss'
	at "secret:x$word" fleet.example sslmode=verify-full \
		"sslrootcert=$CPULEVEL_TLS/ca.crt"
	refused 'password authentication failed for user "secret"' \
		"$cpulevel" vm boot web --host icx-1
	lacks 'ss%2F'
	# as it is: of no use, and libpq would print pieces of it
	local plain
	for plain in 'p@qq/w' 'p/qq@w' 'p?qq' 'p:qq/w' 'p%zz-qq' '12/qq'; do
		at "secret:$plain" fleet.example sslmode=verify-full
		run "$cpulevel" store info
		exits 3
		lacks 'qq'
	done
}
