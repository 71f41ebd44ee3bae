#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our level of two machines beside libvirt's baseline of the same two.

usage: libvirt.py ROOT CPULEVEL

Machines of the corpus are described to libvirt by the features that its own
cpu_map finds in their registers.  What `virsh cpu-baseline` leaves of a pair
must be what our level has of those features, but for

- statements (`or` rows), which libvirt takes away and we keep;
- rows that are each VM's own (`free`), which we do not level;
- features that fell because of a value on which the machines differ, and
  what needs them: libvirt does not look at values.

CPULEVEL_PAIRS is how many pairs, or `all`.  Prints TAP.
"""
import glob
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

CPU_MAP = '/usr/share/libvirt/cpu_map/x86_features.xml'
VENDOR_IDS = {'GenuineIntel': 'Intel', 'AuthenticAMD': 'AMD'}
# libvirt wants a model; this one has three features that every host needs then.
MODEL, MODEL_HAS = '486', {'fpu', 'vme', 'pse'}
PAIRS = 150
REGS = ['eax', 'ebx', 'ecx', 'edx']


def libvirt_features():
    """name: [(place, mask)] as libvirt's cpu_map has them."""
    features = {}
    for f in ElementTree.parse(CPU_MAP).getroot().iter('feature'):
        places = []
        for where in f:
            mask = {r: int(where.get(r, '0'), 16) for r in REGS}
            if where.tag == 'cpuid':
                leaf, sub = int(where.get('eax_in'), 16), int(where.get('ecx_in', '0'), 16)
                places += [((leaf, sub, r), mask[r]) for r in REGS if mask[r]]
            elif where.tag == 'msr':
                places.append((int(where.get('index'), 16), mask['eax'] | mask['edx'] << 32))
        features[f.get('name')] = places
    return features


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def known_ones(text):
    """Of "0x1", "0x1/0x3" or nothing: the bits that are known to be 1."""
    return int(text.split('/')[0], 16) if text else 0


def registers(cpulevel, path, of):
    shown = run(cpulevel, 'show', '--of', of, '--raw', '--json', path)
    if shown.returncode:
        return {}
    policy = json.loads(shown.stdout)
    values = {m['index']: known_ones(m['value']) for m in policy['msr']}
    values = {int(index, 16): value for index, value in values.items()}
    for row in policy['cpuid']:
        place = int(row['leaf'], 16), int(row['subleaf'] or '0', 16)
        values.update({(*place, r): known_ones(row[r]) for r in REGS})
    return values


def features_of(values, features):
    return {name for name, places in features.items()
            if places and all(values.get(p, 0) & mask == mask for p, mask in places)}


def vendor_of(values):
    id_bytes = b''.join(values.get((0, 0, r), 0).to_bytes(4, 'little') for r in ('ebx', 'edx', 'ecx'))
    return VENDOR_IDS.get(id_bytes.decode('latin-1'))


def hosts(cpulevel, corpus, features):
    """(path, vendor, features)"""
    for path in sorted(glob.glob(corpus + '/libvirt/*.xml') + glob.glob(corpus + '/InstLatx64/*.txt')):
        values = registers(cpulevel, path, 'host')
        has = features_of(values, features)
        if vendor_of(values) and has >= MODEL_HAS:
            yield path, vendor_of(values), has


def definition(host):
    rest = ''.join("<feature name='%s'/>" % name for name in sorted(host[2] - MODEL_HAS))
    return ('<cpu><arch>x86_64</arch><model>%s</model><vendor>%s</vendor>%s</cpu>\n'
            % (MODEL, host[1], rest))


def baseline(a, b):
    """Features of libvirt's baseline, or a complaint."""
    with tempfile.NamedTemporaryFile('w', suffix='.xml') as f:
        f.write(definition(a) + definition(b))
        f.flush()
        ran = run('virsh', '-c', 'test:///default', 'cpu-baseline', '--features', f.name)
    if ran.returncode:
        return None, ran.stderr.strip()
    return {f.get('name') for f in ElementTree.fromstring(ran.stdout).iter('feature')
            if f.get('policy', 'require') == 'require'}, None


def level(cpulevel, a, b, features):
    """(features, our names of those that fell on conflicts)"""
    with tempfile.NamedTemporaryFile(suffix='.txt') as f:
        ran = run(cpulevel, 'level', '--json', '-o', f.name, a[0], b[0])
        if ran.returncode not in (0, 4):
            return None, ran.stderr.strip()
        fell = {name for c in json.loads(ran.stdout)['conflicts'] for name in c['fell']}
        return features_of(registers(cpulevel, f.name, 'level'), features), fell


class Registry:
    """Our names, rules and requirements of what libvirt calls something."""

    def __init__(self, root):
        def rows(name):
            with open(os.path.join(root, 'data', name + '.tsv'), encoding='ascii') as f:
                return [line.rstrip('\n').split('\t') for line in list(f)[1:]]
        self.rule = {row[0]: row[2] for row in rows('fields')}
        self.place = {row[1]: row[0] for row in rows('fields')}
        self.needs = [(row[0], set(re.split(r'[|]', row[1]))) for row in rows('requires')]

    def name(self, places):
        """The field of libvirt's first bit, or None."""
        place, mask = places[0]
        bit = mask.bit_length() - 1
        keys = ['msr:0x%x[%d]' % (place, bit)] if isinstance(place, int) else \
            ['0x%x:%s:%s[%d]' % (place[0], sub, place[2], bit) for sub in ('-', place[1])]
        return next((self.place[k] for k in keys if k in self.place), None)

    def fallen(self, fell):
        """Features that need one of these, and those that need them."""
        fell, before = set(fell), None
        while fell != before:
            before = set(fell)
            fell |= {name for name, needs in self.needs if needs <= fell}
        return fell


def explain(registry, places, fell):
    """Is a feature that only libvirt leaves one of the documented classes?"""
    name = registry.name(places)
    return registry.rule.get(name) == 'free' or name in registry.fallen(fell)


def compare(cpulevel, registry, features, a, b):
    where = '%s and %s' % (os.path.basename(a[0]), os.path.basename(b[0]))
    theirs, why = baseline(a, b)
    if theirs is None:
        return ['%s: virsh: %s' % (where, why)]
    ours, fell = level(cpulevel, a, b, features)
    if ours is None:
        return ['%s: %s' % (where, fell)]
    wrong = ['%s: only libvirt has %s' % (where, n) for n in sorted(theirs - ours)
             if not explain(registry, features[n], fell)]
    return wrong + ['%s: only we have %s' % (where, n) for n in sorted(ours - theirs)
                    if registry.rule.get(registry.name(features[n])) not in ('or', 'derived')]


def skip(why):
    print('1..0 # SKIP ' + why)
    return 0


def main():
    root, cpulevel = sys.argv[1:]
    corpus = os.environ.get('CPULEVEL_CORPUS', os.path.join(root, '../shared/corpus'))
    if not shutil.which('virsh') or not os.path.exists(CPU_MAP):
        return skip('virsh and its cpu_map are not installed')
    if not os.path.isdir(corpus):
        return skip('no corpus: ' + corpus)
    features = libvirt_features()
    all_hosts = list(hosts(cpulevel, corpus, features))
    pairs = [p for p in itertools.combinations(all_hosts, 2) if p[0][1] == p[1][1]]
    random.Random(1).shuffle(pairs)
    want = os.environ.get('CPULEVEL_PAIRS', PAIRS)
    if want != 'all':
        pairs = pairs[:int(want)]
    registry = Registry(root)
    wrong = [w for a, b in pairs for w in compare(cpulevel, registry, features, a, b)]
    print('1..1\n%s 1 - %d pairs of %d machines' % ('not ok' if wrong or not pairs else 'ok',
                                                   len(pairs), len(all_hosts)))
    for line in wrong:
        print('# ' + line)
    return bool(wrong or not pairs)


if __name__ == '__main__':
    sys.exit(main())
