# SPDX-License-Identifier: MIT
# What the tests of the fleet's verbs share: `load fleet`.

# A store of its own for every test, and machines to put into it.  Beside a
# PostgreSQL (postgres/with) it is that.
fleet_setup() {
	cpulevel=${CPULEVEL:?the program to test}
	root=${CPULEVEL_ROOT:-$PWD}
	machines=$root/test/pool
	cd "$BATS_TEST_TMPDIR" || return
	export CPULEVEL_STORE=$PWD/fleet.db
	if [ -n "${CPULEVEL_TEST_STORE-}" ]; then
		eval "$CPULEVEL_TEST_STORE_RESET"
		CPULEVEL_STORE=$CPULEVEL_TEST_STORE
	fi
	"$cpulevel" store info 2>&1 | grep -q 'built without' &&
		skip "built without SQLite"
	return 0
}

# prod: Cascade Lake, Ice Lake and Sapphire Rapids, all with Linux 6.1
prod() {
	"$cpulevel" pool init prod
	"$cpulevel" pool import prod "$machines"/clx.txt "$machines"/icx.txt \
		"$machines"/spr.txt
}

# newest: the number of the newest change
newest() {
	"$cpulevel" store info --json |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["changes"])'
}

# unchanged COMMAND...: it fails, or only says, and the store is as it was
unchanged() {
	local before
	before=$(newest)
	run "$@"
	[ "$(newest)" -eq "$before" ] || {
		echo "it changed something: $*"
		return 1
	}
}

# sql STATEMENT: by hand, what its owner may do to the store
sql() {
	case $CPULEVEL_STORE in
	postgres*)
		PGOPTIONS='-c search_path=cpulevel -c client_min_messages=error' \
			psql -qAtX -v ON_ERROR_STOP=1 "$CPULEVEL_STORE" -c "$1"
		;;
	*)
		python3 - "$CPULEVEL_STORE" "$1" <<-'EOF'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		for row in db.execute(sys.argv[2]):
		    print("|".join(map(str, row)))
		db.commit()
		EOF
		;;
	esac
}

# What doc/store.md says of old changes that are taken away.
old_changes_go() {
	local now then copy
	prod
	"$cpulevel" vm boot web --host icx
	now=$(newest)
	"$cpulevel" publish "$machines"/clx.txt --host icx
	"$cpulevel" publish "$machines"/icx.txt --host clx
	"$cpulevel" vm stop web
	then=$("$cpulevel" pool show prod --at "$now")
	sql "DELETE FROM change WHERE seq <= $now"
	run "$cpulevel" store check
	exits 0
	says '0 problems'
	# what came after is as it was, and so is what was then
	[ "$("$cpulevel" pool show prod --at "$now")" = "$then" ]
	run "$cpulevel" vm list --at "$now"
	exits 0
	says 'icx'
	run "$cpulevel" drift --since "$now"
	exits 1
	run "$cpulevel" audit
	exits 0
	# what was before is not known, and that is said
	for verb in 'pool show prod --at' 'vm list --at' 'drift --since' \
		'audit --since'; do
		# shellcheck disable=SC2086
		run "$cpulevel" $verb $((now - 1))
		exits 3
		says "changes up to $now were taken away"
		# shellcheck disable=SC2086
		run "$cpulevel" $verb 2001-02-03
		exits 3
		says "changes up to $now"
	done
	# it goes on, and can be copied
	run "$cpulevel" vm boot web --host spr
	exits 0
	copy=$PWD/copy.db
	run "$cpulevel" store copy "$CPULEVEL_STORE" "$copy"
	exits 0
	run "$cpulevel" store check --store "$copy"
	exits 0
	says '0 problems'
	cmp <("$cpulevel" audit) <("$cpulevel" audit --store "$copy")
	# a hole is none of that
	sql "DELETE FROM change WHERE seq = $((now + 2))"
	run "$cpulevel" store check
	exits 1
	says "changes $((now + 2)) to $((now + 2)) are missing"
}

# One engine takes no text that the other does not: a copy always works.
texts_are_texts() {
	local bad=$'b\xffd'
	prod
	run "$cpulevel" pool init other --note "$bad"
	exits 3
	says '--note: '
	run "$cpulevel" pool init "$bad"
	exits 3
	says 'is UTF-8'
	LC_ALL=C sed "s/^kernel: .*/kernel: $bad/" "$machines"/icx.txt >bad.txt
	run "$cpulevel" publish bad.txt --host icx
	exits 3
	says 'the name of a kernel is UTF-8'
	head -c 700 /dev/urandom | base64 -w0 |
		sed 's/.*/cpulevel 1\nname: icx\nkernel: &/' >long.txt
	sed 1,/^name/d "$machines"/icx.txt | grep -v ^kernel: >>long.txt
	run "$cpulevel" publish long.txt --host icx
	exits 3
	says 'no more than 500 bytes'
	SUDO_USER=$bad run "$cpulevel" pool init 'other: ünïcødé' --note $'a\nb \e[31m'
	exits 0
	run "$cpulevel" audit --limit 1
	exits 0
	says 'ünïcødé'
	says '(a?b ?[31m)'
	run "$cpulevel" store check
	exits 0
}

# postgres_roles LOGIN/ROLE...: the roles of the store, and who has them
postgres_roles() {
	local login
	psql -qX -f "$CPULEVEL_ROOT/store/postgres-roles.sql" "$CPULEVEL_POSTGRES"
	for login; do
		psql -qX "$CPULEVEL_POSTGRES" <<-END
			DO \$\$ BEGIN
				CREATE ROLE "${login%/*}" LOGIN;
				GRANT cpulevel_${login#*/} TO "${login%/*}";
			EXCEPTION WHEN duplicate_object THEN NULL;
			END \$\$;
		END
	done
}
