"""Loads a script of ci, which has no .py at its end, as a module."""

import importlib.machinery
import importlib.util
import pathlib
import sys

CI = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CI))
# A compiled copy of a script would stand beside it, as `autobahnc`.
sys.dont_write_bytecode = True


def load(name):
    loader = importlib.machinery.SourceFileLoader(f"script_{name.replace('-', '_')}", str(CI / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module
