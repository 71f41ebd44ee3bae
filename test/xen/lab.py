# SPDX-License-Identifier: MIT
"""Hosts that run Debian's Xen under QEMU, and tables of what is known of them."""
import concurrent.futures
import csv
import fnmatch
import json
import os
import shutil
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
QEMU = 'qemu-system-x86_64'
AT_ONCE = 2
NO_SUBLEAF = 0xffffffff


class Broken(Exception):
    """A host did not come to its end, or the tool failed."""


class NotHere(Exception):
    """Something is not installed, and cannot be had."""


def table(name):
    """Rows of a TSV file of this folder; lines with # are notes."""
    with open(os.path.join(HERE, name), encoding='ascii', newline='') as f:
        lines = [line for line in f if not line.startswith('#')]
    return list(csv.DictReader(lines, delimiter='\t', quoting=csv.QUOTE_NONE))


class Rows:
    """Known differences: each must be met, and all that is met must be in them."""

    def __init__(self, name, keys):
        self.name, self.keys = name, keys
        self.rows = table(name)
        self.used = [0] * len(self.rows)

    def knows(self, *found):
        """Is it in a row?  A row has patterns, several with commas between."""
        known = False
        for i, row in enumerate(self.rows):
            if all(any(fnmatch.fnmatchcase(x, p) for p in row[key].split(','))
                   for key, x in zip(self.keys, found)):
                self.used[i] += 1
                known = True
        return known

    def unused(self):
        for row, used in zip(self.rows, self.used):
            if not used:
                yield '%s: not met any more: %s' % (self.name, ' '.join(row[k] for k in self.keys))
            elif not row['why']:
                yield '%s: no reason: %s' % (self.name, ' '.join(row[k] for k in self.keys))


class Boot:
    """What one host said: its lines, Xen's own left out."""

    def __init__(self, log, seconds):
        self.log, self.seconds = log, seconds
        with open(log, encoding='ascii', errors='replace') as f:
            lines = f.read().splitlines()
        self.lines = [line for line in lines if line and not line.startswith('(XEN) ')]
        self.last = lines[-4:]

    def said(self, *words):
        """The lines that begin with these words, without them, split."""
        n = len(words)
        for line in self.lines:
            split = line.split()
            if tuple(split[:n]) == words:
                yield split[n:]

    def leaves(self, *words):
        """Lines of six numbers: {(leaf, sub-leaf): registers}."""
        return {(int(w[0], 16), int(w[1], 16)): tuple(int(r, 16) for r in w[2:6])
                for w in self.said(*words)}


class Lab:
    """Boots hosts, and asks the tool."""

    def __init__(self, tool, dom0, folder):
        self.tool, self.dom0, self.folder = tool, dom0, folder
        self.boots, self.spent = 0, 0.0
        self.captured = set()
        if not shutil.which(QEMU):
            raise NotHere('%s is not installed (qemu-system-x86)' % QEMU)
        self.xen = os.environ.get('XEN') or self.fetched()

    @staticmethod
    def fetched():
        p = subprocess.run([os.path.join(HERE, 'fetch')], stdout=subprocess.PIPE, check=False)
        said = p.stdout.decode().strip()
        if p.returncode == 77:
            raise NotHere(said)
        if p.returncode:
            raise Broken('fetch failed: ' + said)
        return said

    def path(self, name):
        return os.path.join(self.folder, name)

    def boot(self, name, cpu, words, module='', options=''):
        """A Boot, or Broken with the last lines."""
        log, started = self.path(name + '.log'), time.monotonic()
        if os.path.exists(log):
            os.unlink(log)
        p = subprocess.run(
            [os.path.join(HERE, 'boot'), cpu, log, self.dom0, words, module, options],
            env=dict(os.environ, XEN=self.xen), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            check=False)
        if not os.path.exists(log):
            raise Broken('%s: QEMU: %s' % (name, p.stdout.decode(errors='replace')[-400:]))
        boot = Boot(log, time.monotonic() - started)
        self.boots += 1
        self.spent += boot.seconds
        fails = [' '.join(w) for w in boot.said('fail')]
        if p.returncode or 'lab end' not in boot.lines or fails:
            raise Broken('%s: exit %d: %s' % (name, p.returncode, '; '.join(fails or boot.last)))
        return boot

    def ask(self, *args, good=(0,)):
        """What the tool says; Broken with its complaint at another exit."""
        p = subprocess.run([self.tool, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           check=False)
        if p.returncode not in good:
            raise Broken('cpulevel %s: exit %d: %s' % (
                ' '.join(args), p.returncode, p.stderr.decode(errors='replace').strip()))
        return p.stdout.decode()

    def ask_json(self, *args, good=(0,)):
        return json.loads(self.ask(*args, '--json', good=good))

    def capture(self, name, cpu, options=''):
        """The description of a host, as a file; made once in a run."""
        out = self.path(name + '.txt')
        if name not in self.captured:
            self.boot(name, cpu, 'capture', options=options)
            self.ask('import', self.path(name + '.log'), '-o', out)
            self.captured.add(name)
        return out


def each(what, jobs):
    """[what(job)], two at a time; what is Broken comes as itself."""
    def guarded(job):
        try:
            return what(job)
        except Broken as e:
            return e
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(guarded, jobs))
