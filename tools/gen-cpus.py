#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the catalogue in cpus/ from public dumps.

usage: gen-cpus.py [--check] ROOT PROGRAM [CORPUS]

data/cpus.tsv says which dump each CPU is; PROGRAM is cpulevel, which reads
it.  Kept are the policies that were reported.  Left out is what belongs to
the one machine, its serial number and what people wrote about it, or to
nobody: leaves and MSRs without a row in the registry.
CORPUS is $CPULEVEL_CORPUS or ../shared/corpus.  With --check, compares with
what is there.  Exit: 0, 1 they differ, 3 bad data, 77 there is no corpus.
"""
import os
import subprocess
import sys

COLUMNS = ['name', 'about', 'file', 'collection']
# What the program found while reading; the rest of the facts is left out.
FACTS = ('assumed', 'cores-differ', 'msrs-from')
# The processor serial number: SDM volume 2, CPUID 03H.
SERIAL = 'cpuid 0x00000003 '


class DataError(Exception):
    """A dump that must not become a CPU of the catalogue."""


def read_rows(root):
    path = os.path.join(root, 'data/cpus.tsv')
    rows = []
    with open(path, encoding='ascii') as f:
        if f.readline().rstrip('\n').split('\t') != COLUMNS:
            raise DataError('%s:1: columns are %s' % (path, COLUMNS))
        for number, line in enumerate(f, 2):
            cells = line.rstrip('\n').split('\t')
            if len(cells) != len(COLUMNS) or '' in cells:
                raise DataError('%s:%d: needs %d cells' % (path, number, len(COLUMNS)))
            rows.append(dict(zip(COLUMNS, cells)))
    if len({r['name'] for r in rows}) != len(rows):
        raise DataError('%s: a name is used twice' % path)
    return rows


def is_own(line):
    """Does this line belong to the one machine, or to nobody?"""
    return line.startswith(('extra-cpuid ', 'extra-msr ', SERIAL))


def text(row, program, corpus):
    path = os.path.join(corpus, row['file'])
    r = subprocess.run([program, 'import', path], capture_output=True, text=True, check=False)
    if r.returncode:
        raise DataError('%s: %s' % (path, r.stderr.strip()))
    out = ['# Made by tools/gen-cpus.py; do not edit.', 'cpulevel 1', 'name: ' + row['name'],
           'about: ' + row['about'], 'source: ' + row['collection'],
           'source-file: ' + os.path.basename(row['file'])]
    policy = False
    for line in r.stdout.splitlines()[1:]:
        policy |= line.startswith('policy ')
        if line == 'cpulevel 1':
            raise DataError('%s: more than one machine' % path)
        if (policy and not is_own(line)) or line.split(': ')[0] in FACTS:
            out.append(line)
    return '\n'.join(out) + '\n'


def differ(folder, files):
    there = {n for n in os.listdir(folder) if n.endswith('.txt')}
    bad = there ^ set(files)
    for name in set(files) & there:
        with open(os.path.join(folder, name), encoding='utf-8') as f:
            if f.read() != files[name]:
                bad.add(name)
    for name in sorted(bad):
        print('cpus/%s is not what its dump says: run tools/gen-cpus.py' % name, file=sys.stderr)
    return 1 if bad else 0


def main(argv):
    check = '--check' in argv
    rest = [a for a in argv if a != '--check']
    if not 2 <= len(rest) <= 3:
        print(__doc__, file=sys.stderr)
        return 2
    root, program = rest[:2]
    corpus = rest[2] if len(rest) > 2 else os.environ.get(
        'CPULEVEL_CORPUS', os.path.join(root, '../shared/corpus'))
    if not os.path.isdir(corpus):
        print('no dumps in %s' % corpus)
        return 77
    folder = os.path.join(root, 'cpus')
    try:
        files = {r['name'] + '.txt': text(r, program, corpus) for r in read_rows(root)}
        if check:
            return differ(folder, files)
        for name, content in files.items():
            with open(os.path.join(folder, name), 'w', encoding='utf-8') as f:
                f.write(content)
        print('%d CPUs' % len(files))
    except (DataError, OSError) as e:
        print('gen-cpus: %s' % e, file=sys.stderr)
        return 3
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
