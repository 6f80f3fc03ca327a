"""fhirsnake over the folder `resources` of the current folder, on a loopback port; ends when standard input closes.

    python serve_fhirsnake.py PORT
"""

import importlib.util
import logging
import os
import sys
import threading

import uvicorn

# The package imports its own parts as if it were the folder that is run.
sys.path.insert(0, importlib.util.find_spec("fhirsnake").submodule_search_locations[0])


def until_nobody_speaks():
    sys.stdin.read()
    os._exit(0)


# It tells every request.
logging.disable(logging.WARNING)
threading.Thread(target=until_nobody_speaks, daemon=True).start()
print(f"listening {sys.argv[1]}", flush=True)
uvicorn.run("main:app", host="127.0.0.1", port=int(sys.argv[1]), log_level="error", timeout_keep_alive=60)
