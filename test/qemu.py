#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What gen writes for QEMU, as a guest of QEMU then reads it.

usage: qemu.py ROOT CPULEVEL KERNEL [POLICY...]

KERNEL (test/guest/) prints every CPUID leaf.  Each policy is levelled with
what QEMU's TCG can do (KERNEL under -cpu max, one more host), written by gen,
accepted by QEMU with enforce, and read back by KERNEL, bit by bit.  A bit that
the policy knows, and of which gen reports no loss, must be as the policy has
it; where gen reports another value it must be that one.  All else is in a
class of CLASSES, or left out by `fit`; doc/gen.md has the classes.

POLICY: files joined by +, instead of the list.  CPULEVEL_PAIRS is how many
pairs of the catalogue, or `all`.  Prints TAP.
"""
import csv
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

REGS = ('eax', 'ebx', 'ecx', 'edx')
WHERE = re.compile(r'(0x\w+)(?::(\w+))?\.(e..)\[(\d+)(?::(\d+))?\]$')
EXIT_DONE = 33
PAIRS = '24'
QEMU = ['qemu-system-x86_64', '-accel', 'tcg', '-nodefaults', '-display', 'none', '-no-reboot', '-m', '16']
LINE = re.compile(r' +0x(\w{8}) 0x(\w+):' + ''.join(r' %s=0x(\w{8})' % r for r in REGS) + '$')

# (first and last leaf, fields, why): where QEMU has its own mind.
CLASSES = [
    (0x1, 0x1, 'hypervisor', "the hypervisor's own interface: a policy of bare hardware says nothing of it"),
    (0x40000000, 0x4000ffff, '.*', "the hypervisor's own interface"),
    (0x2, 0x2, '.*', 'caches'),
    (0x4, 0x4, '.*', 'caches'),
    (0x80000005, 0x80000006, '.*', 'caches'),
    (0x8000001d, 0x8000001d, '.*', 'caches, also without TOPOEXT'),
    (0x1, 0x1, 'clflush-size', 'the line size, also without CLFLUSH'),
    (0x5, 0x5, '.*', "MWAIT is the accelerator's, and there without MONITOR"),
    (0xd, 0xd, 'xsave-size-max', "where a component lies is the machine's"),
    (0x80000000, 0x80000001, 'ext-vendor-.*|e-(stepping|(base|ext)-(model|family))',
     'vendor and signature once more, which Intel does not have there'),
    (0x80000001, 0x80000001, 'e-.*', "leaf 1's bits once more, which Hygon has and QEMU gives to AMD alone"),
    (0x80000008, 0x80000008, 'guest-maxphysaddr', '0, which means: as maxphysaddr'),
]
# Only of CPUs without long mode.
CLASSES_32 = [
    (0x80000008, 0x80000008, 'maxlinaddr', '0, which means 32'),
    (0x80000008, 0x80000008, 'maxphysaddr', 'QEMU before 8.2 has 36 bits with PSE36 alone, not with PAE'),
]
# Each VM's own, or made while it runs: the registry's rules.
RULES = {'free': 'topology', 'dynamic': 'live state'}


def run(*argv, **more):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, **more)


class Trouble(Exception):
    """Why a policy's test fails."""


class Registry:
    """Names of bits, their rules, and what QEMU calls them."""

    def __init__(self, root):
        def rows(name):
            with open('%s/data/%s.tsv' % (root, name), encoding='ascii') as f:
                return list(csv.DictReader(f, delimiter='\t'))
        self.rule, self.at = {}, {}
        for row in rows('fields'):
            self.rule[row['name']] = row['rule']
            m = re.match(r'(0x\w+):(\d+)(?:-(\d+))?:(e..)\[(.*)\]$', row['place'].replace(':-:', ':0:'))
            if m:
                self.place(row['name'], m)
        self.field = {row['qemu']: row['name'] for row in rows('names')}
        self.libvirt = {row['libvirt']: row['name'] for row in rows('names')}

    def place(self, name, m):
        for sub in range(int(m[2]), int(m[3] or m[2]) + 1):
            for part in m[5].split(','):
                high, _, low = part.partition(':')
                for bit in range(int(low or high), int(high) + 1):
                    self.at[int(m[1], 16), sub, m[4], bit] = name


def number(text):
    """Of "0x1", "0x1/0x3" or nothing: the value, and which bits are known."""
    value, _, known = (text or '0x0/0x0').partition('/')
    return int(value, 16), int(known or '0xffffffff', 16)


def registers(policy):
    return {(int(row['leaf'], 16), int(row['subleaf'] or '0', 16), r): number(row[r])
            for row in policy['cpuid'] for r in REGS}


def printed(path):
    """What the guest printed, by register."""
    seen = {}
    with open(path, encoding='ascii') as f:
        for line in f.read().splitlines()[1:]:
            m = LINE.match(line)
            seen.update({(int(m[1], 16), int(m[2], 16), r): int(m[3 + i], 16) for i, r in enumerate(REGS)})
    return seen


class Qemu:
    """The one that is installed: what it knows, and guests of it."""

    def __init__(self, kernel, folder):
        self.kernel, self.out = kernel, os.path.join(folder, 'guest.txt')
        asks = [{'execute': 'qmp_capabilities'}, {'execute': 'query-cpu-definitions'},
                {'execute': 'query-cpu-model-expansion', 'arguments': {'type': 'full', 'model': {'name': 'max'}}},
                {'execute': 'quit'}]
        ran = run(*QEMU, '-S', '-machine', 'none', '-qmp', 'stdio', input='\n'.join(map(json.dumps, asks)))
        said = [json.loads(line).get('return') for line in ran.stdout.splitlines()]
        self.models = {m['name'] for s in said if isinstance(s, list) for m in s}
        self.can = next(s for s in said if isinstance(s, dict) and 'model' in s)['model']['props']

    def boot(self, cpu, machine='microvm'):
        """What the guest printed, by register; the text is in self.out."""
        ran = run(*QEMU, '-machine', machine, '-cpu', cpu, '-kernel', self.kernel,
                  '-chardev', 'file,id=out,path=' + self.out, '-device', 'isa-debugcon,iobase=0xe9,chardev=out',
                  '-device', 'isa-debug-exit,iobase=0xf4,iosize=1')
        if ran.returncode != EXIT_DONE or ran.stderr:
            raise Trouble('QEMU exits with %d: %s -cpu %s' % (ran.returncode, ran.stderr.strip(), cpu))
        return printed(self.out)


class Proof:
    """One policy after the other."""

    def __init__(self, root, cpulevel, kernel, folder):
        self.cpulevel, self.folder = cpulevel, folder
        self.registry = Registry(root)
        self.qemu = Qemu(kernel, folder)
        self.cap = os.path.join(folder, 'max.txt')
        self.max = self.qemu.boot('max')
        os.rename(self.qemu.out, self.cap)

    def ask(self, *argv, also=()):
        ran = run(self.cpulevel, *argv)
        if ran.returncode and ran.returncode not in also:
            raise Trouble('cpulevel %s: %d: %s' % (' '.join(argv), ran.returncode, ran.stderr.strip()))
        return ran.stdout

    def imported(self, path, seen):
        """What import makes of the print is what was printed, cleaned."""
        shown = registers(json.loads(self.ask('show', '--of', 'raw', '--json', path)))
        for place, value in seen.items():
            got, known = shown.get(place, (value, 0))
            wrong = [b for b in range(32) if (got ^ value) & known & 1 << b and
                     self.registry.rule.get(self.registry.at.get((*place, b))) != 'dynamic']
            if wrong:
                raise Trouble('import: %s is 0x%08x, not 0x%08x' % (place, got, value))

    def fit(self, text):
        """Without what this QEMU cannot be told; fields that it leaves out."""
        assert text.startswith("-cpu '") and text.endswith(",enforce'\n"), text
        model, *words = text[6:-2].split(',')
        fitted, left = [model], set()
        for w in words:
            name = w.lstrip('+-').split('=')[0]
            field = self.registry.field.get(name)
            known = name == 'enforce' or name in self.qemu.can
            if known and not (w[0] == '+' and self.registry.rule.get(field) == 'or' and not self.qemu.can[name]):
                fitted.append(w)
            else:
                left.add(field)
        # topology, which gen leaves to QEMU, and TCG has not
        if not self.qemu.can['topoext']:
            fitted.append('-topoext')
        return ','.join(fitted), left

    def why(self, place, field, left, seen):
        """The class of a difference, or None."""
        if field in left:
            return 'left out'
        if self.registry.rule.get(field) in RULES:
            return RULES[self.registry.rule[field]]
        long_mode = seen.get((0x80000001, 0, 'edx'), 0) >> 29 & 1
        for first, last, fields, why in CLASSES + ([] if long_mode else CLASSES_32):
            if first <= place[0] <= last and re.fullmatch(fields, field):
                return why
        return None

    def compare(self, policy, losses, left, seen):
        """Fields that are wrong, and how."""
        lost = {loss['field']: loss['lost'] for loss in losses}
        wrong = set()
        for place, (value, known) in registers(policy).items():
            differ = (value ^ seen.get(place, 0)) & known
            for bit in [b for b in range(32) if differ >> b & 1]:
                field = self.registry.at.get((*place, bit), '0x%x:%d:%s[%d]' % (*place, bit))
                if field not in lost and not self.why(place, field, left, seen):
                    wrong.add(field)
        return sorted(wrong) + [f for f in map(lambda loss: self.not_given(loss, left, seen), losses) if f]

    def not_given(self, loss, left, seen):
        """Where gen says that another value is given, it is that one."""
        m = WHERE.match(loss['where'])
        if loss['given'] is None or not m:
            return None
        place = int(m[1], 16), int(m[2] or '0', 0), m[3]
        low = int(m[5] or m[4])
        value = seen.get(place, 0) >> low & (2 << int(m[4]) - low) - 1
        if value == int(loss['given'], 0) or self.why(place, loss['field'], left, seen):
            return None
        return '%s (given %s, is 0x%x)' % (loss['field'], loss['given'], value)

    def gen(self, path):
        """gen's answer; from `base` where this QEMU does not have the model."""
        argv = ['gen', path, '--for', 'qemu', '--json']
        doc = json.loads(self.ask(*argv))
        if re.match("-cpu '([^,]*)", doc['text'])[1] in self.qemu.models | {'base'}:
            return doc
        return json.loads(self.ask(*argv, '--model', 'base'))

    def level(self, members):
        """The level of these on TCG, and what gen makes of it."""
        path = os.path.join(self.folder, 'a.level')
        self.ask('level', *members, '--cap', self.cap, '-o', path, also=(4,))
        policy = json.loads(self.ask('show', '--of', 'level', '--json', path))
        return policy, self.gen(path)

    def one(self, members):
        policy, doc = self.level(members)
        cpu, left = self.fit(doc['text'])
        seen = self.qemu.boot(cpu)
        self.imported(self.qemu.out, seen)
        wrong = self.compare(policy, doc['losses'], left, seen)
        if wrong:
            raise Trouble('%s: -cpu %s' % (', '.join(wrong), cpu))

    # -- what is tested

    def models(self):
        """Of each version one: other names are aliases."""
        names = [line.split()[0] for line in self.ask('show', 'model:').splitlines()]
        return [(n,) for n in names
                if re.match(r'model:qemu/.*-v\d+$', n) and n.split('/')[1] in self.qemu.models]

    def levels(self):
        return [('level:x86-64-v%d' % i,) for i in range(1, 5)]

    def pairs(self):
        names = [line.split()[0] for line in self.ask('show', 'cpu:').splitlines()]
        vendor = {n: registers(json.loads(self.ask('show', '--json', n)))[0, 0, 'ebx'] for n in names}
        pairs = [p for p in itertools.combinations(names, 2) if vendor[p[0]] == vendor[p[1]]]
        random.Random(1).shuffle(pairs)
        want = os.environ.get('CPULEVEL_PAIRS', PAIRS)
        return pairs if want == 'all' else pairs[:int(want)]

    def all_of(self, policies, least):
        """Troubles of these policies."""
        troubles = [] if len(policies) >= least else ['only %d policies' % len(policies)]
        for members in policies:
            try:
                self.one(members)
            except Trouble as t:
                troubles.append('%s: %s' % (' + '.join(members), t))
        return troubles

    def machines(self):
        """The board makes no difference."""
        return ['on ' + m for m in ('pc', 'q35') if self.qemu.boot('max', m) != self.max]

    def flipped(self):
        """A guest with one bit, or one number, less: is it noticed?"""
        policy, doc = self.level(['model:qemu/Haswell-v4'])
        cpu, left = self.fit(doc['text'])
        troubles = []
        for more, want in (('-aes', ['aesni']), ('stepping=9', ['stepping']), ('phys-bits=39', ['maxphysaddr']),
                           ('-smep,-bmi2', ['bmi2', 'smep']), ('xlevel=0x8000000a', ['max-extended-leaf'])):
            got = self.compare(policy, doc['losses'], left, self.qemu.boot(cpu + ',' + more))
            if got != want:
                troubles.append('%s: %s' % (more, got))
        return troubles


def tests(p, only):
    if only:
        return [(' '.join(only), lambda: p.all_of([o.split('+') for o in only], 1))]
    return [
        ('what the comparison must see it sees', p.flipped),
        ('the same on every board', p.machines),
        ("QEMU's models", lambda: p.all_of(p.models(), 50)),
        ("the psABI's levels", lambda: p.all_of(p.levels(), 4)),
        ('pairs of the catalogue', lambda: p.all_of(p.pairs(), 1)),
    ]


def main():
    root, cpulevel, kernel, *only = sys.argv[1:]
    if not shutil.which(QEMU[0]):
        print('1..0 # SKIP no %s here; script/bootstrap installs it' % QEMU[0])
        return 0
    with tempfile.TemporaryDirectory() as folder:
        run_all = tests(Proof(root, cpulevel, kernel, folder), only)
        print('1..%d' % len(run_all))
        failed = 0
        for n, (name, test) in enumerate(run_all, 1):
            troubles = test()
            failed += bool(troubles)
            print('%s %d - %s' % ('not ok' if troubles else 'ok', n, name))
            for t in troubles:
                print('# ' + t.replace('\n', ' | '))
    return bool(failed)


if __name__ == '__main__':
    sys.exit(main())
