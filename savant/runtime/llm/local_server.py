"""The child process that runs a GGUF file: `python -P local_server.py`, its orders as one JSON line on stdin.

It answers with one JSON line on stdout, `{"url": ...}` or `{"error": ...}`, and lives until its stdin ends, so it
never outlives its parent. It is a process of its own because the server, inside ours, crashes at exit while a
model is still writing, and waits up to half a minute when asked to stop. It imports nothing of Savant.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any


def main() -> None:
    answer = os.fdopen(os.dup(1), "w")
    _silence()
    orders = json.loads(sys.stdin.readline())
    try:
        server = _serve(orders)
    except RuntimeError as error:
        print(json.dumps({"error": str(error)}), file=answer, flush=True)
        os._exit(1)
    print(json.dumps({"url": server.listening_address}), file=answer, flush=True)
    sys.stdin.read()
    os._exit(0)  # not through the server's own clean-up, which would wait for what it is writing


def _silence() -> None:
    """llama.cpp writes its log where it likes; none of it is for a person at a terminal."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _serve(orders: dict[str, Any]) -> Any:
    xllamacpp: Any = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = orders["path"]
    params.model_alias = {orders["name"]}
    params.api_keys = [orders["key"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = orders["context_window"]
    params.n_parallel = 1
    params.cpuparams.n_threads = orders["threads"]
    params.cpuparams_batch.n_threads = orders["threads"]
    params.verbosity = -1
    params.warmup = False
    params.ui = False
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
