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
