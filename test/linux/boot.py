# SPDX-License-Identifier: MIT
"""Boots of Debian's kernel under QEMU's TCG."""
import base64
import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
QEMU = 'qemu-system-x86_64'
SECONDS = 120
# TCG may be too slow for the kernel to see its timer tick: it need not look.
APPEND = 'console=ttyS0 quiet panic=-1 no_timer_check'
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


# Linux as domain 0 of Xen.  TCG: without smap=hvm it dies at once on CPUs with SMAP, and Xen itself may when it idles.
XEN = 'com1=115200,8n1 console=com1 dom0_mem=512M,max:512M smap=hvm cpuidle=0'


def image(folder, cache, script, files, modules, kernel='cloud'):
    """An initramfs that runs the script in /w; a file is a path, PATH=TO, or the name and bytes of one in /w."""
    init = tempfile.mkdtemp(dir=folder)
    out, given = os.path.join(init, 'image'), []
    with open(os.path.join(init, 'init'), 'w', encoding='ascii') as f:
        f.write(SCRIPT % script)
    for file in files:
        if not isinstance(file, str):
            name, content = file
            path = os.path.join(init, 'given-' + name)
            with open(path, 'wb') as f:
                f.write(content)
            file = '%s=/w/%s' % (path, name)
        given.append(file)
    subprocess.run([os.path.join(HERE, 'initramfs'), out, '--busybox', os.path.join(cache, 'busybox'),
                    '--init', os.path.join(init, 'init'),
                    '--modules', os.path.join(cache, kernel, 'modules'), modules, *given], check=True)
    return out


class Boot:
    """One boot: said, a list of lines; files, what came back by name.  xen: Linux is its domain 0."""

    def __init__(self, cache, cpu, script, files=(), modules='cpuid,kvm-amd', memory=256, cpus=1, seconds=SECONDS,
                 xen=None):
        self.cpu, self.files, started = cpu, {}, time.monotonic()
        with tempfile.TemporaryDirectory() as d:
            back, kernel = os.path.join(d, 'back'), 'full' if xen else 'cloud'
            vmlinuz, initrd = os.path.join(cache, kernel, 'vmlinuz'), image(d, cache, script, files, modules, kernel)
            start = ['-kernel', vmlinuz, '-initrd', initrd, '-append', APPEND]
            if xen:
                start = ['-kernel', xen, '-append', XEN,
                         '-initrd', '%s console=hvc0 quiet panic=-1,%s' % (vmlinuz, initrd)]
            command = [QEMU, '-accel', 'tcg', '-machine', 'q35', '-cpu', cpu, '-m', str(memory), '-smp', str(cpus),
                       '-nodefaults',
                       '-no-reboot', '-display', 'none', '-serial', 'stdio', '-serial', 'file:' + back, *start]
            try:
                p = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, timeout=seconds, check=False)
                out = p.stdout
            except subprocess.TimeoutExpired as e:
                out = e.stdout or b''
            self.said = [re.sub(r'\x1b\[\d*m', '', line) for line in out.decode(errors='replace').splitlines()]
            if os.path.exists(back):
                with open(back, 'rb') as f:
                    self.take(f.read())
        self.seconds = time.monotonic() - started

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


def ready(cache):
    """Why it cannot be done here, or nothing."""
    if not shutil.which(QEMU):
        return 'there is no ' + QEMU
    p = subprocess.run([os.path.join(HERE, 'fetch'), cache, 'cloud'], stdout=subprocess.PIPE, text=True, check=False)
    return p.stdout.strip() if p.returncode else ''
