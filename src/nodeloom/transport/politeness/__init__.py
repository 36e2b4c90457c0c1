"""How fast a service may be asked, and how much: rate, learning from refusals, repeats, the breaker."""
