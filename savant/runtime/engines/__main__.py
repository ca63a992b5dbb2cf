"""Writes the reference of the built-in engines."""

import sys

from savant.runtime.engines.catalog import reference

sys.stdout.write(reference())
