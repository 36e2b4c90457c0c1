"""Descriptors: the documents a node and a credential type are made of, and what can be asked of them."""
