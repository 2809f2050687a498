"""``python -m tridentgen``, for where there is no console script."""

import sys

from tridentgen.cli import main

sys.exit(main())
