"""The API server over connections that stay open: kubectl would need minutes for thousands of objects."""

import concurrent.futures
import http.client
import json
import pathlib
import ssl
import threading
import time
import urllib.parse

from labkit.processes import LabError

WORKERS = 4
STALE_SECONDS = 20
OURS = "/apis/awsdb.dev/v1alpha1/namespaces/default"
MERGE = "application/merge-patch+json"


class Api:
    def __init__(self, facts):
        self.host = urllib.parse.urlsplit(facts["server"]).netloc
        self.context = ssl.create_default_context(cafile=facts["ca"])
        self.token, self.mine = pathlib.Path(facts["adminToken"]).read_text(), threading.local()

    def request(self, method, path, body=None, content="application/json"):
        answer, text = self._sent(method, path, None if body is None else json.dumps(body), content)
        if answer.status >= 300:
            raise LabError(f"{method} {path}: {answer.status} {text[:300].decode(errors='replace')}")
        return json.loads(text)

    def _sent(self, method, path, body, content):
        if time.monotonic() - getattr(self.mine, "used", 0) > STALE_SECONDS:
            # The server closes what is idle, and the next request would find that out too late.
            self.mine.connection = http.client.HTTPSConnection(self.host, context=self.context, timeout=60)
        self.mine.connection.request(method, path, body, {"Authorization": f"Bearer {self.token}", "Content-Type": content})
        answer = self.mine.connection.getresponse()
        text = answer.read()
        self.mine.used = time.monotonic()
        return answer, text

    def all(self, requests):
        """Many requests, a few at a time."""
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as workers:
            return list(workers.map(lambda one: self.request(*one), requests))

    def create(self, objects):
        plural = {"RdsInstance": f"{OURS}/rdsinstances", "DynamoTable": f"{OURS}/dynamotables", "Secret": "/api/v1/namespaces/default/secrets"}
        self.all([("POST", plural[one["kind"]], one) for one in objects])

    def patch(self, name, spec):
        return self.request("PATCH", f"{OURS}/rdsinstances/{name}", {"spec": spec}, MERGE)

    def delete(self, names):
        self.all([("DELETE", f"{OURS}/rdsinstances/{name}") for name in names])


def instance(name, policy="Retain"):
    return {"apiVersion": "awsdb.dev/v1alpha1", "kind": "RdsInstance", "metadata": {"name": name, "namespace": "default"},
            "spec": {"engine": "postgres", "engineVersion": "16", "dbInstanceClass": "db.t4g.micro", "allocatedStorage": 20,
                     "masterUsername": "app", "backupRetentionPeriod": 7, "deletionPolicy": policy}}


def dynamo_table(name):
    return {"apiVersion": "awsdb.dev/v1alpha1", "kind": "DynamoTable", "metadata": {"name": name, "namespace": "default"},
            "spec": {"hashKey": {"name": "id", "type": "S"}}}
