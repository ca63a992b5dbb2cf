"""Indexing: which files a repository has, what is in them, and the words by which they are found."""
