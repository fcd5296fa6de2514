"""Started as ``python -I -S run.py EVENT CLIENT SEEN HEAD`` by ``oxtail-hook.sh``; never imported.

Small, because a file that is started is compiled at each start; the work is in
:mod:`oxtail.hooks.command`.
"""

import gc
import os
import sys

# A hook ends within milliseconds: looking for garbage, and tidying up at the end, is wasted time.
gc.disable()
# The script may have set a stricter one, and compiled modules are for every user of the package.
os.umask(0o022)
sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
from oxtail import lean  # noqa: E402

lean.install()
from oxtail.hooks.command import main  # noqa: E402

main(sys.argv[1:])
os._exit(0)
