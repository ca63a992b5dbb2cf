"""How fast Savant is, as ratios to the same work written by hand; `make bench` runs all of it."""
