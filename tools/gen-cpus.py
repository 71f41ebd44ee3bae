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

from tsv import DataError, put, read

COLUMNS = ['name', 'about', 'file', 'collection']
# What the program found while reading; the rest of the facts is left out.
FACTS = ('assumed', 'cores-differ', 'msrs-from')
# The processor serial number: SDM volume 2, CPUID 03H.
SERIAL = 'cpuid 0x00000003 '


def rows(root):
    found = read(root, 'cpus', COLUMNS)
    if len({r['name'] for r in found}) != len(found):
        raise DataError('data/cpus.tsv: a name is used twice')
    return found


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


def main(argv):
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

    def make():
        files = {'cpus/%s.txt' % r['name']: text(r, program, corpus) for r in rows(root)}
        return files, '%d CPUs' % len(files)
    return put('gen-cpus', root, make, '--check' in argv, 'cpus')


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
