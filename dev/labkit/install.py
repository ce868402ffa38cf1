"""Puts the chart's CRDs and RBAC into a lab and makes a kubeconfig of the operator's own ServiceAccount, so that a
process outside of the cluster has exactly the rights that the chart would give it."""

import re
import subprocess

from labkit import toolchain
from labkit.control_plane import NAMESPACE, kubectl, private, write_kubeconfig
from labkit.processes import LabError, clean_env

ROOT = toolchain.DEV.parent
CHART = ROOT / "charts" / "aws-database-operator"
RELEASE = "awsdb"
RBAC_KINDS = {"ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}


def operator_kubeconfig(lab):
    facts = lab.facts()
    install_crds(facts)
    install_rbac(facts)
    token = lab.home / "state" / "operator.token"
    private(token, kubectl(facts["kubeconfig"], "create", "token", RELEASE, "-n", NAMESPACE, "--duration", "24h").strip())
    target = lab.home / "operator.kubeconfig"
    # A file rather than the token itself: the client then rereads it, as it does with a mounted one.
    write_kubeconfig(target, facts["server"], facts["ca"], {"tokenFile": str(token)})
    return target


def install_crds(facts):
    crds = sorted((ROOT / "crds").glob("*.yaml"))
    if not crds:
        raise LabError("crds/ holds no CRD: run `make generate` first")
    # Server-side, because a client-side apply stores the whole CRD once more in an annotation of limited size.
    kubectl(facts["kubeconfig"], "apply", "--server-side", *(f"--filename={crd}" for crd in crds))
    kubectl(facts["kubeconfig"], "wait", "--for=condition=Established", "--timeout=30s", *(f"--filename={crd}" for crd in crds))


def install_rbac(facts):
    documents = re.split(r"^---$", render(), flags=re.M)
    rbac = [text for text in documents if set(re.findall(r"^kind: (\S+)$", text, re.M)) & RBAC_KINDS]
    kubectl(facts["kubeconfig"], "apply", "--server-side", "--filename=-", stdin="---\n".join(rbac))


def render():
    command = [str(toolchain.binary("helm")), "template", RELEASE, str(CHART), "-n", NAMESPACE,
               "--set", "installation=demo", "--set", "region=us-east-1"]
    answer = subprocess.run(command, env=clean_env(), capture_output=True, text=True)
    if answer.returncode != 0:
        raise LabError(f"helm template failed: {answer.stderr.strip()}")
    return answer.stdout
