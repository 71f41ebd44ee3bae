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
