"""Scenarios: stories in a file, for people without Python. Read, checked, played by the real engine, reported."""
