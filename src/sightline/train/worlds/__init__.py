"""Procedural worlds: images with an exact symbolic state, so that every question, call and answer is exact.

Randomness is a `numpy.random.Generator` that the caller passes in: the same seed gives the same bytes.
`split` is `"train"` or `"heldout"`; what is held out (pairs, layouts, wordings) is not trained on.
"""
