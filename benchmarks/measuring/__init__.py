"""What the benchmarks share: a loopback server, contestants in processes of their own, and what they used."""
