#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What gen writes for libvirt, in domains that libvirt starts and compares.

usage: libvirt-qemu.py ROOT CPULEVEL KERNEL

libvirt's driver for QEMU runs within virsh (qemu:///embed): no daemon, all
files in a folder of the test.  Levels as in qemu.py,

- are started as domains, validated, with check='full': libvirt compares what
  QEMU made of the CPU with every feature that is written, and the guest
  (test/guest/) prints its CPUID, which must be the policy's;
- are compared with hosts (hypervisor-cpu-compare) as `check` compares them.
  A host is TCG with less: a script in place of QEMU that switches features off.

The baseline of two such hosts (hypervisor-cpu-baseline) is our level of them.

Where the verdicts differ, it is for what libvirt does not know (no name, no
numbers), or for what is no capability: statements (`or`), and what follows
from others.  Prints TAP.
"""
import concurrent.futures
import importlib.util
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

_spec = importlib.util.spec_from_file_location(
    'qemu', os.path.join(os.path.dirname(os.path.abspath(__file__)), 'qemu.py'))
qemu = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(qemu)
Trouble = qemu.Trouble

CPU_MAP = '/usr/share/libvirt/cpu_map/'
POLICIES = [('model:qemu/' + m,) for m in (
    'n270-v1', 'qemu64-v1', 'Conroe-v1', 'Nehalem-v2', 'SandyBridge-v1', 'Haswell-v4',
    'Skylake-Server-v4', 'Icelake-Server-v6', 'Opteron_G3-v1', 'EPYC-v3')] + [
        ('cpu:westmere-ep', 'cpu:broadwell-ep'), ('cpu:icelake-sp', 'cpu:cascadelake-sp'),
        ('cpu:milan', 'cpu:rome')]
HOSTS = ['Nehalem-v2', 'SandyBridge-v1', 'Haswell-v4', 'Opteron_G3-v1', 'EPYC-v3']
# libvirt has no words for them: they are QEMU's.
MAXIMA = ['max-basic-leaf', 'max-extended-leaf', 'max-subleaf-7']
# As root, of a test: nobody else's files, no confinement.
CONF = '''user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
remember_owner = 0
stdio_handler = "file"
'''
DOMAIN = '''<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
<name>guest</name><memory unit='MiB'>16</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type><kernel>%s</kernel></os>
%s<devices><memballoon model='none'/><controller type='usb' model='none'/></devices>
<qemu:commandline>
<qemu:arg value='-chardev'/><qemu:arg value='file,id=out,path=%s'/>
<qemu:arg value='-device'/><qemu:arg value='isa-debugcon,iobase=0xe9,chardev=out'/>
<qemu:arg value='-device'/><qemu:arg value='isa-debug-exit,iobase=0xf4,iosize=1'/>
</qemu:commandline>
</domain>
'''


class Virsh:
    """One that has the driver in it."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder + '/etc', exist_ok=True)
        with open(folder + '/etc/qemu.conf', 'w', encoding='ascii') as f:
            f.write(CONF)
        self.p = subprocess.Popen(
            ['timeout', '300', 'stdbuf', '-o0', 'virsh', '-q', '-c', 'qemu:///embed?root=' + folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def ask(self, command):
        """What it says, without prompts and its log."""
        self.p.stdin.write(command + '\necho +++\n')
        self.p.stdin.flush()
        said = ''
        while said.count('+++') < 2:  # as typed, and as told
            c = self.p.stdout.read(1)
            if not c:
                raise Trouble('virsh ends: ' + said)
            said += c
        return '\n'.join(line for line in said.splitlines() if not re.match(
            r'(\+\+\+)?virsh # |\+\+\+$|\d+-\d+-\d+ .*(info|warning) :|$', line))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """No guest outlives it."""
        if self.p.poll() is None:
            self.ask('destroy guest')
            self.p.stdin.close()
        self.p.wait()


class Written:
    """A level, and the <cpu> of it that this libvirt and TCG can take."""

    def __init__(self, proof, names, members, path):
        self.name, self.path, self.left = ' + '.join(members), path, set(MAXIMA)
        proof.ask('level', *members, '--cap', proof.cap, '-o', path, also=(4,))
        self.policy = json.loads(proof.ask('show', '--of', 'level', '--json', path))
        argv = ['gen', path, '--for', 'libvirt', '--json']
        self.doc = json.loads(proof.ask(*argv))
        model = re.search('>([^<>]*)</model>', self.doc['text'])[1]
        if model not in names.models:
            base = re.sub(r'(-v\d+)?$', '', model)
            self.doc = json.loads(proof.ask(*argv, '--model', base if base in names.models else 'qemu64'))
        self.text = ''.join(line + '\n' for line in self.doc['text'].splitlines() if self.fits(proof, names, line))
        # left to the model, and TCG has it not
        self.text = self.text.replace('</cpu>', "<feature policy='disable' name='topoext'/>\n</cpu>")
        with open(path + '.xml', 'w', encoding='ascii') as f:
            f.write(self.text)

    def fits(self, proof, names, line):
        """A name that libvirt knows, and no statement that TCG cannot make."""
        m = re.search(r"policy='(\w+)' name='(.*)'", line)
        if not m:
            return True
        field = proof.registry.libvirt.get(m[2])
        if m[2] in names.known and not (m[1] == 'require' and proof.registry.rule.get(field) == 'or'):
            return True
        self.left.add(field)
        return False


class Names:
    """Of the libvirt that is installed."""

    def __init__(self):
        with open(CPU_MAP + 'x86_features.xml', encoding='utf-8') as f:
            self.known = set(re.findall("<feature name='([^']*)'", f.read()))
        with open(CPU_MAP + 'index.xml', encoding='utf-8') as f:
            self.models = set(re.findall(r"filename='x86_(.*?)\.xml", f.read()))


class Host:
    """TCG with the features of a model and no others."""

    def __init__(self, proof, model, folder):
        level = os.path.join(folder, model + '.level')
        proof.ask('level', 'model:qemu/' + model, '--cap', proof.cap, '-o', level, also=(4,))
        policy = qemu.registers(json.loads(proof.ask('show', '--of', 'level', '--json', level)))
        vendor = b''.join(policy[0, 0, r][0].to_bytes(4, 'little') for r in ('ebx', 'edx', 'ecx')).decode()
        has = {field for (leaf, sub, reg, bit), field in proof.registry.at.items()
               if policy.get((leaf, sub, reg), (0, 0))[0] >> bit & 1}
        props = ['vendor=' + vendor, 'xlevel=0x8000000a'] + [
            name + '=off' for name, field in sorted(proof.registry.field.items())
            if proof.qemu.can.get(name) is True and field not in has | {'hypervisor'}]
        self.vendor, self.cpu = vendor, None
        self.name, self.binary, self.dump = model, os.path.join(folder, model), os.path.join(folder, model + '.txt')
        with open(self.binary, 'w', encoding='ascii') as f:
            f.write('#!/bin/sh\nexec %s "$@" %s\n' % (
                shutil.which(qemu.QEMU[0]), ' '.join('-global max-x86_64-cpu.' + p for p in props)))
        os.chmod(self.binary, 0o755)
        proof.qemu.boot(','.join(['max'] + props))
        os.rename(proof.qemu.out, self.dump)


class Test:
    def __init__(self, root, cpulevel, kernel, folder):
        self.folder = folder
        self.proof = qemu.Proof(root, cpulevel, kernel, folder)
        self.names = Names()
        self.written = [Written(self.proof, self.names, members, '%s/%d.level' % (folder, i))
                        for i, members in enumerate(POLICIES)]
        self.hosts = [Host(self.proof, model, folder) for model in HOSTS]

    def start(self, virsh, w, text):
        """What the guest of this CPU printed."""
        out, xml = virsh.folder + '/out.txt', virsh.folder + '/domain.xml'
        if os.path.exists(out):
            os.unlink(out)
        with open(xml, 'w', encoding='ascii') as f:
            f.write(DOMAIN % (self.proof.qemu.kernel, text, out))
        said = virsh.ask('create --paused --validate ' + xml)
        if 'error:' in said:
            raise Trouble('%s: %s' % (w.name, said))
        # it may have ended before virsh hears that it runs
        virsh.ask('resume guest')
        until = time.time() + 20
        while 'error:' not in virsh.ask('domstate guest'):
            if time.time() > until:
                raise Trouble(w.name + ': the guest does not end')
            time.sleep(0.02)
        return qemu.printed(out)

    def domains(self):
        troubles = []
        with Virsh(self.folder + '/domains') as virsh:
            for w in self.written:
                try:
                    wrong = self.proof.compare(w.policy, w.doc['losses'], w.left, self.start(virsh, w, w.text))
                    troubles += ['%s: %s' % (w.name, f) for f in wrong]
                except Trouble as t:
                    troubles.append(str(t))
        return troubles

    def refused(self):
        """check='full' is a check: of a feature too many, and of one too few."""
        w, troubles = self.written[1], []
        with Virsh(self.folder + '/refused') as virsh:
            for what, text, said in (
                    ('avx512f', w.text.replace('</cpu>', "<feature policy='require' name='avx512f'/></cpu>"),
                     'missing'),
                    ('hypervisor', w.text.replace("<feature policy='require' name='hypervisor'/>", ''), 'extra')):
                try:
                    self.start(virsh, w, text)
                    troubles.append(what + ': started')
                except Trouble as t:
                    if '%s features: %s' % (said, what) not in str(t):
                        troubles.append(str(t))
        return troubles

    # -- verdicts

    def theirs(self, virsh, w, host):
        """yes or no, and the features that libvirt misses."""
        said = virsh.ask('hypervisor-cpu-compare --error --virttype qemu --emulator %s %s.xml' % (
            host.binary, w.path))
        if 'is identical to' in said or 'is a superset of' in said:
            return 'yes', set()
        m = re.search(r'required features?: ([\w., -]+)', said)
        missing = {self.proof.registry.libvirt.get(f, f) for f in re.split(', *', m[1])} if m else set()
        if not m and 'vendor' not in said:
            raise Trouble('%s on %s: %s' % (w.name, host.name, said))
        return 'no', missing

    def ours(self, w, host):
        """yes or no, and the fields for which it is no."""
        doc = json.loads(self.proof.ask('check', w.path, host.dump, '--json', also=(1, 4)))
        worst = {f['field'] for f in doc['findings'] if f['severity'] in ('fatal', 'security', 'slow') and f['sure']}
        return ('no' if doc['verdict'] == 'no' else 'yes'), worst

    def is_libvirts(self, field):
        """A capability of which libvirt has heard."""
        names = [n for n, f in self.proof.registry.libvirt.items() if f == field]
        return self.proof.registry.rule.get(field) == 'and' and bool(set(names) & self.names.known)

    def verdict(self, virsh, w, host):
        """Ours; and nothing, or what is wrong with the two."""
        (they, missing), (we, worst) = self.theirs(virsh, w, host), self.ours(w, host)
        return we, self.compare(they, missing, we, worst)

    def compare(self, they, missing, we, worst):
        if 'vendor-0' in worst:
            return '' if they == we == 'no' else 'vendors: %s and %s' % (they, we)
        if missing != {f for f in worst if self.is_libvirts(f)}:
            return 'libvirt misses %s, we %s' % (sorted(missing), sorted(worst))
        if they == we or (we == 'no' and not missing):
            return ''
        return 'libvirt says %s, we %s' % (they, we)

    def on(self, host):
        """What is wrong there, and our verdicts."""
        troubles, seen = [], set()
        with Virsh(os.path.join(self.folder, 'on-' + host.name)) as virsh:
            said = virsh.ask('domcapabilities --virttype qemu --emulatorbin ' + host.binary)
            host.cpu = re.search("<mode name='host-model' supported='yes'>(.*?)</mode>", said, re.S)[1]
            for w in self.written:
                we, wrong = self.verdict(virsh, w, host)
                seen.add(we)
                if wrong:
                    troubles.append('%s on %s: %s' % (w.name, host.name, wrong))
        return troubles, seen

    def verdicts(self):
        with concurrent.futures.ThreadPoolExecutor(len(self.hosts)) as pool:
            results = list(pool.map(self.on, self.hosts))
        seen = set().union(*(s for _, s in results))
        return [t for ts, _ in results for t in ts] + (['all are %s' % seen] if len(seen) == 1 else [])

    # -- levels

    def baseline(self, virsh, a, b):
        """Capabilities that libvirt's baseline of two hosts has."""
        xml = virsh.folder + '/two.xml'
        with open(xml, 'w', encoding='ascii') as f:
            f.write(''.join("<cpu mode='custom' match='exact'>%s</cpu>\n" % host.cpu for host in (a, b)))
        said = virsh.ask('hypervisor-cpu-baseline --features --virttype qemu --emulator %s %s' % (
            self.hosts[0].binary, xml))
        names = re.findall("<feature policy='require' name='(.*?)'/>", said)
        if not names:
            raise Trouble(said)
        return {f for f in map(self.proof.registry.libvirt.get, names) if f and self.is_libvirts(f)}

    def level(self, a, b):
        path = '%s/%s-%s.level' % (self.folder, a.name, b.name)
        self.proof.ask('level', a.dump, b.dump, '-o', path, also=(4,))
        values = qemu.registers(json.loads(self.proof.ask('show', '--of', 'level', '--json', path)))
        return {field for (leaf, sub, reg, bit), field in self.proof.registry.at.items()
                if self.is_libvirts(field) and values.get((leaf, sub, reg), (0, 0))[0] >> bit & 1}

    def levels(self):
        troubles = []
        with Virsh(os.path.join(self.folder, 'on-' + self.hosts[0].name)) as virsh:
            for a, b in itertools.combinations(self.hosts, 2):
                if a.vendor == b.vendor:
                    theirs, ours = self.baseline(virsh, a, b), self.level(a, b)
                    theirs.discard('hypervisor')  # of QEMU, not of its hosts
                    if theirs != ours:
                        troubles.append('%s and %s: %s' % (a.name, b.name, sorted(theirs ^ ours)))
        return troubles

    def run(self):
        """All at once: libvirt mostly waits."""
        tests = [("domains start with check='full', and their guests read the policy", self.domains),
                 ("check='full' refuses a feature too many, and one too few", self.refused),
                 ("libvirt's verdicts and ours, feature by feature", self.verdicts)]
        last = ("libvirt's baseline of two hosts is our level", self.levels)
        with concurrent.futures.ThreadPoolExecutor(len(tests)) as pool:
            results = list(pool.map(lambda test: test[1](), tests))
        results.append(last[1]())
        print('1..%d' % len(results))
        for n, ((name, _), troubles) in enumerate(zip(tests + [last], results), 1):
            print('%s %d - %s' % ('not ok' if troubles else 'ok', n, name))
            for t in troubles:
                print('# ' + t.replace('\n', ' | '))
        return any(results)


def reason_to_skip(folder):
    for program in (qemu.QEMU[0], 'virsh', 'stdbuf'):
        if not shutil.which(program):
            return 'no %s here; script/bootstrap installs it' % program
    if not os.path.exists(CPU_MAP + 'index.xml'):
        return 'no cpu_map: script/bootstrap installs it'
    if os.getuid():
        return "libvirt's driver keeps its files as root"
    ran = qemu.run('virsh', '-q', '-c', 'qemu:///embed?root=' + folder, 'uri')
    return "libvirt's driver for QEMU does not start: " + ran.stderr.strip() if ran.returncode else None


def main():
    root, cpulevel, kernel = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        why = reason_to_skip(folder + '/try')
        if why:
            print('1..0 # SKIP ' + why.replace('\n', ' '))
            return 0
        return int(Test(root, cpulevel, kernel, folder).run())


if __name__ == '__main__':
    sys.exit(main())
