#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tests that doc/complaints.md names are there.

usage: check-complaints.py ROOT

`FILE.bats` *WORDS* is a test of test/FILE.bats whose name begins with WORDS,
`FILE.c` *NAME* a function of test/FILE.c.
Each test of test/complaints.bats is named.
Exit: 0 they are, 1 they are not, 3 cannot read.
"""
import os
import re
import sys

NAMED = re.compile(r'(?:`([a-z0-9-]+\.(?:bats|c))` )\*([^*]+)\*')


def tests_of(root, name):
    with open(os.path.join(root, 'test', name), encoding='utf-8') as f:
        text = f.read()
    if name.endswith('.bats'):
        return re.findall(r'^@test "(.*)" \{$', text, re.M)
    return re.findall(r'^static void (\w+)\(void \*\*', text, re.M)


def is_there(tests, words, exact):
    return words in tests if exact else any(t.startswith(words) for t in tests)


def main(root):
    bad = 0
    with open(os.path.join(root, 'doc/complaints.md'), encoding='utf-8') as f:
        named = NAMED.findall(f.read())
    if not named:
        print('doc/complaints.md names no test')
        return 1
    for name, words in named:
        if not is_there(tests_of(root, name), words, name.endswith('.c')):
            print('doc/complaints.md: test/%s has no "%s"' % (name, words))
            bad = 1
    for test in tests_of(root, 'complaints.bats'):
        if not any(n == 'complaints.bats' and test.startswith(w) for n, w in named):
            print('doc/complaints.md does not name "%s"' % test)
            bad = 1
    return bad


if __name__ == '__main__':
    try:
        sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else '.'))
    except OSError as e:
        print(e, file=sys.stderr)
        sys.exit(3)
