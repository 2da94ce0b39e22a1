"""Lets a bare checkout, not installed, find the plugin; installed, it is found by its entry point."""

pytest_plugins = ["emulators.pytest_plugin", "pytester"]
