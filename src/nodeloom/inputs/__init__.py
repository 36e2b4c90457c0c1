"""Where items come from: files, CSV, JSON, tables, any iterable; all of it as plain JSON, within limits."""
