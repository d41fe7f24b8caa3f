"""The faulty service with what no setting changes: `python -m tests.chassis.altered`.

HEAD_SECONDS is its patience with the head of a request, SECONDS_UNWATCHED how long it does not
look whether a client is still there, STDOUT the file that its log goes to.
"""

import os

from orders.chassis import (
    connection,
    read_settings,
    requests,
    run,
)
from orders.settings import Settings

from .faulty import application

if seconds := os.environ.get("HEAD_SECONDS"):
    connection.HEAD_SECONDS = float(seconds)
if seconds := os.environ.get("SECONDS_UNWATCHED"):
    requests._SECONDS_UNWATCHED = float(seconds)
if path := os.environ.get("STDOUT"):
    os.dup2(os.open(path, os.O_WRONLY), 1)
settings = read_settings(Settings)
run(settings, application(settings))
