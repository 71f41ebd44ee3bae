# SPDX-License-Identifier: MIT
"""Boots of Debian's kernel under QEMU's TCG, and results as TAP."""
import base64
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
QEMU = 'qemu-system-x86_64'
SECONDS = 120
# A script ends with `end FILE...`: the files come back by the second port.
SCRIPT = """#!/bin/sh
. /start
end() {
	tar c "$@" 2>/dev/null | gzip | base64 >/dev/ttyS1
	echo ended
	poweroff -f
}
mkdir /w
cd /w
%s"""


class Boot:
    """One boot: said, a list of lines; files, what came back by name."""

    def __init__(self, cache, cpu, script, files=(), modules='cpuid,kvm-amd', memory=256):
        self.cpu, self.files, started = cpu, {}, time.monotonic()
        with tempfile.TemporaryDirectory() as d:
            init, image, back = (os.path.join(d, n) for n in ('init', 'image', 'back'))
            with open(init, 'w', encoding='ascii') as f:
                f.write(SCRIPT % script)
            given = [f if isinstance(f, str) else self.keep(d, *f) for f in files]
            kernel = os.path.join(cache, 'cloud')
            subprocess.run([os.path.join(HERE, 'initramfs'), image,
                            '--busybox', os.path.join(cache, 'busybox'), '--init', init,
                            '--modules', os.path.join(kernel, 'modules'), modules, *given], check=True)
            command = [QEMU, '-accel', 'tcg', '-machine', 'q35', '-cpu', cpu, '-m', str(memory), '-nodefaults',
                       '-no-reboot', '-display', 'none', '-serial', 'stdio', '-serial', 'file:' + back,
                       '-kernel', os.path.join(kernel, 'vmlinuz'), '-initrd', image,
                       '-append', 'console=ttyS0 quiet panic=-1']
            try:
                p = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, timeout=SECONDS, check=False)
                out = p.stdout
            except subprocess.TimeoutExpired as e:
                out = e.stdout or b''
            self.said = [re.sub(r'\x1b\[\d*m', '', line) for line in out.decode(errors='replace').splitlines()]
            if os.path.exists(back):
                with open(back, 'rb') as f:
                    self.take(f.read())
        self.seconds = time.monotonic() - started

    @staticmethod
    def keep(folder, name, content):
        """A file of the image that is made here: /w/NAME."""
        path = os.path.join(folder, 'given-' + name)
        with open(path, 'wb') as f:
            f.write(content)
        return '%s=/w/%s' % (path, name)

    def take(self, text):
        if text.strip():
            with tarfile.open(fileobj=io.BytesIO(base64.b64decode(text))) as t:
                for m in t.getmembers():
                    self.files[m.name] = t.extractfile(m).read()

    def ended(self):
        """Problems, if it did not come to its end."""
        if 'ended' not in self.said:
            yield '%s did not come to its end; the last lines:' % self.cpu
            yield from self.said[-4:]

    def text(self, name):
        return self.files.get(name, b'').decode(errors='replace')


class Tap:
    """Results, numbered; the plan comes last."""

    def __init__(self):
        self.number, self.failed = 0, 0

    def check(self, what, problems):
        """One result: good if there is no problem; the first ones are told."""
        self.number += 1
        problems = list(problems)
        self.failed += bool(problems)
        print('%sok %d - %s' % ('not ' if problems else '', self.number, what))
        for p in problems[:8]:
            print('# ' + p)
        if problems[8:]:
            print('# and %d more' % len(problems[8:]))
        sys.stdout.flush()

    def end(self):
        print('1..%d' % self.number)
        return 1 if self.failed else 0
