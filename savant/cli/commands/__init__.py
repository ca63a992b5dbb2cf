"""One module for each command; each has an `app`."""
