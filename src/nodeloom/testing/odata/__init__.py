"""A small, strict OData v4 service over entity sets that are declared as data (`declarations`), kept in memory.

`literals` and `paths` read keys and function arguments, `filters` reads `$filter`, `query` the other query
options, `bodychecks` checks JSON bodies against the declared fields, `store` keeps entities and their ETags, and
`service` puts a request through them. No module here opens a socket.
"""
