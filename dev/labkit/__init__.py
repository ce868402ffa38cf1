"""The parts of dev/lab.py: a real control plane and an AWS emulator on this machine, for tests and the demo."""
