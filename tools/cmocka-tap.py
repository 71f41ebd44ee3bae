#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run a cmocka program and pass its results on as TAP that others can read.

usage: cmocka-tap.py PROGRAM [ARGUMENT...]

cmocka 1.1 writes a skipped test as "not ok N # SKIP", and what the tests
print without a "#".  Here the first becomes "ok N - NAME # SKIP REASON", the
reason being what the test printed before it; the second a comment.
"""
import os
import re
import subprocess
import sys

RESULT = re.compile(r'(not ok|ok) (\d+) (- |# SKIP )(.*)')


def convert(lines):
    """TAP of cmocka -> TAP; returns how many failed."""
    failed, said = 0, ''
    for line in lines:
        line = line.rstrip('\n')
        m = RESULT.fullmatch(line)
        if not m:
            if line.strip() and not line.startswith(('#', '1..')):
                said = line.strip()
                line = '# ' + line
            print(line, flush=True)
            continue
        verdict, number, kind, name = m.groups()
        if kind == '# SKIP ':
            print('ok %s - %s # SKIP %s' % (number, name, said or 'no reason given'))
        else:
            failed += verdict != 'ok'
            print(line)
        said = ''
        sys.stdout.flush()
    return failed


def main(argv):
    if not argv:
        print(__doc__, file=sys.stderr)
        return 2
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT='TAP')
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=env,
                          universal_newlines=True, errors='replace') as run:
        failed = convert(run.stdout)
    if run.returncode < 0:
        print('Bail out! killed by signal %d' % -run.returncode)
        return 1
    # cmocka exits with the number of failures, and each is told above.
    return 0 if failed and failed == run.returncode else run.returncode


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
