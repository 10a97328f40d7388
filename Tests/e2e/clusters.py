"""Clusters of their own, for tests that kill PostgreSQL or give it another clock."""
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile

import pytest

from conftest import ROOT


@contextlib.contextmanager
def own_cluster(**settings):
    """Makes, starts and at the end removes a cluster with these settings of .dev/cluster: (environment, control).

    The environment leads psql there; control("stop"), control("start", NAME=value…) are .dev/cluster's commands for it.
    """
    place = tempfile.mkdtemp(prefix="vibe-own-", dir="/tmp")
    os.chmod(place, 0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environment = os.environ | {
        "PG_CONFIG": os.environ["VIBE_PG_BINDIR"] + "/pg_config", "CLUSTER_AUTH": "trust", "CLUSTER_LISTEN": "",
        "CLUSTER_CRON_DATABASE": "vibe_cron", "CLUSTER_CONF": "shared_buffers = 64MB", "PGHOST": place, "PGPORT": port} | settings

    def control(command, *given, **more):
        # Its output would keep a pipe open as long as the postmaster lives.
        subprocess.run([ROOT / ".dev/cluster", command, place, *given], env=environment | more, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    try:
        control("create", port)
        yield environment, control
    finally:
        control("destroy")


def make_template(environment):
    """The databases that the test cluster starts with."""
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-f", ROOT / ".dev/template.sql"], env=environment, check=True)


def by_clock(when):
    """The setting that starts a cluster by another clock: a time, or as far from now as `+3 months`."""
    if shutil.which("faketime") is None:
        pytest.fail("faketime is missing")
    # Waiting and timeouts go by the monotonic clock, which stays true.
    return {"CLUSTER_PREFIX": f"env FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 faketime '{when}'"}
