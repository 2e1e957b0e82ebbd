"""The model: a vision tower, a connector and a causal language model, and the dialect it speaks."""
