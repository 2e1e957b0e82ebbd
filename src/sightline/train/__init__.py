"""The making of the model: worlds, stages, one loop, losses and recipes."""
