#!/usr/bin/env bash
# `python-keycloak` from PyPI, unmodified, in a virtual environment of its own.
#     BASE=http://localhost:8080 ADMIN=admin PASSWORD=... tests/clients/python/run.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python=$("$here/../../../.ci/python" clients "$here/requirements.txt")
cd "$here"
PYTHONDONTWRITEBYTECODE=1 "$python" -m unittest
