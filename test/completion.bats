#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bash completes verbs, options and values.

setup() {
	cpulevel=${CPULEVEL:?the program}
	# shellcheck source=/dev/null
	source "${CPULEVEL_ROOT:-.}/completion/cpulevel.bash"
}

# complete_words WORD...: what is offered for the last of them.
complete_words() {
	COMP_WORDS=(cpulevel "$@")
	COMP_CWORD=$#
	_cpulevel "$cpulevel" "${COMP_WORDS[$COMP_CWORD]}" \
		"${COMP_WORDS[$((COMP_CWORD - 1))]}"
	printf '%s\n' "${COMPREPLY[@]}"
}

@test "every verb is offered, and each that is offered is one" {
	for verb in $(complete_words ''); do
		[ "$verb" = --help ] || [ "$verb" = --version ] ||
			"$cpulevel" "$verb" --help
	done
	for verb in capture import show level check diff explain gen caps mask; do
		[ "$(complete_words "$verb")" = "$verb" ]
	done
}

@test "a verb that is begun" {
	[ "$(complete_words expl)" = explain ]
}

@test "the options of a verb are those of its help" {
	complete_words level -- | grep -x -e --drop
	complete_words level -- | grep -x -e --cap
	[ -z "$(complete_words level --no-such-option)" ]
}

@test "values of options" {
	[ "$(complete_words level --guest p)" = pv ]
	[ "$(complete_words show --of hvm-m)" = hvm-max ]
	[ "$(complete_words show --platform g)" = generic ]
	[ "$(complete_words import --from libvirt-cpud)" = libvirt-cpudata ]
	[ "$(complete_words xen g)" = get ]
}

@test "names: level:, cpu:, model: with the colon a word of its own" {
	[ "$(complete_words level --cap x86-64-v3)" = x86-64-v3 ]
	[ "$(complete_words show cpu : sapphire)" = sapphire-rapids ]
	complete_words show level : | grep -x T2CL
	complete_words show model : qemu/EPYC-T | grep -x qemu/EPYC-Turin
}

@test "files where a file is asked for: left to bash" {
	[ -z "$(complete_words show no-such-option)" ]
}

@test "verbs of verbs, and names of the fleet" {
	cd "$BATS_TEST_TMPDIR" || return
	export CPULEVEL_STORE=$PWD/fleet.db
	[ "$(complete_words pool im)" = import ]
	[ "$(complete_words vm bo)" = boot ]
	[ "$(complete_words level lat)" = lattice ]
	"$cpulevel" pool init prod-a || skip "built without SQLite"
	"$cpulevel" pool import prod-a "${CPULEVEL_ROOT:-.}"/test/pool/icx.txt
	"$cpulevel" vm boot web-17 --host icx
	[ "$(complete_words pool show pr)" = prod-a ]
	[ "$(complete_words host show '')" = icx ]
	[ "$(complete_words vm check w)" = web-17 ]
	[ "$(complete_words vm boot x --host i)" = icx ]
	[ "$(complete_words level show p)" = prod-a ]
	[ "$(complete_words level set pool pr)" = prod-a ]
	[ "$(complete_words audit vm w)" = web-17 ]
	[ "$(complete_words drift pr)" = prod-a ]
	[ -z "$(complete_words pool import prod-a no-such-file)" ]
}
