"""Run a command of the template in the folder of a service: `python3 updating COMMAND …`."""

import sys
from pathlib import Path

_TEMPLATE = Path(__file__).resolve().parents[1]
# In place of this folder: the packages `updating`, and `shipshape`, which services have too.
sys.path[:1] = [str(_TEMPLATE), str(_TEMPLATE / "template" / ".shipshape")]

from updating.command_line import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
