#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count the results of a meson test run, case by case.

usage: check-results.py testlog.junit.xml

Prints each failure and each skip with its reason, then a line
"PASSED FAILED SKIPPED".  Exit: 0, or 3 if the log cannot be read.
"""
import sys
import xml.etree.ElementTree as tree


def suites(root):
    """A program without cases of its own is a case of its suite."""
    for suite in root.iter('testsuite'):
        for case in suite.iter('testcase'):
            yield suite.get('name'), case


def count(path):
    passed = failed = skipped = 0
    for suite, case in suites(tree.parse(path).getroot()):
        # meson: "PROJECT.PROJECT:SUITE / TEST"
        name = '%s: %s' % (suite.split(':', 1)[-1], case.get('name'))
        if case.find('failure') is not None or case.find('error') is not None:
            failed += 1
            print('FAILED %s' % name)
        elif case.find('skipped') is not None:
            skipped += 1
            print('skipped %s: %s' % (name, case.findtext('system-out') or 'no reason given'))
        else:
            passed += 1
    print(passed, failed, skipped)


if __name__ == '__main__':
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        count(sys.argv[1])
    except (OSError, tree.ParseError) as e:
        print(e, file=sys.stderr)
        sys.exit(3)
