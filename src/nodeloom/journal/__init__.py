"""The journal of a run: what is to be sent is written down before, what became of it after; a crash loses nothing.

journal.py holds it together, work.py does the items by it, committer.py writes in groups, file.py is the SQLite file.
"""
