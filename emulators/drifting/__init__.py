"""Captured traffic against a revision: what came that the schemas do not say, and what they would have to say.

`capture` reads, `placing` finds the schema, `tally` compares and groups, `patch` proposes, `redaction` stands before
everything that is kept.
"""
