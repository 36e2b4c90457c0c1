"""Where credentials are kept: environment, plain and encrypted file, keyring; and the chain that asks them in turn."""
