# SPDX-License-Identifier: MIT
"""Results of a test program as TAP."""
import sys


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
        """The plan; what the program exits with."""
        print('1..%d' % self.number)
        return 1 if self.failed else 0
