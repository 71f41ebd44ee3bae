#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The checks of the tree find what they are there to find.

setup() {
	tools=${CPULEVEL_ROOT:-$PWD}/tools
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p core hv format cli include/cpulevel
}

# The command fails with exit code 1 and says this.
finds() {
	text=$1
	shift
	run "$@"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"$text"* ]]
}

# put FILE LINE...
put() {
	file=$1
	shift
	printf '%s\n' "$@" >"$file"
}

# A function of that many lines.
function_of() {
	printf 'void f(void)\n{\n'
	for ((i = 3; i < $1; i++)); do
		printf '\tg();\n'
	done
	printf '}\n'
}

@test "floors: what is below may be included" {
	put core/a.h ''
	put core/a.c '#include "a.h"'
	put format/b.c '#include <stdio.h>' '#include "core/a.h"'
	run python3 "$tools/check-floors.py" .
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "floors: core does not include format" {
	put format/a.h ''
	put core/b.c '' '#include "format/a.h"'
	finds 'core/b.c:2: core includes format/a.h of format' \
		python3 "$tools/check-floors.py" .
}

@test "floors: core does not include a hosted public header" {
	put include/cpulevel/desc.h ''
	put core/b.c '#include <cpulevel/desc.h>'
	finds 'core/b.c:1: core includes cpulevel/desc.h of format' \
		python3 "$tools/check-floors.py" .
}

@test "floors: a public header of core does not either" {
	put include/cpulevel/desc.h ''
	put include/cpulevel/level.h '#include <cpulevel/desc.h>'
	finds 'include/cpulevel/level.h:1: core includes' \
		python3 "$tools/check-floors.py" .
}

@test "floors: core is freestanding" {
	put core/a.c '#include <string.h>'
	finds 'core/a.c:1: core is freestanding: no string.h' \
		python3 "$tools/check-floors.py" .
}

@test "style: a function of 100 lines passes, one of 101 does not" {
	# Short ones, so that the figures over all are fine.
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21; do
		function_of 5
		echo
	done >core/short.c
	function_of 100 >core/a.c
	run python3 "$tools/check-style.py" .
	[ "$status" -eq 0 ]
	function_of 101 >core/a.c
	finds 'core/a.c:1: a function of 101 lines' \
		python3 "$tools/check-style.py" .
}

@test "style: the median counts" {
	function_of 16 >core/a.c
	finds 'median 16 lines' python3 "$tools/check-style.py" .
}

@test "style: a file of 601 lines" {
	for ((i = 0; i < 601; i++)); do
		echo
	done >core/a.c
	function_of 5 >core/b.c
	finds 'core/a.c:1: 601 lines' python3 "$tools/check-style.py" .
}

@test "style: // comments, but not in strings and comments" {
	put core/a.c 'void f(void)' '{' '	g("http://x"); /* // */' '}'
	run python3 "$tools/check-style.py" .
	[ "$status" -eq 0 ]
	put core/a.c 'void f(void)' '{' '	g(); // no' '}'
	finds 'core/a.c:3: a // comment' python3 "$tools/check-style.py" .
}

@test "style: goto goes forward" {
	put core/a.c 'void f(void)' '{' '	goto out;' 'out:' '	g();' '}'
	run python3 "$tools/check-style.py" .
	[ "$status" -eq 0 ]
	put core/a.c 'void f(void)' '{' 'again:' '	goto again;' '}'
	finds 'core/a.c:4: goto again goes back' \
		python3 "$tools/check-style.py" .
}

@test "style: 80 columns, tabs counted" {
	put core/a.c 'void f(void)' '{' \
		"$(printf '\t%072d;' 0)" '}'
	finds 'core/a.c:3: 81 columns' python3 "$tools/check-style.py" .
	put core/a.c 'void f(void)' '{' "	g(" \
		"$(printf '\t"%072d");' 0)" '}'
	run python3 "$tools/check-style.py" .
	[ "$status" -eq 0 ]
}

@test "style: no preprocessor conditions inside functions" {
	put core/a.c 'void f(void)' '{' '#ifdef X' '	g();' '#endif' '}'
	finds 'core/a.c:3: a preprocessor condition' \
		python3 "$tools/check-style.py" .
}

@test "style: no file is called util" {
	function_of 5 >core/util.c
	finds 'core/util.c:1: a name that says nothing' \
		python3 "$tools/check-style.py" .
}

@test "symbols: the map follows the headers" {
	put include/cpulevel/a.h '#define X(a) \' '	lvl_not(a);' \
		'struct s {' '	int (*lvl_member)(void);' '};' \
		'typedef int lvl_fn(void);' 'int lvl_one(int a,' \
		'            int b);' 'extern const struct s lvl_two[2];' \
		'static inline int lvl_inline(void)' '{' '	return 1;' '}' \
		'struct s *lvl_three(void);'
	python3 "$tools/check-symbols.py" --write .
	run grep -o 'lvl_.*;' libcpulevel.map
	[ "$output" = "$(printf 'lvl_one;\nlvl_three;\nlvl_two;')" ]
	echo 'int lvl_four(void);' >>include/cpulevel/a.h
	finds 'lvl_four is missing in libcpulevel.map' \
		python3 "$tools/check-symbols.py" .
}

@test "symbols: the freestanding archive needs mem* alone" {
	put include/cpulevel/a.h ''
	python3 "$tools/check-symbols.py" --write .
	echo 'void *memcpy(void *, const void *, unsigned long);
	void f(void *a, void *b, unsigned long n) { memcpy(a, b, n); }' |
		cc -x c -c - -o good.o
	ar rc good.a good.o
	python3 "$tools/check-symbols.py" --core good.a .
	echo 'int puts(const char *); int g(void) { return puts("x"); }' |
		cc -x c -c - -o bad.o
	ar rc bad.a good.o bad.o
	finds 'bad.a needs puts' \
		python3 "$tools/check-symbols.py" --core bad.a .
}

@test "lists: a file that nobody builds" {
	put core/Makefile.cpulevel 'CPULEVEL_CORE_SRCS := \' '	a.c \' '	b.c'
	put hv/Makefile.cpulevel 'CPULEVEL_HV_SRCS :='
	put core/meson.build "files('a.c', 'b.c')"
	put core/a.c ''
	put core/b.c ''
	python3 "$tools/check-lists.py" . core/a.c core/b.c
	finds 'b.c is in core/Makefile.cpulevel, not in core/meson.build' \
		python3 "$tools/check-lists.py" . core/a.c
	put format/meson.build "files('y.c')"
	put format/x.c ''
	finds 'format/x.c is not in meson.build' \
		python3 "$tools/check-lists.py" . core/a.c core/b.c
}

@test "cmocka's TAP: skips, failures, what tests print" {
	put fake '#!/bin/sh' 'cat <<EOF' '1..3' 'ok 1 - one' 'no corpus' \
		'not ok 2 # SKIP two' 'not ok 3 - three' 'EOF' 'exit 1'
	chmod +x fake
	run python3 "$tools/cmocka-tap.py" ./fake
	[ "$status" -eq 0 ]
	[ "${lines[1]}" = 'ok 1 - one' ]
	[ "${lines[2]}" = '# no corpus' ]
	[ "${lines[3]}" = 'ok 2 - two # SKIP no corpus' ]
	[ "${lines[4]}" = 'not ok 3 - three' ]
}

@test "cmocka's TAP: a program that dies or leaks is no success" {
	put fake '#!/bin/sh' 'echo 1..1' 'echo ok 1 - one' 'exit 23'
	chmod +x fake
	run python3 "$tools/cmocka-tap.py" ./fake
	[ "$status" -eq 23 ]
	put fake '#!/bin/sh' 'echo 1..2' 'echo ok 1 - one' 'kill -SEGV $$'
	run python3 "$tools/cmocka-tap.py" ./fake
	[ "$status" -eq 1 ]
	[[ $output == *'Bail out! killed by signal 11'* ]]
}

@test "results are counted case by case" {
	put log.xml '<testsuites><testsuite name="s">' \
		'<testcase name="a"/>' '<testcase name="b"><failure/></testcase>' \
		'<testcase name="c"><skipped/><system-out>why</system-out>' \
		'</testcase></testsuite></testsuites>'
	run python3 "$tools/check-results.py" log.xml
	[ "${lines[0]}" = 'FAILED s: b' ]
	[ "${lines[1]}" = 'skipped s: c: why' ]
	[ "${lines[2]}" = '1 1 1' ]
}
