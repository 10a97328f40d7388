#!/usr/bin/env python3
"""k-means of 1 million rows of 4 features, k = 8, 20 rounds from the same starts: vibe.kmeans against scikit-learn.

One SQL call against scikit-learn (lloyd, 2 threads) with its rows fetched by a binary COPY; then the kernel alone against
both scikit-learns on rows that are in memory already. All tools may use two threads.
"""
import ctypes
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["OMP_NUM_THREADS"] = "2"

import numpy as np  # noqa: E402
from sklearn.cluster import KMeans  # noqa: E402

from measure import connect, fill, scaled  # noqa: E402

ROWS = scaled(1_000_000)
K, FEATURES, ROUNDS = 8, 4, 20
EXTENSION = pathlib.Path(__file__).resolve().parents[2] / "extension"

connection = connect()
# Eight heaps that run into one another, so that no tool is done before 20 rounds.
NOISE = "((hashint8extended(i, {0}) & 1048575) + (hashint8extended(i, {0} + 4) & 1048575)) / 1048576.0::float8"
fill(connection, f"{ROWS} rows of features", [
    "create table features (id int8, a float8, b float8, c float8, d float8)",
    f"""insert into features select i,
            2 * {NOISE.format(1)} + (i & 1), 2 * {NOISE.format(2)} + (i >> 1 & 1),
            2 * {NOISE.format(3)} + (i >> 2 & 1), 3 * {NOISE.format(4)}
        from generate_series(1, {ROWS}) as i""",
    "vacuum (analyze) features",
])
START = connection.execute(f"select a, b, c, d from features where id <= {K} order by id").fetchall()
OPTIONS = json.dumps({"start": START, "max_iterations": ROUNDS, "tolerance": 0})


def ours():
    """One SQL call: centroids and sizes."""
    query = "select (m).centroids, (m).sizes, (m).iterations from (select vibe.kmeans(%s, %s::jsonb, a, b, c, d) as m from features) as f"
    centroids, sizes, rounds = connection.execute(query, [K, OPTIONS]).fetchone()
    return np.array(centroids), np.array(sizes), rounds


def fetch():
    """The rows as the quickest door of PostgreSQL gives them: a binary COPY has 2 + 4 * 12 bytes a row behind its head of 19."""
    with connection.cursor().copy("copy (select a, b, c, d from features) to stdout (format binary)") as copy:
        data = b"".join(copy)
    field = [("length", ">i4"), ("value", ">f8")]
    rows = np.frombuffer(data, dtype=[("fields", ">i2"), ("columns", field, FEATURES)], count=ROWS, offset=19)
    return np.ascontiguousarray(rows["columns"]["value"].astype(np.float64))


def in_order(centroids, sizes, rounds):
    """Clusters in ascending order of their centroids, as vibe numbers them."""
    order = np.lexsort(centroids.T[::-1])
    return centroids[order], np.asarray(sizes)[order], rounds


def fitted(estimator):
    """A function of rows that fits them by an estimator class of scikit-learn's interface."""
    def fit(rows):
        model = estimator(K, init=np.array(START), n_init=1, max_iter=ROUNDS, tol=0, algorithm="lloyd").fit(rows)
        return in_order(model.cluster_centers_, np.bincount(model.labels_, minlength=K), model.n_iter_)
    return fit


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


def kernel_alone(rows):
    """A function that runs the kernel on these rows, as the extension's object file has it, outside of PostgreSQL."""
    place = tempfile.mkdtemp()
    library = f"{place}/kernels.so"
    subprocess.run(["cc", "-shared", "-o", library, str(EXTENSION / "kernels.o"), "-lm", "-lpthread"], check=True)
    entry = ctypes.CDLL(library).ks_kmeans
    # One chunk: its head (next, count, capacity), then the rows.
    chunk = np.concatenate([np.array([0, len(rows), len(rows)], dtype=np.int64).view(np.float64), rows.ravel()])
    start, down = np.array(START), ctypes.c_int(0)
    limits = Limits(ctypes.addressof(down), ctypes.addressof(down), 8 << 30, 2)

    def run():
        centroids, shift, scale, weights = np.empty((K, FEATURES)), np.empty(FEATURES), np.empty(FEATURES), np.empty(K)
        sizes = np.empty(K, dtype=np.int64)
        task = Task(FEATURES, K, 0, 0, ROUNDS, 1, 0, 0.0, start.ctypes.data)
        result = Result(*(array.ctypes.data for array in (centroids, sizes, weights, shift, scale)))
        status = entry(chunk.ctypes.data_as(ctypes.c_void_p), ctypes.byref(task), ctypes.byref(limits), ctypes.byref(result))
        if status != 0:
            raise SystemExit(f"ks_kmeans: status {status}")
        return centroids, sizes, result.iterations
    return run


def compare(title, ours, others, targets, rounds=7):
    """As measure.compare, for functions whose answers may differ by rounding."""
    times = {name: [] for name in ["ours", *others]}
    ours()
    for _ in range(rounds):
        answers = {}
        for name, function in {"ours": ours, **others}.items():
            began = time.perf_counter()
            answers[name] = function()
            times[name].append(time.perf_counter() - began)
        for name, (centroids, sizes, done) in answers.items():
            mine = answers["ours"]
            if done != ROUNDS or np.abs(centroids - mine[0]).max() > 1e-6 or (sizes != mine[1]).any():
                raise SystemExit(f"{title}: answers differ\n   ours: {mine}\n   {name}: {(centroids, sizes, done)}")
    medians = {name: statistics.median(all_) for name, all_ in times.items()}
    good = True
    for name, target in targets.items():
        ratio = medians[name] / medians["ours"]
        good &= target is None or ratio >= target
        verdict = "report only" if target is None else f"target {target}: {'ok' if ratio >= target else 'BELOW'}"
        print(f"   {title}: {ratio:.2f} times as fast as {name} ({verdict}); {medians['ours']:.3f} s to {medians[name]:.3f} s", flush=True)
    return good


good = True
rows = fetch()
peers = {"scikit-learn": fitted(KMeans)}
try:
    from sklearnex.cluster import KMeans as IntelKMeans
    peers["scikit-learn-intelex"] = fitted(IntelKMeans)
except ImportError:
    print("   scikit-learn-intelex is not installed")
fetching = {f"{name} with the fetch": lambda fit=fit: fit(fetch()) for name, fit in peers.items()}
connection.execute("set vibe.kernel_threads = 2")
for workers in (0, 2):
    connection.execute(f"set max_parallel_workers_per_gather = {workers}")
    targets = {name: 2 if name == "scikit-learn with the fetch" and workers == 0 else None for name in fetching}
    good &= compare(f"k-means in one SQL call, {workers} workers", ours, fetching, targets)
resident = {f"{name} in memory": lambda fit=fit: fit(rows) for name, fit in peers.items()}
good &= compare("kernel alone", kernel_alone(rows), resident, {name: 2.5 if name == "scikit-learn in memory" else None for name in resident})
sys.exit(not good)
