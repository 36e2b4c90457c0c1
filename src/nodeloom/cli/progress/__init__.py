"""What standard error shows while a run goes on."""
