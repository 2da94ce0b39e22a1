"""How our own messages say what is wrong with a credential, so that a veil leaves the rule and takes what was given."""

from __future__ import annotations

import re

# What stands there is a scheme and the name of a setting, never its value; behind a comma our own words go on.
RULES = re.compile(
    r"((?i:authori[sz]ation): (?:Basic|Bearer|Token)(?: (?:TOKEN|[A-Z]+(?:_[A-Z]+)*_(?:TOKEN|KEY|SECRET|ID)))?"
    r"(?=, (?:with|any|got) |;|\s*$)"
    r"|auth ?= ?(?:\('login', 'password'\)|\{ login = \.\.\., password = \.\.\. \}))",
    re.MULTILINE,
)
"""One group, for `split`: every other piece is such a rule."""

GOT = re.compile(
    r"([\w.\[\]-]{2,64})(: expected [^\r\n]{1,300}?, got )('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\r\n]+)"
)
"""The name of a field, the rule, and what was given in its place."""

WORDS = frozenset(("expected", "required", "given"))
"""What follows the name of a field and a colon, where it is no value."""
