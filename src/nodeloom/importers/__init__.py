"""From documents made for other programs to descriptors and parameters of Nodeloom."""
