#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An independent decoder, cpuid(1), on our registry and on dumps as we show them.

usage: decoder.py ROOT CPULEVEL

Each single bit of a leaf in data/ is set alone in an otherwise empty CPU of
either vendor, and `cpuid -f` must then say of something that it is there
which our names and texts of that bit are about.  Then the dumps of the
corpus: what both programs have a word for must be there in both or in
neither.  Prints TAP.
"""
import collections
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

REGS = ['eax', 'ebx', 'ecx', 'edx']
VENDORS = {'intel': (0x756e6547, 0x6c65746e, 0x49656e69),
           'amd': (0x68747541, 0x444d4163, 0x69746e65)}
SIGNATURE = {'intel': 0x000806f8, 'amd': 0x00a20f12}
# Words that say nothing about what a bit is.
EMPTY = set('supported supports support instructions instruction enabled available state mode bit '
            'bits msr msrs the for and of is to with has can be on in at extensions'.split())
# The other program says it in words of its own.
OTHER_WORDS = {
    'htt': 'hyper-threading', 'hfi': 'HW_FEEDBACK', 'aperfmperf': 'coordination',
    'intel-ppin': 'IA32_PPIN', 'xcr0-tileconfig': 'XTILECFG', 'xcr0-tiledata': 'XTILEDATA',
    'xfrm-tileconfig': 'XTILECFG', 'xfrm-tiledata': 'XTILEDATA', 'sgx-debug': 'debugger',
    'cr3-filtering': 'CR3_MATCH', 'event-trace': 'EventEn', 'e-msr': 'RDMSR',
    'mp': 'multiprocessing', 'nx': 'no-execute', 'ffxsr': 'SSE', 'itsc': 'TscInvariant',
    'ssb-no': 'SSBD', 'v-spec-ctrl': 'Spec_ctl', 'ibs-op-counters-ext': 'IbsOpCurCnt',
    'nested-virt-snp-msr': 'RMPUPDATE'}
# Bits that the other program of 2023 knows; a newer one knows more.
LEAST = 500


def plain(text):
    return re.sub(r'[^a-z0-9]', '', text.lower())


def words(text):
    text = text.lower().replace('avx-512', 'avx512').replace('_', '')
    return {w for w in re.split(r'[^a-z0-9]+', text) if len(w) > 1 and w not in EMPTY}


def rows(root, name):
    with open(os.path.join(root, 'data', name + '.tsv'), encoding='ascii') as f:
        for line in list(f)[1:]:
            yield line.rstrip('\n').split('\t')


def features(root):
    """Names of what `show` lists if it is there."""
    return {row[0] for row in rows(root, 'fields') if row[2] in ('and', 'or')}


def single_bits(root):
    """(name, leaf, sub-leaf, register, bit) of one-bit fields of one leaf."""
    for row in rows(root, 'fields'):
        at = re.match(r'^0x([0-9a-f]+):(-|\d+):(e[abcd]x)\[(\d+)\]$', row[1])
        if at:
            sub = 0 if at.group(2) == '-' else int(at.group(2))
            yield row[0], int(at.group(1), 16), sub, REGS.index(at.group(3)), int(at.group(4))


def decoded(leaves):
    """What cpuid(1) says is there or not: (label, 'true' or 'false')."""
    with tempfile.NamedTemporaryFile('w', suffix='.cpuid') as f:
        f.write('CPU 0:\n')
        for (leaf, sub), regs in sorted(leaves.items()):
            f.write('   0x%08x 0x%02x: eax=0x%08x ebx=0x%08x ecx=0x%08x edx=0x%08x\n'
                    % (leaf, sub, *regs))
        f.flush()
        out = subprocess.run(['cpuid', '-1', '-f', f.name], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True, errors='replace').stdout
    return re.findall(r'^ +(\S.*?) += (true|false)$', out, re.M)


def empty_cpu(vendor):
    leaves = {(0x80000000 + i, 0): [0] * 4 for i in range(0x27)}
    leaves.update({(i, 0): [0] * 4 for i in range(0x21)})
    leaves.update({(i, 1): [0] * 4 for i in (0x7, 0xd, 0x14)})
    leaves[0, 0] = [0x20, *VENDORS[vendor]]
    leaves[1, 0] = [SIGNATURE[vendor], 0x00800800, 0, 0]
    leaves[7, 0], leaves[7, 2] = [2, 0, 0, 0], [0] * 4
    leaves[0x14, 0] = [1, 0, 0, 0]
    leaves[0x80000000, 0] = [0x80000026, *VENDORS[vendor]]
    return leaves


def said_of(leaf, sub, reg, bit):
    """Labels that this bit alone makes true, of a CPU of either vendor."""
    said = set()
    for vendor in VENDORS:
        without = empty_cpu(vendor)
        without.setdefault((leaf, sub), [0] * 4)
        having = {k: list(v) for k, v in without.items()}
        having[leaf, sub][reg] ^= 1 << bit
        more = collections.Counter(decoded(having)) - collections.Counter(decoded(without))
        said |= {label for label, value in more if value == 'true'}
    return said


def agrees(name, said, names, text):
    if name in OTHER_WORDS:
        return any(OTHER_WORDS[name] in label for label in said)
    about = words(text) | words(name)
    return any(n in plain(label) for n in names for label in said) or \
        any(words(label) & about for label in said)


def test_bits(root):
    """(bits that were decoded, labels of one feature each, complaints)"""
    names, texts = collections.defaultdict(set), {}
    for row in rows(root, 'aliases'):
        names[row[1]].add(plain(row[0]))
    for row in rows(root, 'texts'):
        texts[row[0]] = row[1]
    count, meaning, wrong = 0, collections.defaultdict(set), []
    for name, leaf, sub, reg, bit in single_bits(root):
        said = said_of(leaf, sub, reg, bit)
        count += bool(said)
        for label in said:
            meaning[label].add(name)
        if said and not agrees(name, said, names[name] | {plain(name)}, texts[name]):
            wrong.append('%s is bit %d of %s of leaf 0x%x:%d: %s'
                         % (name, bit, REGS[reg], leaf, sub, ', '.join(sorted(said))))
    if count < LEAST:
        wrong.append('only %d bits were decoded' % count)
    shown = features(root)
    return count, {k: min(v) for k, v in meaning.items() if len(v) == 1 and v <= shown}, wrong


def test_dump(cpulevel, path, meaning):
    """(how much was compared, complaints): both programs on what we show of a dump."""
    def show(*options):
        return subprocess.run([cpulevel, 'show', '--of', 'raw', *options, path],
                              stdout=subprocess.PIPE, check=True, text=True).stdout
    leaves = {}
    for row in json.loads(show('--raw', '--json'))['cpuid']:
        if all(re.match(r'^0x[0-9a-f]{8}$', str(row[r])) for r in REGS):
            sub = int(row['subleaf'] or '0', 16)
            leaves[int(row['leaf'], 16), sub] = [int(row[r], 16) for r in REGS]
    ours, said = set(show('--all').split()), decoded(leaves)
    times = collections.Counter(label for label, _ in said)
    said = [(label, value) for label, value in said if label in meaning and times[label] == 1]
    return len(said), ['%s: "%s" is %s' % (os.path.basename(path), label, value)
                       for label, value in said if (value == 'true') != (meaning[label] in ours)]


def report(number, title, wrong):
    print('%s %d - %s' % ('not ok' if wrong else 'ok', number, title))
    for line in wrong:
        print('# ' + line)
    return bool(wrong)


def main():
    root, cpulevel = sys.argv[1:]
    corpus = os.environ.get('CPULEVEL_CORPUS', os.path.join(root, '../shared/corpus'))
    if not shutil.which('cpuid'):
        print('1..0 # SKIP the program cpuid is not installed')
        return 0
    count, meaning, wrong = test_bits(root)
    print('1..2')
    failed = report(1, '%d bits of the registry' % count, wrong)
    dumps = sorted(glob.glob(os.path.join(corpus, 'InstLatx64', '*.txt')))
    if not dumps:
        print('ok 2 - dumps # SKIP no corpus: ' + corpus)
        return failed
    seen = [test_dump(cpulevel, path, meaning) for path in dumps]
    return report(2, '%d features of %d dumps' % (sum(n for n, _ in seen), len(dumps)),
                  [w for _, wrong in seen for w in wrong]) or failed


if __name__ == '__main__':
    sys.exit(main())
