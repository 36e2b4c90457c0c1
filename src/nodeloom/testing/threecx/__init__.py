"""The part of the sandbox that is 3CX: its entity sets and its token endpoint (`tokenendpoint`).

Website Links are declared by hand (`weblinks`), everything else comes out of 3CX's own file: `generate` compiles it
(with `declaredtypes`), `servicecatalogue` reads what it made, `synthetic` and `results` fill it, and `behaviours` is
what some operations do beyond answering.
"""
