#!/usr/bin/env python3
"""An HTTP proxy in front of an AWS emulator that throttles, delays, loses and breaks what it is told to.

usage: fault_proxy.py --upstream http://127.0.0.1:PORT --port PORT

Every lab has one (lab.json: faults). Whoever is to meet faults takes its address for AWS; rules are set over HTTP under
/awsdb-faults/. EMULATOR.md describes them.
"""

import argparse
import asyncio

from labkit.fault_proxy import serve

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upstream", required=True, help="address of the emulator")
    parser.add_argument("--port", required=True, type=int)
    options = parser.parse_args()
    asyncio.run(serve(options.upstream, options.port))
