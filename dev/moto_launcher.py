#!/usr/bin/env python3
"""moto_server 5.2.5 with the defects that would stop or fool an operator mended in memory; nothing on disk is changed.

usage: moto_launcher.py [--create-seconds N] -H 127.0.0.1 -p PORT     (else moto_server's own arguments)

Why: the Rust SDK is stricter than boto3 and cannot parse some answers; some states never end; some calls that AWS
refuses destroy or replace a database silently; some settings are accepted and forgotten, so that an operator sends them
for ever; and what is created is there at once, so that waiting is never seen. The patches are in emulator/, each
with its reason and when to drop it. What is left unmended is listed in EMULATOR.md.

Beside AWS's API the same port answers, for tests:
  GET  /lab/calls            {"rds.CreateDBInstance": 2, ...}: every request since the start or the last reset
  GET  /lab/moments          [["ModifyDBInstance", "orders", 1764100000.123], ...]: creates and changes of instances,
                             and "available", which may lie ahead
  POST /lab/reset            forgets those counts and moments
  POST /lab/create-seconds   body N or LOW-HIGH: --create-seconds from now on
  POST /lab/snapshot-age     body N: how many seconds old a snapshot or backup is when it is made
"""

import argparse
import sys

from moto.server import main

import emulator.dynamo_backups
import emulator.dynamo_parts
import emulator.dynamo_replicas
import emulator.dynamo_tables
import emulator.lab
import emulator.other_services
import emulator.rds_clusters
import emulator.rds_life
import emulator.rds_members
import emulator.rds_snapshots
import emulator.rds_versions
import emulator.tagging
from emulator import clock

if __name__ == "__main__":
    ours = argparse.ArgumentParser(add_help=False)
    ours.add_argument("--create-seconds", default="0")
    options, for_moto = ours.parse_known_args()
    clock.set_create_seconds(options.create_seconds)
    sys.exit(main(for_moto))
