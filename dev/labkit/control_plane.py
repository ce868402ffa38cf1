"""etcd, kube-apiserver and kube-controller-manager: enough of Kubernetes for RBAC, admission, namespaces and garbage collection.

There is no scheduler and no kubelet: pods stay Pending, and the operator runs as a process with a kubeconfig.
"""

import json
import pathlib
import secrets
import ssl
import subprocess
import time
import urllib.error
import urllib.request

from labkit import toolchain
from labkit.processes import LOOPBACK, LabError, clean_env, free_ports

ADMIN, MANAGER = "lab-admin", "system:kube-controller-manager"
NAMESPACE = "awsdb-system"
READY_SECONDS = 60
CONTROLLERS = ("namespace-controller", "garbage-collector-controller", "serviceaccount-controller",
               "clusterrole-aggregation-controller", "validatingadmissionpolicy-status-controller")
# Who wrote what, for tests that assert how many writes a reconcile costs. Reads would only swell the file.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
    "rules": [{"level": "None", "verbs": ["get", "list", "watch"]},
              {"level": "None", "users": ["system:apiserver", MANAGER]},
              {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
              {"level": "Metadata"}],
}


class ControlPlane:
    """Files in `state` (removed with the lab), processes in `processes`."""

    def __init__(self, home, processes):
        self.home, self.state, self.processes = home, home / "state", processes
        self.etcd_port, self.etcd_peer_port, self.port = free_ports(3)
        self.server = f"https://{LOOPBACK}:{self.port}"
        self.ca = self.state / "certs" / "apiserver.crt"
        self.admin_token = self.state / "admin.token"
        self.admin_kubeconfig = home / "admin.kubeconfig"
        self.audit_log = home / "audit.log"

    def start(self):
        self._write_credentials()
        self._start_etcd()
        self._start_apiserver()
        self._wait_ready()
        self._start_controller_manager()
        self.kubectl("create", "namespace", NAMESPACE)

    def kubectl(self, *arguments, **options):
        return kubectl(self.admin_kubeconfig, *arguments, **options)

    def _write_credentials(self):
        tokens = {user: secrets.token_hex(16) for user in (ADMIN, MANAGER)}
        private(self.admin_token, tokens[ADMIN])
        private(self.state / "tokens.csv", f'{tokens[ADMIN]},{ADMIN},{ADMIN},"system:masters"\n{tokens[MANAGER]},{MANAGER},{MANAGER}\n')
        private(self.state / "audit-policy.json", json.dumps(AUDIT_POLICY))
        write_kubeconfig(self.admin_kubeconfig, self.server, self.ca, {"token": tokens[ADMIN]})
        write_kubeconfig(self.state / "manager.kubeconfig", self.server, self.ca, {"token": tokens[MANAGER]})
        # Python has no RSA of its own, the emulator's environment has, and openssl may be missing.
        key = subprocess.run([toolchain.venv_python(), "-c", GENERATE_KEY], env=clean_env(), check=True, stdout=subprocess.PIPE, text=True)
        private(self.state / "service-account.key", key.stdout)

    def _start_etcd(self):
        client, peer = (f"http://{LOOPBACK}:{port}" for port in (self.etcd_port, self.etcd_peer_port))
        self.processes.start("etcd", [
            toolchain.binary("etcd"), "--name=lab", f"--data-dir={self.state / 'etcd'}", "--unsafe-no-fsync", "--log-level=warn",
            f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=lab={peer}"])

    def _start_apiserver(self):
        key = self.state / "service-account.key"
        self.processes.start("kube-apiserver", [
            toolchain.binary("kube-apiserver"), f"--etcd-servers=http://{LOOPBACK}:{self.etcd_port}",
            # The addresses are given because the search for one fails on a machine without network.
            f"--bind-address={LOOPBACK}", f"--advertise-address={LOOPBACK}", f"--secure-port={self.port}", "--endpoint-reconciler-type=none",
            f"--cert-dir={self.ca.parent}", f"--token-auth-file={self.state / 'tokens.csv'}", "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24", "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
            f"--audit-policy-file={self.state / 'audit-policy.json'}", f"--audit-log-path={self.audit_log}",
            # A stopping lab has nobody to wait for.
            "--shutdown-delay-duration=0s", "--shutdown-send-retry-after=true"])

    def _start_controller_manager(self):
        self.processes.start("kube-controller-manager", [
            toolchain.binary("kube-controller-manager"), f"--kubeconfig={self.state / 'manager.kubeconfig'}", "--secure-port=0",
            f"--bind-address={LOOPBACK}", "--leader-elect=false", f"--controllers={','.join(CONTROLLERS)}",
            "--use-service-account-credentials", f"--service-account-private-key-file={self.state / 'service-account.key'}"])

    def _wait_ready(self):
        request = urllib.request.Request(f"{self.server}/readyz", headers={"Authorization": f"Bearer {self.admin_token.read_text()}"})
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            for name in ("etcd", "kube-apiserver"):
                ended(self.processes, name)
            try:
                if self.ca.exists() and opener(self.ca).open(request, timeout=2).status == 200:
                    return
            except (OSError, urllib.error.URLError, ssl.SSLError):
                pass
            time.sleep(0.1)
        raise LabError(f"kube-apiserver was not ready after {READY_SECONDS} s:\n{self.processes.log_tail('kube-apiserver')}")


GENERATE_KEY = """
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
print(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()).decode())
"""


def opener(ca):
    """HTTPS with the server's own certificate as authority, and past any proxy of the machine."""
    context = ssl.create_default_context(cafile=str(ca))
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))


def ended(processes, name):
    """A process that ended while it was waited for will not come any more: say why at once."""
    if not processes.running(name):
        raise LabError(f"{name} ended while starting:\n{processes.log_tail(name)}")


def private(path, text):
    path.touch(mode=0o600)
    path.write_text(text)


def write_kubeconfig(path, server, ca, user):
    private(path, json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "lab",
        "clusters": [{"name": "lab", "cluster": {"server": server, "certificate-authority": str(ca)}}],
        "users": [{"name": "lab", "user": user}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
    }, indent=1))


def kubectl(kubeconfig, *arguments, stdin=None):
    """kubectl's output; LabError with its words when it fails."""
    command = [str(toolchain.binary("kubectl")), f"--kubeconfig={kubeconfig}", *(str(argument) for argument in arguments)]
    # Its discovery cache is kept by address: in the user's home, a later lab on the same port would find stale answers.
    cache = pathlib.Path(kubeconfig).parent / "state" / "kubectl-cache"
    answer = subprocess.run(command, input=stdin, env=clean_env(KUBECACHEDIR=str(cache)), capture_output=True, text=True)
    if answer.returncode != 0:
        raise LabError(f"kubectl {' '.join(str(argument) for argument in arguments)} failed: {answer.stderr.strip()}")
    return answer.stdout
