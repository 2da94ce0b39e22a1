"""The clients that people really use, as their registries have them, against the emulators over real sockets."""
