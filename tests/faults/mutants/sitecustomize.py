"""Python imports this before anything else when PYTHONPATH leads here: MUTANTS names what to break."""

import importlib
import os

for name in filter(None, os.environ.get("MUTANTS", "").split(",")):
    importlib.import_module(name)
