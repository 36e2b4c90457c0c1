"""The part of the sandbox that is 3CX: its entity sets (`weblinks`, `defs`) and its token endpoint (`tokens`)."""
