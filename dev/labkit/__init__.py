"""The parts of dev/lab.py and dev/demo.py: a real control plane and an AWS emulator on this machine."""

import sys

if sys.version_info < (3, 11):
    sys.exit(f"dev/ needs Python 3.11 or newer, this is {sys.version.split()[0]}")
