"""The tools: one file a skill, one contract (`base`), and a registry that is a dict."""
