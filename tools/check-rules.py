#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""doc/rules.md says what data/ and core/ do.

usage: check-rules.py [ROOT]

Every row of data/fields.tsv that is not `and` or `hidden` is covered by a
table row "| `name`, `pat*` | rule | ... |" with its rule, and each name there
covers something.  Every rule NAME.rule of core/*.c has a row, and those of
one kind are in the order of the code.
Exit: 0 so it is, 1 not, 3 cannot read.
"""
import csv
import fnmatch
import glob
import os
import re
import sys

RULES = 'and or min max equal pair pin derived leak dynamic free hidden'.split()
PLAIN = ['and', 'hidden']
RULE = re.compile(r'\b(?:RAW|HOST|NORMAL|LEVEL|M|PV|HVM|D|DOMAIN)\.[a-z0-9]+(?:-[a-z0-9]+)*')
QUOTED = re.compile(r'`([^`]+)`')
PAGE = 'doc/rules.md'


def table_rows(text):
    """(line number, cells) of every table row."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith('| '):
            yield number, [c.strip() for c in line.strip('|').split('|')]


def check_fields(root, text):
    with open(os.path.join(root, 'data/fields.tsv'), encoding='ascii') as f:
        rows = csv.DictReader(f, delimiter='\t', quoting=csv.QUOTE_NONE)
        rule_of = {row['name']: row['rule'] for row in rows}
    covered, bad = set(), 0
    for number, cells in table_rows(text):
        names = QUOTED.findall(cells[0])
        if len(cells) < 2 or cells[1] not in RULES or not names:
            continue
        for name in names:
            found = [n for n in rule_of
                     if fnmatch.fnmatchcase(n, name) and rule_of[n] == cells[1]]
            covered.update(found)
            if not found:
                print('%s:%d: no `%s` row is called %s' % (PAGE, number, cells[1], name))
                bad = 1
    for name, rule in rule_of.items():
        if rule not in PLAIN and name not in covered:
            print('%s: nothing says why %s is `%s`' % (PAGE, name, rule))
            bad = 1
    return bad


def code_rules(root):
    """Names of the rules in the code, in its order."""
    names = []
    for path in sorted(glob.glob(os.path.join(root, 'core/*.c'))):
        with open(path, encoding='ascii') as f:
            names += re.findall('"(%s)"' % RULE.pattern, f.read())
    return list(dict.fromkeys(names))


def check_rules(root, text):
    code, bad = code_rules(root), 0
    rows = [m.group() for _, cells in table_rows(text)
            for m in [RULE.match(cells[0].strip('`'))] if m]
    for name in sorted(set(code) - set(rows)):
        print('%s: no row for the rule %s' % (PAGE, name))
        bad = 1
    with open(os.path.join(root, 'core/cores.c'), encoding='ascii') as f:
        known = set(code) | set(RULE.findall(f.read()))
    for name in sorted(set(RULE.findall(text)) - known):
        print('%s: no rule of the code is called %s' % (PAGE, name))
        bad = 1
    for kind in ('RAW.', 'HOST.', 'NORMAL.', 'M.', 'PV.', 'HVM.', 'D.', 'DOMAIN.'):
        if not bad and [n for n in rows if n.startswith(kind)] != \
                [n for n in code if n.startswith(kind)]:
            print('%s: the %s rules are not in the order of the code' % (PAGE, kind[:-1]))
            bad = 1
    return bad


def main(root):
    with open(os.path.join(root, PAGE), encoding='utf-8') as f:
        text = f.read()
    return check_fields(root, text) | check_rules(root, text)


if __name__ == '__main__':
    HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    try:
        sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else HERE))
    except (OSError, UnicodeDecodeError) as e:
        print(e, file=sys.stderr)
        sys.exit(3)
