#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is named as a store and is none, or a strange one: it is said, nothing
# is made, and no password is shown.

bats_require_minimum_version 1.5.0
load verdicts
load fleet

setup() {
	fleet_setup
}

teardown() {
	[ -z "${full-}" ] || {
		"$root"/test/postgres/cluster stop "$full/disk/a"
		umount "$full/disk"
		rm -rf "$full"
	}
}

# lacks TEXT: the last output does not have it
lacks() {
	[[ "$output" != *"$1"* ]] || {
		echo "it says \"$1\": $output"
		return 1
	}
}

# no_store NAME TEXT: exit 3, that text, and no file of any name
no_store() {
	run "$cpulevel" pool init prod --store "$1"
	exits 3
	says "$2"
	[ -z "$(ls -A)" ] || {
		ls -A
		return 1
	}
}

@test "what is neither a path nor PostgreSQL's makes no file" {
	local key
	unset CPULEVEL_STORE
	export XDG_DATA_HOME=$PWD
	no_store '' 'has no name'
	no_store mysql://db/fleet 'mysql:// is no store'
	no_store Postgres://db/fleet 'Postgres:// is no store'
	no_store postgres:fleet 'postgres://HOST/DATABASE'
	for key in host hostaddr port user dbname password service; do
		no_store "$key=x dbname=fleet" 'postgres://HOST/DATABASE'
	done
	no_store sqlite:///nowhere/fleet.db '/nowhere/fleet.db: No such'
	no_store /nowhere/fleet.db '/nowhere/fleet.db: No such'
}

@test "names that mean something to SQLite are names of files" {
	local name
	for name in :memory: 'file:x.db?mode=memory' 'a?b#c%41' host\ db; do
		run "$cpulevel" pool init prod --store "$name"
		exits 0
		[ -s "$name" ]
		run "$cpulevel" pool list --store "sqlite:$name"
		exits 0
		says prod
		rm "$name"
	done
}

@test "no error shows a password" {
	"$cpulevel" store info --store postgres://x 2>&1 |
		grep -q 'built without' && skip "built without libpq"
	local uri
	for uri in 'u:kwkw%zz@h/d' 'u:kw/kw@h/d' 'u:kw@kw@h/d' 'u:kwkw?x@h/d' \
		'u:kw:kw@127.0.0.1:1/d' 'u:kwkw@127.0.0.1:1/d' \
		'u:kwkw@[::1/d' 'u:kwkw%00@127.0.0.1:1/d' 'u:12/kw@h/d' \
		'u:kwkw@127.0.0.1:1:2/d' '127.0.0.1:1/d?user=u&password=kwkw' \
		'u:kwkw@/d?host=/nonexistent' 'u:kwkw@/d?host=/nowhere&x=y'; do
		run "$cpulevel" pool list --store "postgres://$uri"
		exits 3
		lacks kw
	done
	[ -z "$(ls -A)" ]
	# what it is that is wrong with a parameter is said
	says 'invalid URI query parameter: "x"'
	run "$cpulevel" pool list --store 'postgres://u:kwkw@h:5432,[::1/d'
	lacks kwkw
}

@test "ps shows no password" {
	"$cpulevel" store info --store postgres://x 2>&1 |
		grep -q 'built without' && skip "built without libpq"
	# a server that says nothing
	python3 - "$cpulevel" <<-'EOF'
	import socket, subprocess, sys, time
	s = socket.socket()
	s.bind(("127.0.0.1", 0))
	s.listen()
	uri = "postgres://u:kwkw@127.0.0.1:%d/d" % s.getsockname()[1]
	for args in (["pool", "list", "--store", uri + "?password=kwkwkw"],
	             ["pool", "list", "--store=" + uri],
	             ["store", "copy", uri, "x.db"]):
	    p = subprocess.Popen([sys.argv[1]] + args)
	    s.accept()
	    with open("/proc/%d/cmdline" % p.pid, "rb") as f:
	        line = f.read()
	    p.kill()
	    p.wait()
	    assert b"u:...@127.0.0.1" in line, line
	    assert b"kw" not in line, line
	EOF
}

@test "databases of other programs, of other versions, and damaged ones" {
	local kind
	[ "$CPULEVEL_STORE" = "$PWD/fleet.db" ] || skip "about SQLite"
	prod
	for kind in 'application_id = 7' 'user_version = -1' 'user_version = 0'; do
		damage "PRAGMA $kind"
		run "$cpulevel" pool list --store damaged.db
		exits 3
		says 'a database of another program'
		run "$cpulevel" pool init other --store damaged.db
		exits 3
		says 'a database of another program'
	done
	damage 'PRAGMA user_version = 99'
	run "$cpulevel" pool init other --store damaged.db
	exits 3
	says 'its schema is version 99'
	damage 'DROP TABLE host_count'
	run "$cpulevel" pool show prod --store damaged.db
	exits 3
	says 'no such table: host_count'
	echo 'a text' >damaged.db
	run "$cpulevel" pool list --store damaged.db
	exits 3
	says 'no store of cpulevel'
	: >damaged.db
	run "$cpulevel" pool list --store damaged.db
	exits 3
	says 'the file is empty'
}

# damage SQL: damaged.db is fleet.db, and then that
damage() {
	rm -f damaged.db*
	python3 - "$CPULEVEL_STORE" "$1" <<-'EOF'
	import sqlite3, sys
	to = sqlite3.connect("damaged.db")
	sqlite3.connect(sys.argv[1]).backup(to)
	to.execute(sys.argv[2])
	to.commit()
	EOF
}

# told SQL VERB... -- TEXT: exit 3 and that text; never a crash or an answer
told() {
	local sql=$1 verb=()
	shift
	while [ "$1" != -- ]; do
		verb+=("$1")
		shift
	done
	damage "$sql"
	run "$cpulevel" "${verb[@]}" --store damaged.db
	exits 3
	says "$2"
}

@test "rows that cannot be are not believed" {
	[ "$CPULEVEL_STORE" = "$PWD/fleet.db" ] || skip "about SQLite"
	prod
	"$cpulevel" vm boot web --host icx
	"$cpulevel" publish "$machines"/spr.txt --host icx
	told "UPDATE host SET name = x'6162' WHERE id = 2" pool show prod -- \
		'its name is damaged'
	told "UPDATE host SET name = '' WHERE id = 2" host show '' -- \
		'its name is damaged'
	told "UPDATE host SET profile = x'00' WHERE id = 2" host show icx -- \
		'its profile is damaged'
	told "UPDATE host SET pool = 'abc'" host show icx -- \
		'its pool is damaged'
	told "UPDATE vm SET guest = 9" vm list -- 'guest is 9'
	told "UPDATE host_count SET state = 7" pool show prod -- 'miscounted'
	told "UPDATE host_count SET hosts = -3" mobility prod -- 'miscounted'
	told "UPDATE vm_count SET guest = 7" mobility prod -- 'miscounted'
	told "UPDATE object SET data = x''" pool show prod -- 'is no profile'
	damage "INSERT INTO object VALUES (900, x'00', x'00')"
	CPULEVEL_STORE=damaged.db sql \
		"UPDATE host SET profile = 900 WHERE name = 'spr'"
	run "$cpulevel" pool show prod --store damaged.db
	exits 3
	says 'object 900, what is known of host spr, is no profile'
	run "$cpulevel" host retire spr --store damaged.db
	exits 0
	run "$cpulevel" pool show prod --store damaged.db
	exits 0
	told "UPDATE change SET before = '{'" pool show prod --at 5 -- \
		'in the change table is damaged'
	told "UPDATE change SET before = x'7b7d'" pool show prod --at 5 -- \
		'in the change table is damaged'
	told "UPDATE change SET name = x'00ff'" audit -- 'is damaged'
	told "UPDATE change SET kind = 77" audit -- 'unknown kind'
	told "UPDATE change SET seq = 9223372036854775807 WHERE seq =
		(SELECT max(seq) FROM change)" \
		publish "$machines"/icx.txt --host icx -- 'no number left'
}

@test "a folder with more than files in it" {
	mkdir folder
	cp "$machines"/icx.txt folder
	run "$cpulevel" pool show default --store folder
	exits 0
	says icx
	mkfifo folder/pipe
	run timeout 20 "$cpulevel" pool show default --store folder
	exits 3
	says 'folder/pipe: neither a file nor a folder'
	rm folder/pipe
	ln -s /dev/zero folder/zero
	run timeout 20 "$cpulevel" pool show default --store folder
	exits 3
	says 'folder/zero: neither a file nor a folder'
	rm folder/zero
	ln -s nowhere folder/link
	run "$cpulevel" pool show default --store folder
	exits 3
	says 'folder/link: No such file'
	ln -sf . folder/link
	run "$cpulevel" pool show default --store folder
	exits 3
	rm folder/link
	run "$cpulevel" vm boot web --host icx --store folder
	exits 3
	says 'read only'
	run "$cpulevel" store copy "$CPULEVEL_STORE" folder
	exits 3
}

@test "a file on a medium that is read only" {
	[ "$CPULEVEL_STORE" = "$PWD/fleet.db" ] || skip "about SQLite"
	prod
	mkdir disk
	mount -t tmpfs -o size=8m none disk 2>/dev/null ||
		skip "cannot mount a file system"
	cp fleet.db disk
	mount -o remount,ro disk
	run "$cpulevel" pool show prod --store disk/fleet.db
	umount disk
	exits 3
	says 'its file system is read only; copy it'
}

# Under its log: test/postgres/full.
@test "a disk that is full under PostgreSQL's tables" {
	local cluster=$root/test/postgres/cluster before
	"$cluster" uri / >/dev/null || skip "PostgreSQL is not installed"
	"$cpulevel" store info --store postgres://x 2>&1 |
		grep -q 'built without' && skip "built without libpq"
	full=$(mktemp -d)
	chmod 711 "$full"
	mkdir "$full/disk"
	mount -t tmpfs -o size=120m,mode=711 none "$full/disk" 2>/dev/null || {
		rmdir "$full/disk" "$full"
		full=
		skip "cannot mount a file system"
	}
	CPULEVEL_STORE=$("$cluster" start "$full/disk/a")
	prod
	"$cpulevel" vm boot web-1 --host icx
	before=$(newest)
	dd if=/dev/zero of="$full/disk/ballast" bs=4k 2>/dev/null || true
	for i in {1..40}; do
		# the first ones may still find room in a page
		run "$cpulevel" publish "$machines"/milan.txt --host "milan-$i" \
			--note "$(head -c 6000 /dev/urandom | base64 -w0)"
		[ "$status" -eq 0 ] || break
		before=$(newest)
	done
	exits 3
	says 'No space left on device'
	[ "$(newest)" -eq "$before" ]
	run "$cpulevel" explain vm web-1 --to spr
	exits 0
	run "$cpulevel" store check
	exits 0
	says '0 problems'
	rm "$full/disk/ballast"
	run "$cpulevel" publish "$machines"/milan.txt --host milan
	exits 0
	[ "$(newest)" -eq $((before + 1)) ]
	run "$cpulevel" store check
	exits 0
	says '0 problems'
}

@test "old changes are taken away" {
	old_changes_go
}

@test "texts are UTF-8, and not without end" {
	texts_are_texts
}
