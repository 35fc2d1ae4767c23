"""Floor 5: finished data as text, JSON, CSV and pictures. Nothing here computes."""
