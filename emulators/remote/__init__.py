"""An emulator in a process of its own, with the verbs of one that lives here: they go over the control API."""
