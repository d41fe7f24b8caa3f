"""Where the service and the template are."""

from pathlib import Path

from shipshape.template import COPY

ROOT = Path.cwd()
"""The service: the commands are run in its folder."""
TEMPLATE = Path(__file__).resolve().parents[1]
"""The repository that these commands are part of."""
IS_FETCHED = TEMPLATE == (ROOT / COPY).resolve()
"""Whether that is the copy in the service; adoption begins without one."""
