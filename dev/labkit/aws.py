"""The AWS emulator of a lab, and a few questions to it."""

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from labkit import toolchain
from labkit.control_plane import ended
from labkit.processes import LOOPBACK, LabError, clean_env, free_ports

REGION, ACCESS_KEY, SECRET_KEY = "us-east-1", "AKIALABLABLABLABLAB0", "lab-secret-key"
READY_SECONDS = 60

# Runs in the emulator's virtual environment, which has boto3. argv: endpoint, service, operation, parameters as JSON.
CALL = """
import boto3, json, sys
endpoint, service, operation, parameters = sys.argv[1:]
answer = getattr(boto3.client(service, endpoint_url=endpoint), operation)(**json.loads(parameters))
print(json.dumps(answer, default=str))
"""


class Emulator:
    def __init__(self, processes, create_seconds=0):
        self.processes, self.create_seconds = processes, create_seconds
        [self.port] = free_ports(1)
        self.endpoint = f"http://{LOOPBACK}:{self.port}"

    def start(self):
        # 1,000 automated snapshots are the emulator's quota, one per instance: too few for a fleet.
        env = clean_env(MOTO_RDS_SNAPSHOT_LIMIT="100000", AWS_EC2_METADATA_DISABLED="true", PYTHONUNBUFFERED="1")
        self.processes.start("moto", [
            toolchain.venv_python(), toolchain.DEV / "moto_launcher.py", "--create-seconds", self.create_seconds,
            "-H", LOOPBACK, "-p", self.port], env)

    def wait_ready(self):
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            ended(self.processes, "moto")
            try:
                self.lab("GET", "calls")
                return
            except (OSError, urllib.error.URLError):
                time.sleep(0.1)
        raise LabError(f"the AWS emulator was not ready after {READY_SECONDS} s:\n{self.processes.log_tail('moto')}")

    def lab(self, method, path, body=None):
        return lab_request(f"{self.endpoint}/lab/{path}", method, body)

    def describe(self):
        """The "aws" part of lab.json. Subnet groups need subnets that the emulator knows: those of its default VPC."""
        subnets = call(self.endpoint, "ec2", "describe_subnets", Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
        groups = call(self.endpoint, "ec2", "describe_security_groups", Filters=[{"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]
        self.lab("POST", "reset")
        return {
            "endpoint": self.endpoint, "calls": f"{self.endpoint}/lab/calls", "reset": f"{self.endpoint}/lab/reset",
            "createSeconds": f"{self.endpoint}/lab/create-seconds", "snapshotAge": f"{self.endpoint}/lab/snapshot-age",
            "moments": f"{self.endpoint}/lab/moments",
            "region": REGION, "accessKey": ACCESS_KEY, "secretKey": SECRET_KEY,
            "subnetIds": [subnet["SubnetId"] for subnet in sorted(subnets, key=lambda one: one["AvailabilityZone"])][:3],
            "securityGroupId": groups[0]["GroupId"],
        }


def lab_request(url, method, body=None):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, method=method, data=None if body is None else str(body).encode())
    return json.load(opener.open(request, timeout=5))


def environment(endpoint):
    """What a process needs to take the emulator for AWS."""
    return {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_EC2_METADATA_DISABLED": "true"}


def call(endpoint, service, operation, **parameters):
    """One AWS call through boto3, say call(endpoint, "rds", "describe_db_instances")."""
    command = [str(toolchain.venv_python()), "-c", CALL, endpoint, service, operation, json.dumps(parameters)]
    answer = subprocess.run(command, env=clean_env(**environment(endpoint)), capture_output=True, text=True)
    if answer.returncode != 0:
        raise LabError(f"{service} {operation} failed: {answer.stderr.strip().splitlines()[-1]}")
    return json.loads(answer.stdout)


def behind_the_back(endpoint, identifier, **settings):
    """Changes an instance as somebody else would: by a request of its own, without the second that boto3 takes to load."""
    fields = {"Action": "ModifyDBInstance", "Version": "2014-10-31", "DBInstanceIdentifier": identifier, "ApplyImmediately": "true", **settings}
    return query(endpoint, "rds", fields)


def query(endpoint, service, fields):
    """An unsigned request in AWS's query protocol: the emulator looks only for the name of the service."""
    scope = f"Credential={ACCESS_KEY}/20260101/{REGION}/{service}/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0", "Content-Type": "application/x-www-form-urlencoded"}
    request = urllib.request.Request(endpoint, urllib.parse.urlencode(fields).encode(), headers)
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10).read().decode()
