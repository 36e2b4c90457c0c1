"""OAuth 2.0: tokens of a client and of a user who signed in, fetched once and shared."""
