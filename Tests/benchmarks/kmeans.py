#!/usr/bin/env python3
"""k-means of a million points of 4 features, k = 8, 20 rounds from the same starts: vibe.kmeans against scikit-learn.

One SQL call against scikit-learn (lloyd, 2 threads) with its rows fetched by a binary COPY; then the kernel alone, as the
extension's object file has it, against both on rows in memory. All may use two threads; centroids must agree to 1e-6.
"""
import ctypes
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from measure import compare, connect
from peers import THREADS, Apart, fetch_floats
from shape import features

K, FEATURES, ROUNDS = 8, 4, 20
EXTENSION = pathlib.Path(__file__).resolve().parents[2] / "extension"
SELECT = "select a, b, c, d from features"

connection = connect()
features(connection)
START = [list(row) for row in connection.execute(f"{SELECT} where id <= {K} order by id").fetchall()]
OPTIONS = json.dumps({"start": START, "max_iterations": ROUNDS, "tolerance": 0})
OURS = f"select (m).centroids, (m).sizes, (m).iterations from (select vibe.kmeans({K}, '{OPTIONS}', a, b, c, d) as m from features) as f"


def rounded(answer):
    """Clusters in ascending order of their centroids, as vibe numbers them, to a millionth."""
    centroids, sizes, rounds = answer[0]
    return sorted(([round(float(x), 6) for x in c], int(n)) for c, n in zip(centroids, sizes)), int(rounds)


def estimator(package):
    """scikit-learn's KMeans, or another with its interface; imported where it is called."""
    os.environ["OMP_NUM_THREADS"] = str(THREADS)
    return __import__(f"{package}.cluster", fromlist=["KMeans"]).KMeans


def fitted(kmeans, rows):
    import numpy

    model = kmeans(K, init=numpy.array(START), n_init=1, max_iter=ROUNDS, tol=0, algorithm="lloyd").fit(rows)
    return [(model.cluster_centers_, numpy.bincount(model.labels_, minlength=K), model.n_iter_)]


def with_fetch(package):
    return Apart(lambda: estimator(package), lambda kmeans: fitted(kmeans, fetch_floats(SELECT)))


def in_memory(package):
    return Apart(lambda: (estimator(package), fetch_floats(SELECT)), lambda prepared: fitted(*prepared))


class Task(ctypes.Structure):
    """ks_kmeans_task of kernels.h."""
    _fields_ = [(name, ctypes.c_int32) for name in ("features", "k", "normalisation", "weighted", "max_iterations", "restarts")] + [
        ("seed", ctypes.c_uint64), ("tolerance", ctypes.c_double), ("start", ctypes.c_void_p)]


class Result(ctypes.Structure):
    """ks_kmeans_result of kernels.h."""
    _fields_ = [(name, ctypes.c_void_p) for name in ("centroids", "sizes", "weights", "shift", "scale")] + [
        ("inertia", ctypes.c_double)] + [(name, ctypes.c_int32) for name in ("clusters", "iterations", "converged")]


class Limits(ctypes.Structure):
    """ks_limits of kernels.h."""
    _fields_ = [("stop", ctypes.c_void_p), ("stop_too", ctypes.c_void_p), ("memory", ctypes.c_int64), ("threads", ctypes.c_int32)]


def load_kernel():
    import numpy

    with tempfile.TemporaryDirectory() as place:
        library = f"{place}/kernels.so"
        subprocess.run(["cc", "-shared", "-o", library, str(EXTENSION / "kernels.o"), "-lm", "-lpthread"], check=True)
        entry = ctypes.CDLL(library).ks_kmeans
    rows = fetch_floats(SELECT)
    # One chunk: its head (next, count, capacity), then the rows.
    return entry, numpy.concatenate([numpy.array([0, len(rows), len(rows)], dtype="i8").view("f8"), rows.ravel()])


def run_kernel(prepared):
    import numpy

    entry, chunk = prepared
    start, down = numpy.array(START), ctypes.c_int(0)
    centroids, sizes = numpy.empty((K, FEATURES)), numpy.empty(K, dtype="i8")
    others = [numpy.empty(K), numpy.empty(FEATURES), numpy.empty(FEATURES)]
    limits = Limits(ctypes.addressof(down), ctypes.addressof(down), 8 << 30, THREADS)
    task = Task(FEATURES, K, 0, 0, ROUNDS, 1, 0, 0.0, start.ctypes.data)
    result = Result(*(array.ctypes.data for array in (centroids, sizes, *others)))
    status = entry(chunk.ctypes.data_as(ctypes.c_void_p), ctypes.byref(task), ctypes.byref(limits), ctypes.byref(result))
    if status != 0:
        raise RuntimeError(f"ks_kmeans: status {status}")
    return [(centroids, sizes, result.iterations)]


good = True
connection.execute(f"set vibe.kernel_threads = {THREADS}")
peers = {"scikit-learn with the fetch": with_fetch("sklearn"), "scikit-learn-intelex with the fetch": with_fetch("sklearnex")}
for workers in (0, 2):
    connection.execute(f"set max_parallel_workers_per_gather = {workers}")
    good &= compare(connection, f"k-means in one SQL call, {workers} workers", OURS, peers,
                    targets={"scikit-learn with the fetch": 2, "scikit-learn-intelex with the fetch": None}, normalise=rounded)
good &= compare(connection, "kernel alone", Apart(load_kernel, run_kernel),
                {"scikit-learn in memory": in_memory("sklearn"), "scikit-learn-intelex in memory": in_memory("sklearnex")},
                targets={"scikit-learn in memory": 2.5, "scikit-learn-intelex in memory": None}, normalise=rounded)
sys.exit(not good)
