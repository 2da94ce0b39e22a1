"""Benchmarks: `python -m tests.bench [NAME ...]`. None of it is a test; no figure here fails a build."""
