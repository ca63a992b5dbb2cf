"""Workflows as graphs: built from their steps, and drawn as Mermaid, DOT, SVG and text."""

from savant.runtime.graphs.build import graph_of
from savant.runtime.graphs.draw import DRAWINGS, draw

__all__ = ["DRAWINGS", "draw", "graph_of"]
