"""Plans: one operation compiled for many items. Item in, requests out; answers in, items out; no socket anywhere."""
