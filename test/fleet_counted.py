# SPDX-License-Identifier: MIT
"""A small fleet in a store, and the same host by host, for fleet-oracle.py."""
import json
import os
import subprocess
from functools import lru_cache

VERDICT = {0: 'yes', 1: 'no', 4: 'unknown'}
WORSE = {'yes': 0, 'unknown': 1, 'no': 2}


class Wrong(Exception):
    """The two do not say the same."""


def same(what, said, counted):
    """Both are that."""
    if said != counted:
        raise Wrong(f'{what}: it says {said!r}, counted {counted!r}')


class Files:
    """The verbs for files, each question asked once."""

    def __init__(self, program, root, scratch):
        self.program, self.scratch = program, scratch
        self.env = dict(os.environ, NO_COLOR='1')
        self.nr = 0
        with open(f'{root}/data/fields.tsv', encoding='utf-8') as f:
            rows = [r.rstrip('\n').split('\t') for r in f][1:]
        self.statements = {r[0] for r in rows if r[2] == 'or'}
        self.statements |= {'rsba', 'rrsba', 'rtm-always-abort'}

    def run(self, *args, store=None):
        """Code, output, what it complained of."""
        env = dict(self.env, CPULEVEL_STORE=store) if store else self.env
        r = subprocess.run([self.program, *args], env=env, check=False,
                           capture_output=True, text=True)
        if r.returncode < 0 or r.returncode >= 70:
            raise Wrong(f'{" ".join(args)}: {r.returncode}\n{r.stderr}')
        return r.returncode, r.stdout, r.stderr

    @lru_cache(maxsize=None)
    def level(self, machines, kind):
        """The level of these files: (file, features, numbers), or None."""
        if not machines:
            return None
        self.nr += 1
        path = f'{self.scratch}/{self.nr}.level'
        args = ['level', *machines, '--guest', kind[0], '--platform', kind[1]]
        if self.run(*args, '-o', path)[0] not in (0, 4):
            return None
        said = json.loads(self.run(*args, '--json')[1])
        return (path, frozenset(said['features']),
                json.dumps(said['numbers'], sort_keys=True))

    @lru_cache(maxsize=None)
    def check(self, guest, host, kind):
        """May it run there: (verdict, the findings that are sure, all)."""
        code, out, err = self.run('check', guest, host, '--guest', kind[0],
                                  '--platform', kind[1], '--json')
        if code == 3 and 'no such policy' in err:
            return 'unknown', (), ()
        said = json.loads(out)
        same('exit of check', VERDICT[code], said['verdict'])
        sure = [(f['severity'], f['field']) for f in said['findings']
                if f['sure']]
        unsure = [f['field'] for f in said['findings'] if not f['sure']]
        return said['verdict'], tuple(sorted(sure)), tuple(sorted(unsure))

    @lru_cache(maxsize=None)
    def shown(self, path):
        """Features of a file that is a level."""
        out = self.run('level', path, '--json')[1]
        return frozenset(json.loads(out)['features'])

    @lru_cache(maxsize=None)
    def vendor(self, machine, kind):
        """Of what new guests get there."""
        out = self.run('level', machine, '--guest', kind[0], '--platform',
                       kind[1], '--json')
        return json.loads(out[1])['vendor'] if out[0] in (0, 4) else None


class Host:
    """A machine of the pool; machine None: it never reported."""

    def __init__(self, name, machine, active=True):
        self.name, self.machine, self.active = name, machine, active

    def but(self, **other):
        """The same with something else."""
        h = Host(self.name, self.machine, self.active)
        h.__dict__.update(other)
        return h


class Vm:
    """What it saw is a file; host None: it is off."""

    def __init__(self, name, host, saw, kind):
        self.name, self.host, self.saw, self.kind = name, host, saw, kind
        self.moved = False  # its host changed, and it is on another


class Fleet:
    """One pool, in the store and here."""

    def __init__(self, files, rng, path, machines):
        self.files, self.rng, self.store = files, rng, path
        self.hosts, self.vms, self.all_machines = {}, {}, machines
        self.kind = (rng.choice(['hvm', 'hvm', 'hvm', 'pv', 'hvm-shadow']),
                     rng.choice(['generic', 'xen-4.17', 'kvm-7.2']))
        if self.kind[0] == 'pv' and self.kind[1] == 'kvm-7.2':
            self.kind = ('hvm', 'kvm-7.2')  # there are none

    # -- the store ---------------------------------------------------------

    def do(self, *args, may=(0,)):
        """Change the store."""
        code, out, err = self.files.run(*args, store=self.store)
        if code not in may:
            raise Wrong(f'{" ".join(args)}: exit {code}\n{out}{err}')
        return code

    def ask(self, *args):
        """Code and document; None where it only complained."""
        code, out, err = self.files.run(*args, '--json', store=self.store)
        try:
            return code, json.loads(out) if out else None, err
        except ValueError:
            raise Wrong(f'{" ".join(args)}: not JSON\n{out}') from None

    def add_host(self, name, machine):
        self.do('pool', 'add', 'p', f'{name}={machine}' if machine else name)
        self.hosts[name] = Host(name, machine)

    def boot(self, name, host, level, machines, guest=None):
        """At that level, which is of these machines; refused if it must."""
        kind = (guest or self.kind[0], self.kind[1])
        made = self.files.level(tuple(machines), kind)
        h = self.hosts[host]
        if made is None:
            return
        fits = self.files.check(made[0], h.machine, kind)[0]
        args = ['vm', 'boot', name, '--host', host]
        args += ['--level', level] if level else []
        args += ['--guest', guest] if guest else []
        code = self.do(*args, may=(0, 4, 5))
        if level in (None, 'o') and not all(
                self.files.level((x.machine,), kind)
                for x in self.hosts.values()):
            fits = 'unknown'
        elif level is None and len(self.vendors(self.hosts.values())) > 1:
            fits = 'no'  # of several vendors there is no level
        same(f'boot of {name} on {host}',
             code, {'yes': 0, 'no': 5, 'unknown': 4}[fits])
        if code == 0:
            self.vms[name] = Vm(name, host, made[0], kind)

    def make(self):
        """A fleet that went through something."""
        rng = self.rng
        self.do('pool', 'init', 'p', '--guest', self.kind[0], '--platform',
                self.kind[1])
        few = rng.sample(self.all_machines, min(len(self.all_machines),
                                                rng.randint(1, 4)))
        for i in range(rng.randint(1, 6)):
            self.add_host(f'h{i}', rng.choice(few))
        names = list(self.hosts)
        made = {}
        for i in range(rng.randint(0, 3)):
            of = rng.sample(names, rng.randint(1, min(2, len(names))))
            machines = tuple(self.hosts[n].machine for n in of)
            if self.files.level(machines, self.kind) is None:
                continue
            self.do('level', 'new', f'l{i}', '--from', 'host:' + ','.join(of),
                    '--guest', self.kind[0], '--platform', self.kind[1])
            made[f'l{i}'] = machines
        other = 'hvm-shadow' if self.kind[0] == 'hvm' else None
        if other and rng.random() < .3:
            if self.do('level', 'new', 'o', '--follow', 'p', '--guest', other,
                       may=(0, 4, 5)):
                other = None
        else:
            other = None
        for i in range(rng.randint(0, 7)):
            host = rng.choice(names)
            level = rng.choice([None] + list(made))
            machines = made[level] if level else self.alike(host)
            if other and rng.random() < .3:
                if len(self.vendors(self.hosts.values())) == 1:
                    self.boot(f'v{i}', host, 'o',
                              [h.machine for h in self.hosts.values()], other)
            else:
                self.boot(f'v{i}', host, level, machines)
        self.happen(few)

    def happen(self, few):
        """Hosts become others, cannot be reached, come, retire; VMs stop."""
        rng = self.rng
        for name, h in list(self.hosts.items()):
            luck = rng.random()
            if luck < .12:
                h.machine = rng.choice(few)
                self.do('pool', 'add', 'p', f'{name}={h.machine}', may=(0, 3))
                self.do('publish', h.machine, '--host', name, may=(0, 3))
            elif luck < .22:
                self.do('host', 'set', name, '--state', 'unreachable')
                h.active = False
        for v in list(self.vms.values()):
            if rng.random() < .1:
                self.do('vm', 'stop', v.name)
                v.host = None
        if rng.random() < .15:
            self.add_host('new', None)
        if rng.random() < .2:
            self.add_host('old', rng.choice(few))
            self.do('host', 'retire', 'old')
            del self.hosts['old']

    def knows(self, host):
        """Is it known what guests of the pool's kind have there?"""
        return bool(host.machine and
                    self.files.level((host.machine,), self.kind))

    # -- counted -----------------------------------------------------------

    def vendors(self, hosts):
        return {self.files.vendor(h.machine, self.kind) for h in hosts
                if h.machine and self.files.level((h.machine,), self.kind)}

    def alike(self, host):
        """Machines of the vendor of this host."""
        v = self.files.vendor(self.hosts[host].machine, self.kind)
        return [h.machine for h in self.hosts.values()
                if self.files.vendor(h.machine, self.kind) == v]

    def levels(self, hosts):
        """vendor -> level, of hosts of which something is known."""
        of = {}
        for h in hosts:
            if h.machine and self.files.level((h.machine,), self.kind):
                v = self.files.vendor(h.machine, self.kind)
                of.setdefault(v, set()).add(h.machine)
        return {v: self.files.level(tuple(sorted(m)), self.kind)
                for v, m in of.items()}

    def verdict(self, vm, host):
        """As if the host could be reached."""
        if host.machine is None:
            return 'unknown'
        return self.files.check(vm.saw, host.machine, vm.kind)[0]

    def homes(self, vm, hosts):
        return [h.name for h in hosts
                if h.active and self.verdict(vm, h) == 'yes']

    def unsure(self, vm, hosts):
        """Hosts of which nobody knows."""
        return [h.name for h in hosts if self.verdict(vm, h) == 'unknown' or
                (not h.active and self.verdict(vm, h) == 'yes')]

    def reach(self, vm, hosts):
        """(other homes, not known, fate)."""
        homes = self.homes(vm, hosts)
        if vm.moved:
            others = len(homes) - bool(homes)
        else:
            others = len([h for h in homes if h != vm.host])
        unsure = len(self.unsure(vm, hosts))
        return others, unsure, ('free' if others else
                                'unknown' if unsure else 'stranded')

    def running(self):
        return [v for v in self.vms.values() if v.host]

    def abilities(self, level):
        """What is not only stated."""
        return level[1] - self.files.statements

    def saw(self, vm):
        """The features of its record."""
        return self.files.shown(vm.saw)

    def next_level(self, vm, hosts):
        """What it would boot at, of its own kind and vendor; None: none."""
        of = [h.machine for h in hosts.values() if h.machine and
              self.files.vendor(h.machine, vm.kind) ==
              self.files.vendor(vm.saw, vm.kind)]
        return self.files.level(tuple(sorted(set(of))), vm.kind)
