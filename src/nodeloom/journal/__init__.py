"""The journal of a run. What is to be sent is written down first, and what became of it after; a crash loses nothing.

`journal.py` holds it together, `journaledwork.py` does the items by it, `committer.py` writes in groups, and
`journalfile.py` is the SQLite file.
"""
